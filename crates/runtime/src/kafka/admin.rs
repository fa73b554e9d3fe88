//! Topics: making them, and refusing a cluster that is not set up for kefu.

use std::collections::BTreeMap;
use std::time::Duration;

use kefu_contracts::topic::{CHANNEL_EVENTS, COMMANDS, Cleanup, DEAD_LETTERS, ORDER_EVENTS, PUBLIC, TopicInfo};
use kefu_processor::Topology;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::types::RDKafkaErrorCode;

use super::client::{CALL, Connection, KafkaError, RECORD_BYTES_MAX};
use super::progress::{LOAD, progress_topic};
use super::retry::retry_topic;
use super::tasks::changelog_name;
use crate::clock;

/// A topic as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPlan {
    /// Its full name.
    pub name: String,
    /// How many partitions.
    pub partitions: i32,
    /// Its settings.
    pub settings: Vec<(&'static str, String)>,
}

/// Every topic that the stages of `topology` need, with `partitions` partitions for those with keys.
pub fn plan(connection: &Connection, topology: &Topology, partitions: i32) -> Vec<TopicPlan> {
    let mut plans = BTreeMap::new();
    let mut add = |name: String, partitions, settings| {
        plans.insert(name.clone(), TopicPlan { name, partitions, settings });
    };
    for info in PUBLIC.iter().chain([&DEAD_LETTERS]).chain(&topology.topics()) {
        add(connection.topic(info), partitions, settings(info));
    }
    for stage in &topology.stages {
        let compact = vec![
            ("cleanup.policy", "compact".to_owned()),
            ("segment.bytes", CHANGELOG_SEGMENT.to_owned()),
            ("delete.retention.ms", FORGOTTEN_FOR.to_owned()),
            ("max.message.bytes", RECORD_BYTES_MAX.to_owned()),
        ];
        add(connection.topic_named(&changelog_name(stage)), partitions, compact);
        add(connection.topic_named(&progress_topic(stage.service)), 1, progress_settings());
        // as long as the dead letters themselves: it remembers which of them were sent back
        add(connection.topic_named(&retry_topic(stage.service)), partitions, settings(&DEAD_LETTERS));
    }
    add(connection.topic_named(&progress_topic(LOAD)), 1, progress_settings());
    plans.into_values().collect()
}

/// Small segments compact often, so a restore reads few versions of a key.
const CHANGELOG_SEGMENT: &str = "16777216";

/// How long a forgotten key stays in a changelog. A hot copy that is older than that when its partition is taken over
/// would keep the key.
const FORGOTTEN_FOR: &str = "604800000";

/// What comes from outside keeps the broker's limit, below that of dead letters.
const INPUTS: [TopicInfo; 3] = [CHANNEL_EVENTS.info, ORDER_EVENTS.info, COMMANDS.info];

fn progress_settings() -> Vec<(&'static str, String)> {
    vec![("cleanup.policy", "compact".to_owned()), ("segment.bytes", "1048576".to_owned())]
}

fn settings(info: &TopicInfo) -> Vec<(&'static str, String)> {
    let mut settings = vec![("message.timestamp.type", "LogAppendTime".to_owned())];
    if !INPUTS.iter().any(|input| input.name == info.name) {
        settings.push(("max.message.bytes", RECORD_BYTES_MAX.to_owned()));
    }
    match info.cleanup {
        Cleanup::Compact => settings.push(("cleanup.policy", "compact".to_owned())),
        Cleanup::Delete(age_ms) => {
            settings.push(("cleanup.policy", "delete".to_owned()));
            settings.push(("retention.ms", age_ms.to_string()));
        }
    }
    settings
}

/// How a cluster is made ready.
#[derive(Clone, Copy, Debug)]
pub struct ApplyOptions {
    /// Partitions of each topic with keys; by default those that are there, else [`PARTITIONS`].
    pub partitions: Option<i32>,
    /// Copies of each partition.
    pub replication: i32,
}

/// Partitions of a topic with keys in a new cluster.
pub const PARTITIONS: i32 = 12;

/// Makes the topics that are missing; gives their names.
///
/// # Errors
/// If the broker is away, refuses, or has topics with another number of partitions.
pub async fn apply_topics(
    connection: &Connection,
    topology: &Topology,
    options: ApplyOptions,
) -> Result<Vec<String>, KafkaError> {
    let before = existing(connection)?;
    let there = before.get(&connection.topic(&CHANNEL_EVENTS.info)).copied();
    if let (Some(there), Some(wanted)) = (there, options.partitions)
        && there != wanted
    {
        return Err(KafkaError::SetUp(format!(
            "the cluster has {there} partitions a topic, not {wanted}: keys would move to other partitions, away from \
             their states; leave out --partitions"
        )));
    }
    let plans = plan(connection, topology, there.or(options.partitions).unwrap_or(PARTITIONS));
    check(&plans, &before, false)?;
    let missing: Vec<&TopicPlan> = plans.iter().filter(|plan| !before.contains_key(&plan.name)).collect();
    create(connection, &missing, options.replication).await?;
    let begun = clock::monotonic();
    // brokers learn of a new topic one after the other
    while begun.elapsed() < CALL && check(&plans, &existing(connection)?, true).is_err() {
        clock::rest(Duration::from_millis(50));
    }
    Ok(missing.into_iter().map(|plan| plan.name.clone()).collect())
}

