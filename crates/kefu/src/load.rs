//! `kefu load`: recorded events to Kafka.
//!
//! Owns the first stage's upstream with the event clock: it publishes how far the recorded inputs have come.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use kefu_contracts::Timestamp;
use kefu_contracts::codec::Codec;
use kefu_processor::Topology;
use kefu_runtime::kafka::{self, Appending, ProgressWriter};

use crate::replay::{Inputs, Order, to_record};
use crate::topics::ClusterArgs;
use crate::{Failure, progress, services};

/// Records in flight before the loader waits.
const IN_FLIGHT: usize = 2000;

#[derive(Args)]
pub(crate) struct LoadArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Recorded inputs, as `replay` takes them.
    #[arg(long, required = true, num_args = 1..)]
    input: Vec<PathBuf>,
    /// In which order inputs are sent.
    #[arg(long, value_enum, default_value = "time")]
    order: Order,
    /// Inputs a second; as fast as it goes by default.
    #[arg(long)]
    rate: Option<f64>,
    /// Publish progress for services that run with `--clock event`, and say at the end that time has reached this.
    #[arg(long)]
    until: Option<Timestamp>,
    /// Wait this many seconds until every service has reached `--until`.
    #[arg(long, requires = "until")]
    wait: Option<u64>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &LoadArgs) -> Result<(), Failure> {
    let connection = args.cluster.connection();
    let topology = Topology::new(&services::all()).map_err(Failure::work)?;
    let partitions = kafka::check_topics(&connection, &topology).map_err(Failure::work)?;
    let codec = Codec::single_object();
    let appending = Appending::new(&connection, partitions).map_err(Failure::work)?;
    let writer = args.until.map(|_| ProgressWriter::for_load(&connection)).transpose().map_err(Failure::work)?;
    let bar = progress::counter("events");
    let begun = kefu_runtime::clock::monotonic();
    let mut inputs = Inputs::new(args.input.clone(), args.order, |_| {}).map_err(Failure::work)?;
    let (mut sent, mut bad, mut batch) = (0u64, 0u64, Vec::with_capacity(IN_FLIGHT));
    let mut last: Option<Timestamp> = None;
    while let Some(line) = inputs.next().map_err(Failure::work)? {
        let record =
            match line.parse().and_then(|recorded| to_record(&recorded, &codec).map_err(|error| error.to_string())) {
                Ok(record) => record,
                Err(error) => {
                    bad += 1;
                    eprintln!("kefu: line {}: {error}", line.number);
                    continue;
                }
            };
        pace(args.rate, sent, begun);
        let moved = last.is_some_and(|last| record.at > last);
        if batch.len() >= IN_FLIGHT || (moved && args.rate.is_some()) {
            appending.append(std::mem::take(&mut batch)).map_err(Failure::work)?;
            // everything before the next input's instant is in the log
            if let (Some(writer), Some(last)) = (&writer, last)
                && moved
            {
                writer.publish(last.plus_ms(0).min(record.at.plus_ms(-1))).map_err(Failure::work)?;
            }
        }
        last = Some(last.map_or(record.at, |last| last.max(record.at)));
        batch.push(record);
        sent += 1;
        bar.set_position(sent);
    }
    appending.append(batch).map_err(Failure::work)?;
    bar.finish_and_clear();
    let seconds = begun.elapsed().as_secs_f64();
    if let (Some(writer), Some(until)) = (&writer, args.until) {
        writer.publish(until).map_err(Failure::work)?;
    }
    report(args.json, sent, bad, seconds);
    match (args.wait, args.until) {
        (Some(seconds), Some(until)) => wait(&connection, &topology, partitions, until, seconds),
        _ => Ok(()),
    }
}

fn pace(rate: Option<f64>, sent: u64, begun: std::time::Instant) {
    let Some(rate) = rate.filter(|rate| *rate > 0.0) else { return };
    #[expect(clippy::cast_precision_loss, reason = "a count of events is below 2^52")]
    let due = Duration::from_secs_f64(sent as f64 / rate);
    if let Some(rest) = due.checked_sub(begun.elapsed()) {
        kefu_runtime::clock::rest(rest);
    }
}

fn report(json: bool, sent: u64, bad: u64, seconds: f64) {
    #[expect(clippy::cast_precision_loss, reason = "a count of events is below 2^52")]
    let rate = sent as f64 / seconds.max(0.001);
    if json {
        println!("{}", serde_json::json!({"sent": sent, "bad_lines": bad, "seconds": seconds, "per_second": rate}));
    } else {
        println!("{sent} events sent in {seconds:.1} s ({rate:.0} a second), {bad} bad lines");
    }
}

fn wait(
    connection: &kafka::Connection,
    topology: &Topology,
    partitions: i32,
    until: Timestamp,
    seconds: u64,
) -> Result<(), Failure> {
    let mut behind = std::collections::BTreeMap::new();
    let limit = Duration::from_secs(seconds);
    let reached = kafka::wait_for_progress(connection, topology, partitions, until, limit, |stage, reached| {
        behind.insert(stage.to_owned(), reached);
    })
    .map_err(Failure::work)?;
    if reached {
        return Ok(());
    }
    let late = behind.iter().filter(|(_, reached)| reached.is_none_or(|reached| reached < until));
    let late: Vec<String> = late
        .map(|(stage, reached)| format!("  {stage}: {}", reached.map_or("nothing".to_owned(), |at| at.to_string())))
        .collect();
    Err(Failure::work(format!("after {seconds} s these have not reached {until}:\n{}", late.join("\n"))))
}
