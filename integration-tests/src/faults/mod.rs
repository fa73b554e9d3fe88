//! A run with faults: a recorded load on three instances of each service while instances, the broker, Redis and the
//! links between them fail, and what came of it held against a replay of the same load (PL1, PL2).
//!
//! Owns the order of a run. What fails when is `plan`'s matter, how it fails `act`'s, what counts as standing still
//! `monitor`'s, and whether the outcome is right `verdict`'s.

mod act;
mod dice;
mod ended;
mod fleet;
mod instances;
mod monitor;
mod plan;
mod poison;
mod progress;
mod report;
mod restored;
mod site;
mod untidy;
mod verdict;

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

pub use self::instances::{Instances, Membership, Protocol};
pub use self::plan::{KINDS, Step, plan};
pub use self::report::Report;
pub use self::untidy::Added;

use self::act::{Actor, Deeds};
use self::monitor::Monitor;
use self::progress::Following;
use self::report::Spent;
use self::site::{Files, Site};

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
    /// Recorded events, before some are repeated and some added that are refused.
    pub events: u64,
    /// Events sent in a second, at most.
    pub rate: u32,
    /// Faults.
    pub faults: usize,
    /// For how long Redis is away when it is.
    pub away: Duration,
    /// Whether the outcome is held against an undisturbed run of the same load, not against a replay.
    pub live_reference: bool,
    /// How instances are set up.
    pub instances: Instances,
}

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage<'a> {
    /// The replay is made that the run is held against.
    Replaying,
    /// Servers and services are started.
    Starting,
    /// The load and the faults go on: events consumed, and what was done last.
    Running(u64, &'a str),
    /// The outcome is held against the replay.
    Comparing,
}

/// Runs in `folder`, telling where it is; the folder keeps the logs and both outputs.
///
/// # Panics
/// If the broker, Redis or `kefu` cannot be had.
pub fn run(options: &Options, folder: &Path, mut tell: impl FnMut(Stage<'_>)) -> Report {
    tell(Stage::Replaying);
    let begun = Instant::now();
    let files = Files::make(folder, options);
    let replayed = files.replay();
    let added = files.added;
    let expected = if options.live_reference {
        let undisturbed = Options { faults: 0, ..options.clone() };
        let of_reference = Files { folder: folder.join("undisturbed"), ..files.clone() };
        std::fs::create_dir_all(&of_reference.folder).unwrap_or_else(|error| panic!("{error}"));
        let lived = live(&undisturbed, of_reference, &mut tell);
        lived.out.unwrap_or_else(|| panic!("the undisturbed run failed: {}", lived.failed.unwrap_or_default()))
    } else {
        replayed.clone()
    };
    let lived = live(options, files, &mut tell);
    tell(Stage::Comparing);
    let judge = |out: &PathBuf| verdict::judge(&expected, &replayed, out, &lived.deeds.poisons);
    let verdict = lived.out.as_ref().map(judge);
    let spent = Spent { took: begun.elapsed(), load: lived.load, cpu_s: lived.cpu_s };
    Report::new(options, folder, &lived.deeds, verdict, lived.failed, spent, added)
}

/// What a run on Kafka came to.
struct Lived {
    deeds: Deeds,
    /// What the services wrote; none if the run failed.
    out: Option<PathBuf>,
    failed: Option<String>,
    load: Duration,
    cpu_s: f64,
}

/// Plays the load on Kafka and Redis, with faults.
fn live(options: &Options, files: Files, tell: &mut impl FnMut(Stage<'_>)) -> Lived {
    tell(Stage::Starting);
    let load_out = files.folder.join("load.out");
    let mut site = Site::start(files, options.instances);
    let monitor = Monitor::start(site.kafka.offsets());
    let mut actor = Actor::start(&site, plan(options.seed, site.files.events, options.faults), options.away);
    let (running, cpu_before) = (Instant::now(), ended_cpu_s());
    let mut load = Load { child: site.load(options.rate), out: load_out };
    let mut following = Following::new(site.files.folder.join("load.log"));
    let mut failed = loop {
        std::thread::sleep(PERIOD);
        let progress = following.look(monitor.intake_lag(), load.is_sent());
        actor.turn(&mut site, progress);
        tell(Stage::Running(progress.consumed, actor.last()));
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
    let ended = Instant::now();
    while failed.is_none() && !monitor.is_at_rest() {
        actor.look_after();
        std::thread::sleep(PERIOD);
        failed = (ended.elapsed() > REST_WITHIN).then(|| format!("records wait after {REST_WITHIN:?} at the end"));
    }
    drop(load);
    let deeds = actor.end();
    let cpu_s = ended_cpu_s() - cpu_before;
    let out = failed.is_none().then(|| site.export());
    Lived { deeds, out, failed, load: under_load, cpu_s }
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
        let log = || {
            let said = std::fs::read_to_string(self.out.with_extension("log")).unwrap_or_default();
            // what it tells of its progress is no reason
            said.lines().filter(|line| !line.starts_with('{')).collect::<Vec<_>>().join("\n")
        };
        Some((!status.success()).then(|| format!("the load ended with {status}: {}", log())))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // it may have ended
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
