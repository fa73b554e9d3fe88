//! Topics: making them, and refusing a cluster that is not set up for kefu.

use std::collections::BTreeMap;
use std::time::Duration;

use kefu_contracts::topic::{Cleanup, DEAD_LETTERS, PUBLIC, TopicInfo};
use kefu_processor::Topology;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::types::RDKafkaErrorCode;

use super::client::{CALL, Connection, KafkaError};
use super::progress::{LOAD, progress_topic};
use super::tasks::changelog_name;

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
        let compact = vec![("cleanup.policy", "compact".to_owned()), ("segment.bytes", CHANGELOG_SEGMENT.to_owned())];
        add(connection.topic_named(&changelog_name(stage)), partitions, compact);
        add(connection.topic_named(&progress_topic(stage.service)), 1, progress_settings());
    }
    add(connection.topic_named(&progress_topic(LOAD)), 1, progress_settings());
    plans.into_values().collect()
}

/// Small segments compact often, so a restore reads few versions of a key.
const CHANGELOG_SEGMENT: &str = "16777216";

fn progress_settings() -> Vec<(&'static str, String)> {
    vec![("cleanup.policy", "compact".to_owned()), ("segment.bytes", "1048576".to_owned())]
}

fn settings(info: &TopicInfo) -> Vec<(&'static str, String)> {
    let mut settings = vec![("message.timestamp.type", "LogAppendTime".to_owned())];
    match info.cleanup {
        Cleanup::Compact => settings.push(("cleanup.policy", "compact".to_owned())),
        Cleanup::Delete(age_ms) => {
            settings.push(("cleanup.policy", "delete".to_owned()));
            settings.push(("retention.ms", age_ms.to_string()));
        }
    }
    settings
}

/// Makes the topics that are missing; gives their names.
///
/// # Errors
/// If the broker is away, refuses, or has a topic with another number of partitions.
pub async fn apply_topics(
    connection: &Connection,
    topology: &Topology,
    partitions: i32,
    replication: i32,
) -> Result<Vec<String>, KafkaError> {
    let plans = plan(connection, topology, partitions);
    let admin: AdminClient<DefaultClientContext> = connection.config().create()?;
    let existing = existing(connection)?;
    check(&plans, &existing, false)?;
    let missing: Vec<&TopicPlan> = plans.iter().filter(|plan| !existing.contains_key(&plan.name)).collect();
    let new: Vec<NewTopic<'_>> = missing
        .iter()
        .map(|plan| {
            let topic = NewTopic::new(&plan.name, plan.partitions, TopicReplication::Fixed(replication));
            plan.settings.iter().fold(topic, |topic, (name, value)| topic.set(name, value))
        })
        .collect();
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)));
    for result in admin.create_topics(&new, &options).await? {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => {
                return Err(KafkaError::SetUp(format!("the broker did not make topic `{name}`: {code}")));
            }
        }
    }
    Ok(missing.into_iter().map(|plan| plan.name.clone()).collect())
}

/// Refuses a cluster that lacks topics, or has them with other numbers of partitions.
///
/// # Errors
/// With all that is wrong, and what to do.
pub fn check_topics(connection: &Connection, topology: &Topology) -> Result<i32, KafkaError> {
    let existing = existing(connection)?;
    let lead = connection.topic(&kefu_contracts::topic::CHANNEL_EVENTS.info);
    let Some(partitions) = existing.get(&lead).copied() else {
        return Err(KafkaError::SetUp(format!(
            "topic `{lead}` does not exist at {}; run `kefu topics apply` first",
            connection.bootstrap
        )));
    };
    check(&plan(connection, topology, partitions), &existing, true)?;
    Ok(partitions)
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
                "topic `{}` has {partitions} partitions but needs {}: co-partitioned topics must agree; make it anew",
                plan.name, plan.partitions
            )),
            None if must_exist => faults.push(format!("topic `{}` is missing; run `kefu topics apply`", plan.name)),
            None => {}
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(KafkaError::SetUp(faults.join("\n"))) }
}
