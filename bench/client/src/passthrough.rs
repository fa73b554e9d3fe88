//! Moving events exactly once and doing nothing with them: the floor under every program on this client library.

use std::time::{Duration, Instant};

use clap::Args;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::cluster::{CALL, Cluster, EVENTS, Failure, PARTITIONS, bar, per_second};

const TO: &str = "bench.passthrough";
const COMMIT_RECORDS: u64 = 20_000;

#[derive(Args)]
pub(crate) struct PassthroughArgs {
    /// Events to move.
    #[arg(long, default_value_t = 2_000_000)]
    events: u64,
}

pub(crate) fn run(cluster: &Cluster, args: &PassthroughArgs) -> Result<Value, Failure> {
    let consumer: BaseConsumer = cluster
        .config()
        .set("group.id", "bench.passthrough")
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "earliest")
        .set("fetch.wait.max.ms", "50")
        .set("fetch.queue.backoff.ms", "5")
        .set("queued.max.messages.kbytes", "16384")
        .create()?;
    let producer: ThreadedProducer<DefaultProducerContext> = cluster
        .config()
        .set("transactional.id", "bench.passthrough")
        .set("linger.ms", "5")
        .set("batch.size", "262144")
        .set("compression.type", "lz4")
        .set("retry.backoff.ms", "2")
        .set("queue.buffering.max.messages", "500000")
        .set("queue.buffering.max.kbytes", "262144")
        .set("delivery.report.only.error", "true")
        .create()?;
    producer.init_transactions(CALL)?;
    consumer.subscribe(&[EVENTS])?;
    let bar = bar("events moved", args.events);
    let mut moved = 0;
    let mut begun = Instant::now();
    while moved < args.events {
        let now = transaction(&consumer, &producer, (args.events - moved).min(COMMIT_RECORDS))?;
        if moved == 0 {
            begun = Instant::now();
        }
        moved += now;
        bar.set_position(moved);
    }
    bar.finish_and_clear();
    let per_million = cpu_s()? * 1e6 / f64::from(u32::try_from(moved)?);
    Ok(json!({"events": moved, "per_second": per_second(moved, begun), "cpu_s_per_million": per_million}))
}

/// The processor time that this process has used, in seconds.
fn cpu_s() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    Ok(ticks.sum::<f64>() / 100.0)
}

fn transaction(
    consumer: &BaseConsumer,
    producer: &ThreadedProducer<DefaultProducerContext>,
    most: u64,
) -> Result<u64, Failure> {
    producer.begin_transaction()?;
    let mut moved = 0;
    let mut next = [None::<i64>; PARTITIONS as usize];
    let begun = Instant::now();
    while moved < most && begun.elapsed() < CALL * 3 {
        let Some(message) = consumer.poll(Duration::from_millis(100)) else { continue };
        let message = message?;
        pass(producer, &message)?;
        if let Some(next) = next.get_mut(usize::try_from(message.partition())?) {
            *next = Some(message.offset() + 1);
        }
        moved += 1;
    }
    if moved == 0 {
        return Err("no event comes; was the topic loaded?".into());
    }
    let mut offsets = TopicPartitionList::new();
    for (partition, next) in (0..).zip(next) {
        if let Some(next) = next {
            offsets.add_partition_offset(EVENTS, partition, Offset::Offset(next))?;
        }
    }
    let group = consumer.group_metadata().ok_or("the consumer has no group")?;
    producer.send_offsets_to_transaction(&offsets, &group, CALL)?;
    producer.commit_transaction(CALL)?;
    Ok(moved)
}

fn pass(producer: &ThreadedProducer<DefaultProducerContext>, message: &BorrowedMessage<'_>) -> Result<(), Failure> {
    let mut record = BaseRecord::<[u8], [u8]>::to(TO)
        .partition(message.partition())
        .key(message.key().unwrap_or_default())
        .payload(message.payload().unwrap_or_default());
    if let Some(headers) = message.headers() {
        record = record.headers(headers.detach());
    }
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                std::thread::sleep(Duration::from_millis(1));
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}
