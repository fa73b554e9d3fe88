//! How long it takes from when an event was to be sent until what follows from it can be read.
//!
//! The instant it was to be sent is in the event and in what follows from it: waiting for a slow program or broker is
//! part of the figure.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use kefu_runtime::latency::Latencies;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Failure, bar, ends, now_us};
use crate::load::Form;
use crate::steady::Steady;
use crate::verify::{Outputs, number};

#[derive(Args)]
pub(crate) struct LatencyArgs {
    #[command(flatten)]
    outputs: Outputs,
    /// Events a second.
    #[arg(long, default_value_t = 5_000)]
    rate: u32,
    /// Seconds before anything is counted.
    #[arg(long, default_value_t = 10)]
    warm_up: u64,
    /// Seconds that are counted.
    #[arg(long, default_value_t = 40)]
    seconds: u64,
    #[command(flatten)]
    form: Form,
}

/// Where the send time is in a case, and in a window's figures.
const SENT_IN_CASE: usize = 0;
const SENT_IN_KPI: usize = 24;

/// How many there were, and their percentiles.
pub(crate) fn told(latencies: &Latencies) -> Value {
    json!({"count": latencies.count(), "percentiles": latencies.percentiles()})
}

pub(crate) fn measure(cluster: &Cluster, args: &LatencyArgs) -> Result<Value, Failure> {
    let consumer = cluster.consumer("bench.latency", "read_committed")?;
    let topics = [args.outputs.cases.as_str(), args.outputs.kpi.as_str()];
    consumer.assign(&ends(&consumer, &topics)?)?;
    let stop = AtomicBool::new(false);
    let steady = Steady { rate: args.rate, seconds: args.warm_up + args.seconds, form: args.form };
    let (sent, seen) = std::thread::scope(|scope| {
        let sender = scope.spawn(|| steady.send(cluster, &stop).map_err(|failure| failure.to_string()));
        let seen = watch(&consumer, args);
        stop.store(true, Ordering::Relaxed);
        (sender.join(), seen)
    });
    let late_ms = sent.map_err(|_| "the sender panicked")??.late_ms_max;
    let [cases, kpi] = seen?;
    Ok(json!({
        "rate": args.rate, "seconds": args.seconds, "sender_late_ms_max": late_ms,
        "cases": told(&cases), "kpi": told(&kpi),
    }))
}

fn watch(consumer: &BaseConsumer, args: &LatencyArgs) -> Result<[Latencies; 2], Failure> {
    let mut seen = [Latencies::default(), Latencies::default()];
    let begun = Instant::now();
    let all = args.warm_up + args.seconds;
    let bar = bar("seconds", all);
    while begun.elapsed().as_secs() < all {
        bar.set_position(begun.elapsed().as_secs());
        match consumer.poll(Duration::from_millis(50)) {
            Some(Ok(message)) => {
                let now = now_us();
                let (index, at) =
                    if message.topic() == args.outputs.cases { (0, SENT_IN_CASE) } else { (1, SENT_IN_KPI) };
                let sent_us = i64::try_from(number(message.payload().unwrap_or_default(), at))?;
                let took = Duration::from_micros(u64::try_from(now - sent_us).unwrap_or_default());
                if begun.elapsed().as_secs() >= args.warm_up
                    && let Some(latencies) = seen.get_mut(index)
                {
                    latencies.add(took, 1);
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) | None => {}
            Some(Err(error)) => return Err(error.into()),
        }
    }
    bar.finish_and_clear();
    Ok(seen)
}
