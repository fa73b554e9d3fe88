//! `kefu load`: recorded events to Kafka.
//!
//! Owns the first stage's upstream with the event clock: it publishes how far the recorded inputs have come, and keeps
//! the inputs at most [`AHEAD_MS`] of event time ahead of the slowest processor. What one service decides comes back
//! to another with the instant of its cause; a pipeline that lagged weeks behind would find conversations forgotten
//! that a live one still knows.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use kefu_contracts::Timestamp;
use kefu_contracts::codec::Codec;
use kefu_processor::Topology;
use kefu_runtime::backend::NewRecord;
use kefu_runtime::clock;
use kefu_runtime::kafka::{self, Appending, ProgressGate, ProgressWriter};

use crate::replay::{Inputs, Order, to_record};
use crate::topics::ClusterArgs;
use crate::{Failure, progress, services};

/// Records in flight before the loader waits.
const IN_FLIGHT: usize = 2000;
/// Event time that the inputs may be ahead of the slowest processor: far below the time that a closed conversation is
/// remembered, so that what comes back to it several times over still finds it.
const AHEAD_MS: i64 = 24 * 3_600_000;

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
    /// Seconds that the services may take, with `--until`, to follow a day of events; the end of the load waits too.
    #[arg(long, requires = "until", default_value_t = 120)]
    wait: u64,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &LoadArgs) -> Result<(), Failure> {
    let mut loader = Loader::new(args)?;
    let bar = progress::counter("events");
    let mut inputs = Inputs::new(args.input.clone(), args.order, |_| {}).map_err(Failure::work)?;
    while let Some(line) = inputs.next().map_err(Failure::work)? {
        let codec = Codec::single_object();
        match line.parse().and_then(|recorded| to_record(&recorded, &codec).map_err(|error| error.to_string())) {
            Ok(record) => loader.take(record)?,
            Err(error) => {
                loader.bad += 1;
                eprintln!("kefu: line {}: {error}", line.number);
            }
        }
        bar.set_position(loader.sent);
    }
    bar.finish_and_clear();
    loader.flush()?;
    let seconds = loader.begun.elapsed().as_secs_f64();
    report(args.json, loader.sent, loader.bad, seconds);
    match args.until {
        Some(until) => loader.follow(until),
        None => Ok(()),
    }
}

/// Sends records, and time with them.
struct Loader {
    appending: Appending,
    pacing: Option<(ProgressWriter, ProgressGate)>,
    wait: Duration,
    rate: Option<f64>,
    begun: Instant,
    batch: Vec<NewRecord>,
    sent: u64,
    bad: u64,
    /// The latest event time taken.
    last: Option<Timestamp>,
    /// The instant that all services have come to.
    followed: Option<Timestamp>,
}

impl Loader {
    fn new(args: &LoadArgs) -> Result<Self, Failure> {
        let connection = args.cluster.connection();
        let topology = Topology::new(&services::all()).map_err(Failure::work)?;
        let partitions = kafka::check_topics(&connection, &topology).map_err(Failure::work)?;
        let pacing = match args.until {
            Some(_) => Some((
                ProgressWriter::for_load(&connection).map_err(Failure::work)?,
                ProgressGate::new(&connection, &topology, partitions).map_err(Failure::work)?,
            )),
            None => None,
        };
        Ok(Self {
            appending: Appending::new(&connection, partitions).map_err(Failure::work)?,
            pacing,
            wait: Duration::from_secs(args.wait),
            rate: args.rate,
            begun: clock::monotonic(),
            batch: Vec::with_capacity(IN_FLIGHT),
            sent: 0,
            bad: 0,
            last: None,
            followed: None,
        })
    }

    fn take(&mut self, record: NewRecord) -> Result<(), Failure> {
        if let Some(last) = self.last
            && self.pacing.is_some()
            && record.at.ms_since(*self.followed.get_or_insert(last)) > AHEAD_MS
            && record.at > last
        {
            self.flush()?;
            // every input before this one's instant is in the log
            self.follow(last)?;
            self.follow(record.at.plus_ms(-1))?;
        }
        self.last = Some(self.last.map_or(record.at, |last| last.max(record.at)));
        self.batch.push(record);
        self.sent += 1;
        if self.batch.len() >= IN_FLIGHT {
            self.flush()?;
        }
        self.rest()
    }

    /// Keeps to the rate wanted.
    fn rest(&mut self) -> Result<(), Failure> {
        let Some(rate) = self.rate.filter(|rate| *rate > 0.0) else { return Ok(()) };
        #[expect(clippy::cast_precision_loss, reason = "a count of events is below 2^52")]
        let due = Duration::from_secs_f64(self.sent as f64 / rate);
        if let Some(early) = due.checked_sub(self.begun.elapsed()) {
            self.flush()?;
            clock::rest(early);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.appending.append(std::mem::take(&mut self.batch)).map_err(Failure::work)
    }

    /// Says that time has come to `until`, and waits for all services to follow.
    fn follow(&mut self, until: Timestamp) -> Result<(), Failure> {
        let Some((writer, gate)) = &mut self.pacing else { return Ok(()) };
        writer.publish(until).map_err(Failure::work)?;
        let behind = gate.wait(until, self.wait).map_err(Failure::work)?;
        if behind.is_empty() {
            self.followed = Some(until);
            return Ok(());
        }
        let shown = |reached: Option<Timestamp>| reached.map_or("nothing yet".to_owned(), |at| at.to_string());
        let lines: Vec<String> =
            behind.into_iter().map(|(stage, reached)| format!("  {stage}: {}", shown(reached))).collect();
        let (seconds, lines) = (self.wait.as_secs(), lines.join("\n"));
        Err(Failure::work(format!("after {seconds} s these have not reached {until}; do they run?\n{lines}")))
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
