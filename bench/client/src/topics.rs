//! Making the topics.

use kefu_processor::Topology;
use kefu_runtime::kafka::{self, ApplyOptions, Connection};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use serde_json::{Value, json};

use crate::cluster::{Cluster, EVENTS, Failure, PARTITIONS};

/// What the Kafka Streams program writes, and the passthrough.
const PLAIN: [&str; 5] = [EVENTS, "bench.cases", "bench.classified", "bench.kpi", "bench.passthrough"];

/// Topics with the broker's defaults for those that are not kefu's: event time is the record's timestamp there.
pub(crate) fn make(cluster: &Cluster) -> Result<Value, Failure> {
    let connection = Connection { bootstrap: cluster.kafka.clone(), prefix: String::new(), properties: Vec::new() };
    let topology = Topology::new(&[kefu_bench::service()?])?;
    let admin: AdminClient<DefaultClientContext> = cluster.config().create()?;
    let plain: Vec<NewTopic<'_>> =
        PLAIN.iter().map(|name| NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(1))).collect();
    let options = ApplyOptions { partitions: Some(PARTITIONS), replication: 1 };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let made = runtime.block_on(async {
        for made in admin.create_topics(&plain, &AdminOptions::new()).await? {
            made.map_err(|(name, code)| format!("the broker did not make topic `{name}`: {code}"))?;
        }
        Ok::<_, Failure>(kafka::apply_topics(&connection, &topology, options).await?)
    })?;
    Ok(json!({"topics": PLAIN.len() + made.len()}))
}
