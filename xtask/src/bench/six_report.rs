//! What all six services cost, as people and as programs read it.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::Failure;
use super::machine::Machine;

/// How a backlog was worked off.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Backlog {
    place: &'static str,
    events: u64,
    seconds: f64,
    events_per_second: f64,
    cpu_s_per_million: f64,
    peak_mib: u64,
}

impl Backlog {
    pub(super) fn new(place: &'static str, events: u64, seconds: f64, cpu_s: f64, peak_mib: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a count of events is below 2^52")]
        let count = events as f64;
        let (events_per_second, cpu_s_per_million) = (count / seconds, cpu_s * 1e6 / count);
        Self { place, events, seconds, events_per_second, cpu_s_per_million, peak_mib }
    }
}

/// How long something took while events came at a rate, in milliseconds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Live {
    place: &'static str,
    rate: u32,
    what: String,
    p50: f64,
    p95: f64,
    p99: f64,
    cores: f64,
}

impl Live {
    pub(super) fn new(
        place: &'static str,
        rate: u32,
        what: &str,
        percentiles: &Value,
        cores: f64,
    ) -> Result<Self, Failure> {
        let at = |name: &str| percentiles[name].as_f64().ok_or_else(|| format!("nothing was seen of {what}"));
        Ok(Self {
            place,
            rate,
            what: what.to_owned(),
            p50: at("p50_ms")?,
            p95: at("p95_ms")?,
            p99: at("p99_ms")?,
            cores,
        })
    }
}

/// How long it took until it was ready again.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Restore {
    pub(super) place: &'static str,
    pub(super) what: &'static str,
    /// From the start of the process.
    pub(super) seconds: f64,
    /// States read from changelogs, or from the file.
    pub(super) read_back: f64,
}

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(super) struct SixReport {
    command: String,
    pub(super) machine: Machine,
    pub(super) backlogs: Vec<Backlog>,
    pub(super) lives: Vec<Live>,
    pub(super) restores: Vec<Restore>,
}

impl SixReport {
    pub(super) fn new(command: String, machine: Machine) -> Self {
        Self { command, machine, backlogs: Vec::new(), lives: Vec::new(), restores: Vec::new() }
    }

    pub(super) fn markdown(&self) -> Result<String, std::fmt::Error> {
        let mut text = format!("`{}`\n\n{}\n", self.command, self.machine);
        text += "\n| backlog | events | s | events/s | CPU-s per 1M | peak MiB |\n|---|---|---|---|---|---|\n";
        for Backlog { place, events, seconds, events_per_second, cpu_s_per_million, peak_mib } in &self.backlogs {
            writeln!(
                text,
                "| {place} | {events} | {seconds:.1} | {events_per_second:.0} | {cpu_s_per_million:.0} | {peak_mib} |"
            )?;
        }
        text += "\n| live | events/s | ms until | p50 | p95 | p99 | cores |\n|---|---|---|---|---|---|---|\n";
        for Live { place, rate, what, p50, p95, p99, cores } in &self.lives {
            writeln!(text, "| {place} | {rate} | {what} | {p50:.0} | {p95:.0} | {p99:.0} | {cores:.2} |")?;
        }
        text += "\n| restore | what | s until ready | states read back |\n|---|---|---|---|\n";
        for Restore { place, what, seconds, read_back } in &self.restores {
            writeln!(text, "| {place} | {what} | {seconds:.2} | {read_back} |")?;
        }
        Ok(text)
    }
}
