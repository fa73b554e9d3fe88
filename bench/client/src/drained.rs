//! Waiting until a group has read everything.

use std::time::{Duration, Instant};

use clap::Args;
use rdkafka::consumer::Consumer;
use rdkafka::{Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::cluster::{CALL, Cluster, EVENTS, Failure, bar, ends, partitions};

const PERIOD: Duration = Duration::from_millis(200);

#[derive(Args)]
pub(crate) struct DrainedArgs {
    /// The group.
    #[arg(long)]
    group: String,
    /// The topic within the service that it must have read too.
    #[arg(long)]
    repartition: Option<String>,
    /// Seconds after which it is no use to wait longer.
    #[arg(long, default_value_t = 300)]
    limit: u64,
}

/// How far the group is, and where it has to come to.
struct Lag {
    events_done: i64,
    events_left: i64,
    repartition_left: i64,
}

pub(crate) fn wait(cluster: &Cluster, args: &DrainedArgs) -> Result<Value, Failure> {
    // committed offsets are read past those of an open transaction
    let isolation = "read_uncommitted";
    let mut consumer = cluster.consumer(&args.group, isolation)?;
    let topics: Vec<&str> = [EVENTS].into_iter().chain(args.repartition.as_deref()).collect();
    let begun = Instant::now();
    let mut first: Option<(Instant, i64)> = None;
    let bar = bar("events done", 0);
    loop {
        let looked = consumer
            .committed_offsets(partitions(&topics), CALL)
            .and_then(|committed| Ok(lag(&committed, &ends(&consumer, &topics)?)));
        if let Ok(lag) = looked {
            bar.set_length(u64::try_from(lag.events_done + lag.events_left).unwrap_or_default());
            bar.set_position(u64::try_from(lag.events_done).unwrap_or_default());
            if lag.events_done > 0 && first.is_none() {
                first = Some((Instant::now(), lag.events_done));
            }
            if let Some((since, done)) = first.filter(|_| lag.events_left == 0 && lag.repartition_left == 0) {
                bar.finish_and_clear();
                let after = since.elapsed().as_secs_f64();
                return Ok(json!({
                    "events": lag.events_done,
                    "waited_s": begun.elapsed().as_secs_f64(),
                    "after_first_commit_s": after,
                    "events_after_first_commit": lag.events_done - done,
                }));
            }
        } else {
            // the group or its topics may not be there yet; a client remembers that
            consumer = cluster.consumer(&args.group, isolation)?;
        }
        if begun.elapsed().as_secs() > args.limit {
            return Err(format!("group {} is not done after {} s; see its log", args.group, args.limit).into());
        }
        std::thread::sleep(PERIOD);
    }
}

fn lag(committed: &TopicPartitionList, ends: &TopicPartitionList) -> Lag {
    let mut lag = Lag { events_done: 0, events_left: 0, repartition_left: 0 };
    let offset = |offset: Offset| offset.to_raw().filter(|raw| *raw >= 0).unwrap_or_default();
    for entry in committed.elements() {
        let done = offset(entry.offset());
        let end = ends.find_partition(entry.topic(), entry.partition()).map_or(0, |end| offset(end.offset()));
        if entry.topic() == EVENTS {
            lag.events_done += done;
            lag.events_left += end - done;
        } else {
            // a transaction's marker is at the end
            lag.repartition_left += (end - done - 1).max(0);
        }
    }
    lag
}
