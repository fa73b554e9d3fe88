//! Connections: settings that every client shares.

use std::time::Duration;

use kefu_contracts::topic::TopicInfo;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::clock;

/// How long a call to the broker may take before it counts as away.
pub(crate) const CALL: Duration = Duration::from_secs(10);

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
    /// Further librdkafka settings, by their own names.
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

    /// Settings for any client.
    pub(crate) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap).set("client.id", "kefu");
        config.set("topic.metadata.refresh.interval.ms", "30000").set("log.connection.close", "false");
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config
    }

    /// Settings for a consumer that reads what was committed.
    pub(crate) fn reader(&self, isolation: &str) -> ClientConfig {
        let mut config = self.config();
        config
            .set("group.id", format!("{}kefu.reader", self.prefix))
            .set("isolation.level", isolation)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("enable.partition.eof", "true")
            .set("fetch.wait.max.ms", "50")
            .set("fetch.queue.backoff.ms", "5")
            .set("queued.max.messages.kbytes", "16384");
        config
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
