//! Sending events.

use std::cell::Cell;
use std::time::Instant;

use clap::Args;
use kefu_bench::generator::{Generator, Made, Schedule};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use serde_json::{Value, json};

use crate::cluster::{CALL, Cluster, EVENTS, Failure, PARTITIONS, bar, now_us, per_second};

#[derive(Args)]
pub(crate) struct LoadArgs {
    /// Conversations of ten events each.
    #[arg(long, default_value_t = 200_000)]
    conversations: u64,
    /// The number of the first conversation.
    #[arg(long, default_value_t = 0)]
    first: u64,
    #[command(flatten)]
    form: Form,
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Form {
    /// Write events without headers.
    #[arg(long)]
    pub(crate) plain: bool,
    /// The share of the events whose traces are to be exported, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) traced: f64,
}

/// Milliseconds of event time between two ticks, and ticks between two events of a conversation.
const TICK_MS: u64 = 18;
const LAG: u64 = 1_666;
/// How long ago the backlog begins.
const AGO_MS: i64 = 2 * 3_600_000;

/// Writes events to the topic that both programs read.
pub(crate) struct EventWriter {
    producer: ThreadedProducer<DefaultProducerContext>,
    form: Form,
    /// What is due of a traced event.
    traced: Cell<f64>,
}

impl EventWriter {
    pub(crate) fn new(cluster: &Cluster, linger_ms: &str, form: Form) -> Result<Self, Failure> {
        let producer = cluster
            .config()
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", linger_ms)
            .set("batch.size", "262144")
            .set("compression.type", "lz4")
            .set("queue.buffering.max.messages", "200000")
            .set("queue.buffering.max.kbytes", "131072")
            .create()?;
        Ok(Self { producer, form, traced: Cell::new(0.0) })
    }

    /// Sends an event to the partition that Java's default partitioner would choose.
    pub(crate) fn send(&self, made: &Made) -> Result<(), Failure> {
        let partitions = u32::try_from(PARTITIONS)?;
        let partition = kefu_bench::topics::EVENTS.info.partition_by.partition(&made.key, partitions);
        let mut record = BaseRecord::<str, [u8]>::to(EVENTS)
            .partition(i32::try_from(partition)?)
            .key(&made.key)
            .payload(&made.payload)
            .timestamp(made.at_ms);
        if !self.form.plain {
            record = record.headers(headers(made, self.is_traced()));
        }
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
    }

    /// Whether the next event's trace is to be exported.
    fn is_traced(&self) -> bool {
        let due = self.traced.get() + self.form.traced;
        self.traced.set(due.fract());
        due >= 1.0
    }

    pub(crate) fn flush(&self) -> Result<(), Failure> {
        self.producer.flush(CALL * 6)?;
        Ok(())
    }
}

/// The headers that whoever writes events gives them.
fn headers(made: &Made, traced: bool) -> OwnedHeaders {
    let mut traceparent = kefu_runtime::trace::fresh().header();
    if traced {
        // the flags, at the end
        traceparent.replace_range(traceparent.len() - 2.., "01");
    }
    let tenant = made.key.split('/').next().unwrap_or_default();
    [("traceparent", traceparent.as_str()), ("tenant", tenant), ("event-type", "Event")]
        .into_iter()
        .fold(OwnedHeaders::new_with_capacity(3), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value) })
        })
}

pub(crate) fn run(cluster: &Cluster, args: &LoadArgs) -> Result<Value, Failure> {
    let writer = EventWriter::new(cluster, "20", args.form)?;
    let generator = Generator::of_a_backlog();
    let schedule = Schedule { first: args.first, conversations: args.conversations, lag: LAG };
    let now_ms = now_us() / 1000;
    let begin_ms = now_ms - AGO_MS - now_ms % 60_000;
    let begun = Instant::now();
    let (mut sent, mut bytes) = (0_u64, 0_u64);
    let bar = bar("events sent", args.conversations * kefu_bench::generator::STEPS);
    for tick in 0..schedule.ticks() {
        let at_ms = begin_ms + i64::try_from(tick * TICK_MS)?;
        for (conversation, step) in schedule.at(tick) {
            let made = generator.event(conversation, step, at_ms, now_us());
            writer.send(&made)?;
            sent += 1;
            bytes += made.payload.len() as u64;
        }
        if tick % 1_000 == 0 {
            bar.set_position(sent);
        }
    }
    writer.flush()?;
    bar.finish_and_clear();
    let (rate, mean) = (per_second(sent, begun), bytes / sent.max(1));
    Ok(json!({"events": sent, "per_second": rate, "bytes_each": mean, "headers": !args.form.plain}))
}
