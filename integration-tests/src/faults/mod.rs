//! A run with faults: a recorded load on three instances of each service while instances, the broker, Redis and the
//! links between them fail, and what came of it held against a replay of the same load (PL1, PL2).
//!
//! Owns the order of a run. What fails when is `plan`'s matter, how it fails `act`'s, what counts as standing still
//! `monitor`'s, and whether the outcome is right `verdict`'s.

mod act;
mod fleet;
mod monitor;
mod plan;
mod poison;
mod report;
mod restored;
mod site;
mod verdict;

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

pub use self::plan::{KINDS, Step, plan};
pub use self::report::Report;

use self::act::Actor;
use self::monitor::Monitor;
use self::report::Spent;
use self::site::{Files, Site};
use crate::wait_until;

/// How often it looks whether the next fault is due.
const PERIOD: Duration = Duration::from_millis(50);
/// Between two faults after the last event, once the first is over.
const APART: Duration = Duration::from_secs(3);
/// Longest time in which no service commits anything new before the run is given up.
const MOVES_WITHIN: Duration = Duration::from_secs(240);
/// Longest time from the end of the load until nothing waits.
const REST_WITHIN: Duration = Duration::from_secs(120);

/// What a run is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// The seed of the load and of the faults.
    pub seed: u64,
    /// Recorded events.
    pub events: u64,
    /// Events sent in a second, at most.
    pub rate: u32,
    /// Faults.
    pub faults: usize,
    /// For how long Redis is away when it is.
    pub away: Duration,
}

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage<'a> {
    /// The replay is made that the run is held against.
    Replaying,
    /// Servers and services are started.
    Starting,
    /// The load and the faults go on: records consumed, and what was done last.
    Running(u64, &'a str),
    /// The outcome is held against the replay.
    Comparing,
}

/// Runs in `folder`, telling where it is; the folder keeps the logs and both outputs.
pub fn run(options: &Options, folder: &Path, mut tell: impl FnMut(Stage<'_>)) -> Report {
    tell(Stage::Replaying);
    let begun = Instant::now();
    let files = Files::make(folder, options);
    let expected = files.replay();
    tell(Stage::Starting);
    let mut site = Site::start(files);
    let monitor = Monitor::start(site.kafka.offsets());
    let mut actor = Actor::start(&site, plan(options.seed, options.events, options.faults), options.away);
    let (running, cpu_before) = (Instant::now(), ended_cpu_s());
    let mut load = Load { child: site.load(options.rate), out: folder.join("load.out") };
    let failed = loop {
        std::thread::sleep(PERIOD);
        let consumed = monitor.consumed();
        let is_sent = load.is_sent();
        actor.turn(&mut site, consumed, is_sent, &monitor);
        tell(Stage::Running(consumed, actor.last()));
        if monitor.idle() > MOVES_WITHIN {
            break Some(format!("nothing has moved for {MOVES_WITHIN:?}; the logs tell why, if they do"));
        }
        if let Some(failed) = load.ended()
            && (failed.is_some() || actor.is_done())
        {
            break failed;
        }
    };
    let under_load = running.elapsed();
    actor.finish(&mut site, &monitor);
    if failed.is_none() {
        wait_until("all services have nothing before them", REST_WITHIN, || {
            actor.look_after();
            monitor.is_at_rest()
        });
    }
    tell(Stage::Comparing);
    drop(load);
    let done = actor.end();
    let cpu_s = ended_cpu_s() - cpu_before;
    let verdict = failed.is_none().then(|| verdict::judge(&expected, &site.export(), &done.poisons));
    let spent = Spent { took: begun.elapsed(), load: under_load, cpu_s };
    Report::new(options, folder, &done, verdict, failed, spent)
}

/// CPU seconds of the processes that this one started and that have ended.
fn ended_cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // the fields after the name, which may hold spaces; user and system time of children, in hundredths
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// The program that loads.
struct Load {
    child: Child,
    out: PathBuf,
}

impl Load {
    /// Whether every event is in the log: it says so before it waits for the services.
    fn is_sent(&self) -> bool {
        std::fs::metadata(&self.out).is_ok_and(|file| file.len() > 0)
    }

    /// If it has ended, why it failed if it did.
    fn ended(&mut self) -> Option<Option<String>> {
        let status = self.child.try_wait().unwrap_or_else(|error| panic!("{error}"))?;
        let log = || std::fs::read_to_string(self.out.with_extension("log")).unwrap_or_default();
        Some((!status.success()).then(|| format!("the load ended with {status}: {}", log().trim_end())))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // it may have ended
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
