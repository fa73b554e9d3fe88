//! What is told of a run: the table for people, JSON for programs, the record of every fault.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::Options;
use super::act::Deeds;
use super::instances::Instances;
use super::restored::{self, Told};
use super::untidy::Added;
use super::verdict::Verdict;

/// What was done of one kind, and how long output stood still after it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The kind of fault.
    pub fault: String,
    /// How often.
    pub times: usize,
    /// The median, in seconds, of how long the slowest partition stood still.
    pub still_median_s: f64,
    /// The longest.
    pub still_longest_s: f64,
}

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent {
    /// All of it.
    pub(super) took: Duration,
    /// From the first event until the services had followed to the end.
    pub(super) load: Duration,
    pub(super) cpu_s: f64,
}

/// What came of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// Recorded events.
    pub events: u64,
    /// What comes beside: events a second time, and events that are refused.
    pub added: Added,
    /// How its instances were set up.
    pub instances: Instances,
    /// What was done.
    pub faults: Vec<Row>,
    /// How many of that after intake had consumed the last event, while only timers were left.
    pub faults_after_events: usize,
    /// Faults that were planned and not done.
    pub faults_left: usize,
    /// Instances that ended by themselves and were started again, by what they said last.
    pub ended: BTreeMap<String, u64>,
    /// Those of them that no fault explains, and those that did not end in good order when told to: who and how.
    pub unexplained: Vec<String>,
    /// What instances said of themselves.
    pub told: Told,
    /// Why the run failed before it could be judged.
    pub failed: Option<String>,
    /// The outcome.
    pub verdict: Option<Verdict>,
    /// Seconds of all of it.
    pub took_s: f64,
    /// Seconds from the first event until the services had followed to the end.
    pub load_s: f64,
    /// CPU seconds of the services and the loader; the broker and Redis are not among them.
    pub cpu_s: f64,
    /// Where logs and outputs are.
    pub folder: PathBuf,
}

impl Report {
    pub(super) fn new(
        options: &Options,
        folder: &Path,
        deeds: &Deeds,
        verdict: Option<Verdict>,
        failed: Option<String>,
        spent: Spent,
        added: Added,
    ) -> Self {
        let mut ended = BTreeMap::new();
        let mut unexplained = Vec::new();
        for one in &deeds.ended {
            *ended.entry(restored::kind_of(&one.describe())).or_default() += 1;
            if !one.is_explained() {
                unexplained.push(format!("{} {}", one.name, one.describe()));
            }
        }
        let report = Self {
            seed: options.seed,
            events: options.events,
            added,
            instances: options.instances,
            faults: rows(deeds),
            faults_after_events: deeds.done.iter().filter(|done| done.after_events).count(),
            faults_left: deeds.left,
            ended,
            unexplained,
            told: Told::read(folder),
            failed,
            verdict,
            took_s: spent.took.as_secs_f64(),
            load_s: spent.load.as_secs_f64(),
            cpu_s: spent.cpu_s,
            folder: folder.to_owned(),
        };
        std::fs::write(folder.join("report.txt"), report.describe()).unwrap_or_else(|error| panic!("{error}"));
        report
    }

    /// Whether the outcome is that of a replay, every fault was done, every poisoned record is its dead letters,
    /// nothing panicked, and what ended by itself did so because of a fault.
    pub fn is_clean(&self) -> bool {
        let is_right = |verdict: &Verdict| verdict.same && verdict.wrong_letters.is_empty();
        let ended_well = self.unexplained.is_empty() && self.told.panics.is_empty();
        let is_done = self.failed.is_none() && self.faults_left == 0;
        is_done && ended_well && self.verdict.as_ref().is_some_and(is_right)
    }

    /// For people.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).ok();
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let faults: usize = self.faults.iter().map(|row| row.times).sum();
        let Self { seed, events, took_s, load_s, cpu_s, .. } = self;
        let after = self.faults_after_events;
        writeln!(text, "seed {seed}: {events} events, {faults} faults, {after} of them after the last event")?;
        let Added { repeated, refused } = self.added;
        writeln!(text, "{repeated} events come a second time, {refused} more are refused")?;
        writeln!(text, "instances: {}", self.instances)?;
        writeln!(text, "{took_s:.0} s in all, {load_s:.0} s under load; services and loader took {cpu_s:.0} CPU-s")?;
        writeln!(text, "{:<36}{:>6}{:>14}{:>12}", "fault", "times", "still, median", "longest")?;
        for Row { fault, times, still_median_s, still_longest_s } in &self.faults {
            writeln!(text, "{fault:<36}{times:>6}{still_median_s:>12.1} s{still_longest_s:>10.1} s")?;
        }
        for (from, restored) in &self.told.restored {
            writeln!(text, "restored {from}: {} states of {} partitions", restored.states, restored.partitions)?;
        }
        for (cause, times) in &self.told.given_up {
            writeln!(text, "tasks restored {times} times: {cause}")?;
        }
        for (words, times) in &self.ended {
            writeln!(text, "{times} instances {words}")?;
        }
        for who in &self.unexplained {
            writeln!(text, "no fault explains: {who}")?;
        }
        for (panic, times) in &self.told.panics {
            writeln!(text, "{times} panics: {panic}")?;
        }
        if self.faults_left > 0 {
            writeln!(text, "{} faults were planned and not done", self.faults_left)?;
        }
        if let Some(failed) = &self.failed {
            writeln!(text, "{failed}")?;
        }
        if let Some(verdict) = &self.verdict {
            let Verdict { dead_letters, poisoned, .. } = verdict;
            writeln!(text, "{poisoned} bad records, {dead_letters} dead letters")?;
            for wrong in &verdict.wrong_letters {
                writeln!(text, "dead letters: {wrong}")?;
            }
            writeln!(text, "{}", verdict.compared)?;
        }
        let judged = if self.is_clean() { "clean" } else { "NOT CLEAN" };
        writeln!(text, "{judged}; logs, faults.txt and outputs in {}", self.folder.display())
    }
}

fn rows(deeds: &Deeds) -> Vec<Row> {
    let mut by_kind: BTreeMap<_, Vec<f64>> = BTreeMap::new();
    for done in &deeds.done {
        by_kind.entry(done.step.fault).or_default().push(done.still.as_secs_f64());
    }
    let row = |(fault, mut still): (super::plan::Fault, Vec<f64>)| {
        still.sort_by(f64::total_cmp);
        let at = |index: usize| still.get(index).copied().unwrap_or_default();
        // of an even count the mean of the two in the middle
        let median = f64::midpoint(at(still.len().saturating_sub(1) / 2), at(still.len() / 2));
        let longest = at(still.len().saturating_sub(1));
        Row { fault: fault.to_string(), times: still.len(), still_median_s: median, still_longest_s: longest }
    };
    by_kind.into_iter().map(row).collect()
}
