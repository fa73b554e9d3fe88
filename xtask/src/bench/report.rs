//! The report: every run, and the medians of each program.

use std::fmt::Write as _;

use serde::Serialize;

use super::Failure;
use super::args::Common;
use super::latency::{Latency, Percentiles};
use super::machine::Machine;
use super::round::Drain;

/// Writes a report as JSON and as Markdown where these are wanted; Markdown else goes to standard output.
#[expect(clippy::print_stdout, reason = "the report is the output of this command")]
pub(crate) fn write(wanted: &Common, report: &impl Serialize, text: &str) -> Result<(), Failure> {
    if let Some(path) = &wanted.json {
        std::fs::write(path, serde_json::to_string_pretty(report)? + "\n")?;
    }
    match &wanted.out {
        Some(path) => std::fs::write(path, text)?,
        None => print!("{text}"),
    }
    Ok(())
}

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    command: String,
    pub(crate) machine: Machine,
    pub(crate) drains: Vec<Drain>,
    pub(crate) latencies: Vec<Latency>,
    /// Seconds of processor time for a million events, of the client library alone.
    pub(crate) passthroughs: Vec<f64>,
}

impl Report {
    pub(crate) fn new(command: String, machine: Machine) -> Self {
        Self { command, machine, drains: Vec::new(), latencies: Vec::new(), passthroughs: Vec::new() }
    }

    pub(crate) fn markdown(&self) -> Result<String, std::fmt::Error> {
        let mut text = format!("`{}`\n\n{}\n\n", self.command, self.machine);
        self.drains(&mut text)?;
        self.latencies(&mut text)?;
        Ok(text)
    }

    fn drains(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "| drain | events | s | events/s | CPU-s per 1M | broker's | Redis' | peak MiB | load |")?;
        writeln!(text, "|---|---|---|---|---|---|---|---|---|")?;
        for run in &self.drains {
            writeln!(
                text,
                "| {} | {} | {:.1} | {:.0} | {:.2} | {:.2} | {:.2} | {} | {:.1} |",
                run.system,
                run.events,
                run.seconds,
                run.events_per_second,
                run.cpu_s_per_million,
                run.broker_cpu_s_per_million,
                run.redis_cpu_s_per_million,
                run.peak_mib,
                run.load
            )?;
        }
        for system in systems(self.drains.iter().map(|run| run.system)) {
            let of = |figure: fn(&Drain) -> f64| {
                median(self.drains.iter().filter(|run| run.system == system).map(figure).collect())
            };
            writeln!(
                text,
                "| **{system}, median** | | {:.1} | {:.0} | **{:.2}** | {:.2} | {:.2} | | |",
                of(|run| run.seconds),
                of(|run| run.events_per_second),
                of(|run| run.cpu_s_per_million),
                of(|run| run.broker_cpu_s_per_million),
                of(|run| run.redis_cpu_s_per_million)
            )?;
        }
        let alone = median(self.passthroughs.clone());
        writeln!(text, "| librdkafka alone, one record in, one out, median | | | | {alone:.2} | | | | |\n")
    }

    fn latencies(&self, text: &mut String) -> std::fmt::Result {
        if self.latencies.is_empty() {
            return Ok(());
        }
        writeln!(text, "| ms | cases p50 | p95 | p99 | kpi p50 | p95 | p99 | cores | sender late | load |")?;
        writeln!(text, "|---|---|---|---|---|---|---|---|---|---|")?;
        for run in &self.latencies {
            let Latency { system, cases, kpi, cores, sender_late_ms, load } = run;
            let (cases, kpi) = (row(cases), row(kpi));
            writeln!(text, "| {system} | {cases} | {kpi} | {cores:.2} | {sender_late_ms} | {load:.1} |")?;
        }
        for system in systems(self.latencies.iter().map(|run| run.system)) {
            let of = |figure: fn(&Latency) -> f64| {
                median(self.latencies.iter().filter(|run| run.system == system).map(figure).collect())
            };
            let cases = Percentiles {
                p50: of(|run| run.cases.p50),
                p95: of(|run| run.cases.p95),
                p99: of(|run| run.cases.p99),
            };
            let kpi =
                Percentiles { p50: of(|run| run.kpi.p50), p95: of(|run| run.kpi.p95), p99: of(|run| run.kpi.p99) };
            writeln!(
                text,
                "| **{system}, median** | {} | {} | {:.2} | | |",
                row(&cases),
                row(&kpi),
                of(|run| run.cores)
            )?;
        }
        Ok(())
    }
}

fn row(Percentiles { p50, p95, p99 }: &Percentiles) -> String {
    format!("{p50:.0} | {p95:.0} | {p99:.0}")
}

/// The programs that ran, once each.
fn systems(names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut seen = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}

/// The middle one; of an even number the lower of the two in the middle. Not a number without figures.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_a_figure_that_was_measured() {
        for (figures, middle) in [(vec![3.0, 1.0, 2.0], 2.0), (vec![4.0, 1.0], 1.0), (vec![5.0], 5.0)] {
            assert!((median(figures) - middle).abs() < f64::EPSILON);
        }
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn every_run_is_told_with_the_machine_and_the_command() {
        let machine =
            Machine { processor: "a chip".to_owned(), cores: 2, memory_gib: 8, load_before: 0.1, load_after: 1.0 };
        let mut report = Report::new("cargo xtask bench --rounds 2".to_owned(), machine);
        for cpu in [7.5, 6.5] {
            report.drains.push(Drain {
                system: "kefu",
                events: 10,
                seconds: 1.0,
                events_per_second: 10.0,
                cpu_s_per_million: cpu,
                broker_cpu_s_per_million: 1.0,
                redis_cpu_s_per_million: 1.0,
                peak_mib: 1,
                load: 0.0,
            });
        }
        report.passthroughs.push(2.25);
        let text = report.markdown().unwrap();
        for wanted in ["`cargo xtask bench --rounds 2`", "a chip, 2 cores", "| 7.50 |", "| **6.50** |", "| 2.25 |"] {
            assert!(text.contains(wanted), "{wanted} is not in\n{text}");
        }
        assert!(!text.contains("p99"), "nothing was measured");
    }
}
