//! Connections: where the cluster is, how its topics are called, and what can go wrong with it.

use std::time::Duration;

use kefu_contracts::topic::TopicInfo;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::clock;

/// How long a call to the broker may take before it counts as away.
pub(crate) const CALL: Duration = Duration::from_secs(10);

/// The longest record that kefu writes, and that its topics take: more than inputs may have, so that each of them fits
/// a dead letter, and more than a processor's states and values may have.
pub(crate) const RECORD_BYTES_MAX: &str = "8388608";

/// Longest time to wait for a transaction of a partition's last owner to end; the broker aborts it before.
pub(crate) const SETTLING: Duration = Duration::from_secs(60);

/// The broker, Redis or a record on the way between them failed.
#[derive(Debug, thiserror::Error)]
pub enum KafkaError {
    /// A client could not be made or a call failed.
    #[error("kafka: {0}")]
    Kafka(#[from] rdkafka::error::KafkaError),
    /// A call failed for good.
    #[error("kafka: {0}")]
    Fatal(String),
    /// Another process took this one's place.
    #[error(
        "another process runs as instance `{0}`, or this one stood still until its transaction was given up: give each \
         process its own --instance (the setting kafka.instance), or start this one again"
    )]
    Fenced(String),
    /// Redis failed.
    #[error("redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// A state cannot be used.
    #[error("{stage}: {error}")]
    State {
        /// The stage.
        stage: String,
        /// What was wrong.
        error: kefu_processor::state::StateError,
    },
    /// The cluster is not set up for kefu.
    #[error("{0}")]
    SetUp(String),
    /// It was told to end while it waited.
    #[error("it was told to end while something was away")]
    Stopped,
    /// A thread cannot be had.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// Where the cluster is, and how its topics are called.
#[derive(Clone, Debug)]
pub struct Connection {
    /// `host:port`, separated by commas.
    pub bootstrap: String,
    /// Prefix of every topic and group.
    pub prefix: String,
    /// Further librdkafka settings, by their own names; see [`check_property`](super::check_property).
    pub properties: Vec<(String, String)>,
}

impl Connection {
    /// The full name of a topic.
    pub fn topic(&self, info: &TopicInfo) -> String {
        self.topic_named(info.name)
    }

    /// The full name of the topic called `name` in the catalogue.
    pub fn topic_named(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The name in the catalogue of the topic called `full` in the cluster.
    pub fn without_prefix<'t>(&self, full: &'t str) -> &'t str {
        full.strip_prefix(self.prefix.as_str()).unwrap_or(full)
    }
}

/// First and next offset of a partition. A partition that has just been made has no leader for a moment.
pub(crate) fn range(consumer: &BaseConsumer, topic: &str, partition: i32) -> Result<(i64, i64), KafkaError> {
    let begun = clock::monotonic();
    loop {
        match consumer.fetch_watermarks(topic, partition, CALL) {
            Ok(range) => return Ok(range),
            Err(error) if begun.elapsed() > CALL => return Err(error.into()),
            Err(error) => {
                tracing::debug!(topic, partition, %error, "offsets are asked for again");
                clock::rest(Duration::from_millis(50));
            }
        }
    }
}
