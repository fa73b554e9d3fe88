//! How long all six services take: from when an event happened, which is when it was sent, until a reader of committed
//! records has the fact that follows from it.

use std::time::{Duration, Instant};

use clap::Args;
use kefu_contracts::case_event::FactKind;
use kefu_contracts::codec::Codec;
use kefu_contracts::topic::CASE_EVENTS;
use kefu_runtime::latency::Latencies;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Failure, bar, ends, now_us};
use crate::latency::told;

#[derive(Args)]
pub(crate) struct FactsArgs {
    /// Prefix of the topics' names.
    #[arg(long, default_value = "cs.")]
    prefix: String,
    /// Seconds that are counted.
    #[arg(long, default_value_t = 40)]
    seconds: u64,
}

pub(crate) fn measure(cluster: &Cluster, args: &FactsArgs) -> Result<Value, Failure> {
    let consumer = cluster.consumer("bench.facts", "read_committed")?;
    let topic = format!("{}{}", args.prefix, CASE_EVENTS.info.name);
    consumer.assign(&ends(&consumer, &[topic.as_str()])?)?;
    let codec = Codec::single_object();
    // a message is intake's alone; a verdict went to the classifier and came back
    let (mut messages, mut verdicts) = (Latencies::default(), Latencies::default());
    let begun = Instant::now();
    let bar = bar("seconds", args.seconds);
    while begun.elapsed().as_secs() < args.seconds {
        bar.set_position(begun.elapsed().as_secs());
        match consumer.poll(Duration::from_millis(50)) {
            Some(Ok(record)) => {
                let now = now_us();
                let fact = CASE_EVENTS.decode(&codec, record.payload().unwrap_or_default())?;
                let took = Duration::from_micros(u64::try_from(now - fact.at.ms() * 1000).unwrap_or_default());
                match fact.kind {
                    FactKind::CustomerMessage => messages.add(took, 1),
                    FactKind::Classified => verdicts.add(took, 1),
                    _ => {}
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) | None => {}
            Some(Err(error)) => return Err(error.into()),
        }
    }
    bar.finish_and_clear();
    Ok(json!({"messages": told(&messages), "verdicts": told(&verdicts)}))
}
