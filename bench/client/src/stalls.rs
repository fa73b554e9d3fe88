//! How long each partition of an output stands still while events are sent evenly.
//!
//! What happens to the service meanwhile is the caller's matter: every pause is told with the instant at which it
//! began, by the machine's clock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cluster::{CALL, Cluster, Failure, PARTITIONS, bar, ends, now_us};
use crate::load::Form;
use crate::steady::Steady;

#[derive(Args)]
pub(crate) struct StallsArgs {
    /// The case after each event.
    #[arg(long)]
    cases: String,
    /// Events a second.
    #[arg(long, default_value_t = 5_000)]
    rate: u32,
    /// Seconds for which events are sent.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    #[command(flatten)]
    form: Form,
}

/// Pauses that are shorter are not told.
const TOLD_US: i64 = 10_000;

/// A time in which nothing new was to be read in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Pause {
    partition: usize,
    /// In milliseconds since 1970.
    begin_ms: i64,
    took_ms: i64,
}

/// When something new was read of each partition last, in microseconds since 1970.
struct Seen {
    last_us: Vec<i64>,
    pauses: Vec<Pause>,
}

impl Seen {
    fn from(now_us: i64, partitions: usize) -> Self {
        Self { last_us: vec![now_us; partitions], pauses: Vec::new() }
    }

    fn record(&mut self, partition: usize, now_us: i64) {
        let Some(last_us) = self.last_us.get_mut(partition) else { return };
        let began_us = std::mem::replace(last_us, now_us);
        if now_us - began_us >= TOLD_US {
            self.pauses.push(Pause { partition, begin_ms: began_us / 1000, took_ms: (now_us - began_us) / 1000 });
        }
    }

    /// All pauses, also those that are not over.
    fn until(mut self, now_us: i64) -> Vec<Pause> {
        (0..self.last_us.len()).for_each(|partition| self.record(partition, now_us));
        self.pauses
    }
}

pub(crate) fn measure(cluster: &Cluster, args: &StallsArgs) -> Result<Value, Failure> {
    let consumer = cluster.consumer("bench.stalls", "read_committed")?;
    consumer.assign(&ends_soon(&consumer, &args.cases)?)?;
    let stop = AtomicBool::new(false);
    let steady = Steady { rate: args.rate, seconds: args.seconds, form: args.form };
    let (sent, pauses) = std::thread::scope(|scope| {
        let sender = scope.spawn(|| steady.send(cluster, &stop).map_err(|failure| failure.to_string()));
        let pauses = watch(&consumer, Duration::from_secs(args.seconds));
        stop.store(true, Ordering::Relaxed);
        (sender.join(), pauses)
    });
    let sent = sent.map_err(|_| "the sender panicked")??;
    Ok(json!({"rate": args.rate, "sent": sent, "pauses": pauses?}))
}

/// The next offsets; partitions that have just been made have no leader for a moment.
fn ends_soon(consumer: &BaseConsumer, topic: &str) -> Result<TopicPartitionList, Failure> {
    let begun = Instant::now();
    loop {
        match ends(consumer, &[topic]) {
            Err(_) if begun.elapsed() < CALL => std::thread::sleep(Duration::from_millis(100)),
            ends => return Ok(ends?),
        }
    }
}

fn watch(consumer: &BaseConsumer, time: Duration) -> Result<Vec<Pause>, Failure> {
    let mut seen = Seen::from(now_us(), usize::try_from(PARTITIONS)?);
    let begun = Instant::now();
    let bar = bar("seconds", time.as_secs());
    while begun.elapsed() < time {
        bar.set_position(begun.elapsed().as_secs());
        match consumer.poll(Duration::from_millis(50)) {
            Some(Ok(message)) => seen.record(usize::try_from(message.partition())?, now_us()),
            Some(Err(KafkaError::PartitionEOF(_))) | None => {}
            Some(Err(error)) => return Err(error.into()),
        }
    }
    bar.finish_and_clear();
    Ok(seen.until(now_us()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_told_by_its_partition_also_if_it_is_not_over() {
        let mut seen = Seen::from(1_000_000, 2);
        seen.record(0, 1_005_000);
        seen.record(0, 1_305_000);
        let pauses = seen.until(1_306_000);
        let of = |partition, begin_ms, took_ms| Pause { partition, begin_ms, took_ms };
        assert_eq!(pauses, [of(0, 1_005, 300), of(1, 1_000, 306)]);
    }
}
