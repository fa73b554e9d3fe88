//! Where the broker is, and how it is spoken with.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

pub(crate) type Failure = Box<dyn std::error::Error>;

/// Partitions of each topic.
pub(crate) const PARTITIONS: i32 = 12;
/// What both programs read.
pub(crate) const EVENTS: &str = "bench.events";
/// How long a call may take.
pub(crate) const CALL: Duration = Duration::from_secs(10);

#[derive(Args)]
pub(crate) struct Cluster {
    /// Kafka's address, `host:port`.
    #[arg(long, default_value = "127.0.0.1:9092")]
    pub(crate) kafka: String,
}

impl Cluster {
    pub(crate) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.kafka).set("client.id", "bench").set("log.connection.close", "false");
        config
    }

    /// A consumer that belongs to no group.
    pub(crate) fn consumer(&self, group: &str, isolation: &str) -> KafkaResult<BaseConsumer> {
        self.config()
            .set("group.id", group)
            .set("isolation.level", isolation)
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("fetch.wait.max.ms", "100")
            .create()
    }
}

/// All partitions of `topics`.
pub(crate) fn partitions(topics: &[&str]) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for topic in topics {
        list.add_partition_range(topic, 0, PARTITIONS - 1);
    }
    list
}

/// The next offsets of all partitions of `topics`, in one request.
pub(crate) fn ends(consumer: &BaseConsumer, topics: &[&str]) -> KafkaResult<TopicPartitionList> {
    let mut wanted = partitions(topics);
    wanted.set_all_offsets(Offset::End)?;
    let ends = consumer.offsets_for_times(wanted, CALL)?;
    ends.elements().iter().try_for_each(rdkafka::topic_partition_list::TopicPartitionListElem::error)?;
    Ok(ends)
}

pub(crate) fn now_us() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
}

pub(crate) fn per_second(count: u64, since: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of events is below 2^52")]
    let count = count as f64;
    (count / since.elapsed().as_secs_f64()).round()
}

/// A bar on standard error; silent when it is no terminal.
pub(crate) fn bar(what: &'static str, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}") {
        bar.set_style(style);
    }
    bar.with_message(what)
}