async fn create(connection: &Connection, plans: &[&TopicPlan], replication: i32) -> Result<(), KafkaError> {
    if plans.is_empty() {
        return Ok(());
    }
    let admin: AdminClient<DefaultClientContext> = connection.config().create()?;
    // an acknowledged record is on two brokers at least where there are three
    let in_sync = if replication >= 3 { "2" } else { "1" };
    let new = plans.iter().map(|plan| {
        let topic = NewTopic::new(&plan.name, plan.partitions, TopicReplication::Fixed(replication));
        let topic = topic.set("min.insync.replicas", in_sync);
        plan.settings.iter().fold(topic, |topic, (name, value)| topic.set(name, value))
    });
    let new: Vec<NewTopic<'_>> = new.collect();
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)));
    for result in admin.create_topics(&new, &options).await? {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => {
                return Err(KafkaError::SetUp(format!("the broker did not make topic `{name}`: {code}")));
            }
        }
    }
    Ok(())
}

/// Refuses a cluster that lacks topics, or has them with other numbers of partitions.
///
/// # Errors
/// With all that is wrong, and what to do.
pub fn check_topics(connection: &Connection, topology: &Topology) -> Result<i32, KafkaError> {
    let existing = existing(connection)?;
    let lead = connection.topic(&CHANNEL_EVENTS.info);
    let Some(partitions) = existing.get(&lead).copied() else {
        return Err(KafkaError::SetUp(format!(
            "topic `{lead}` does not exist at {0}; run `kefu topics apply --kafka {0} --prefix {1}` first",
            connection.bootstrap, connection.prefix
        )));
    };
    check(&plan(connection, topology, partitions), &existing, true)?;
    Ok(partitions)
}

/// Refuses a cluster whose changelogs delete by age: they would lose states.
///
/// # Errors
/// With all that is wrong, and what to do.
pub(crate) async fn check_cleanup(connection: &Connection, topology: &Topology) -> Result<(), KafkaError> {
    let plans = plan(connection, topology, PARTITIONS);
    let admin: AdminClient<DefaultClientContext> = connection.config().create()?;
    let compact: Vec<&TopicPlan> = plans.iter().filter(|plan| plan.is_compact()).collect();
    let wanted: Vec<ResourceSpecifier<'_>> = compact.iter().map(|plan| ResourceSpecifier::Topic(&plan.name)).collect();
    let options = AdminOptions::new().request_timeout(Some(CALL));
    let mut faults = Vec::new();
    let described = admin.describe_configs(&wanted, &options).await.map_err(|error| {
        let at = &connection.bootstrap;
        KafkaError::SetUp(format!("the Kafka broker at {at} does not tell its topics' settings ({error}); try again"))
    })?;
    for (plan, found) in compact.iter().zip(described) {
        // a broker may forbid to look
        let Ok(found) = found else { continue };
        let value = |name: &str| found.get(name).and_then(|entry| entry.value.clone());
        let wanted_ms = plan.setting("delete.retention.ms").and_then(|kept| kept.parse::<u64>().ok());
        let kept_ms = value("delete.retention.ms").and_then(|kept| kept.parse::<u64>().ok());
        if let Some((wanted, kept)) = wanted_ms.zip(kept_ms).filter(|(wanted, kept)| kept < wanted) {
            faults.push(format!(
                "topic `{}` has delete.retention.ms {kept}: with a copy in Redis that is older, keys that were \
                 forgotten would come back; set it to {wanted}",
                plan.name
            ));
        }
        if let Some(policy) = value("cleanup.policy").filter(|policy| policy != "compact") {
            faults.push(format!(
                "topic `{}` has cleanup.policy `{policy}` and would lose what kefu keeps there; set it to compact",
                plan.name
            ));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(KafkaError::SetUp(faults.join("\n"))) }
}

impl TopicPlan {
    fn setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    fn is_compact(&self) -> bool {
        self.setting("cleanup.policy") == Some("compact")
    }
}

fn existing(connection: &Connection) -> Result<BTreeMap<String, i32>, KafkaError> {
    let client: BaseConsumer = connection.config().create()?;
    let metadata = client.fetch_metadata(None, CALL).map_err(|error| {
        KafkaError::SetUp(format!(
            "no Kafka broker answers at {} ({error}); check the address and that the broker runs",
            connection.bootstrap
        ))
    })?;
    let count = |length: usize| i32::try_from(length).unwrap_or(i32::MAX);
    Ok(metadata.topics().iter().map(|topic| (topic.name().to_owned(), count(topic.partitions().len()))).collect())
}

fn check(plans: &[TopicPlan], existing: &BTreeMap<String, i32>, must_exist: bool) -> Result<(), KafkaError> {
    let mut faults = Vec::new();
    for plan in plans {
        match existing.get(&plan.name) {
            Some(partitions) if *partitions == plan.partitions => {}
            Some(partitions) => faults.push(format!(
                "topic `{}` has {partitions} partitions, the others have {}: those that are read together must agree; \
                 if it is new and empty, delete it and run `kefu topics apply`",
                plan.name, plan.partitions
            )),
            None if must_exist => faults.push(format!("topic `{}` is missing; run `kefu topics apply`", plan.name)),
            None => {}
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(KafkaError::SetUp(faults.join("\n"))) }
}
