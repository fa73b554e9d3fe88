//! What a load was, for people and programs.

use std::fmt::Write;

use kefu_contracts::Timestamp;
use kefu_runtime::latency::Percentiles;
use kefu_runtime::sender::Outcome;
use serde::Serialize;

/// The summary of a load.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// Events sent.
    pub(super) sent: u64,
    /// Lines that were no events.
    pub(super) bad_lines: u64,
    /// Orders and commands that the API does not take.
    pub(super) skipped: u64,
    pub(super) seconds: f64,
    pub(super) per_second: f64,
    /// Events that are durable.
    pub(super) confirmed: u64,
    /// Events that were known already.
    pub(super) duplicates: u64,
    /// Events refused, by code.
    pub(super) refused: std::collections::BTreeMap<String, u64>,
    /// Events that got no answer.
    pub(super) failed: u64,
    /// Why the first of them got none.
    pub(super) failure: Option<String>,
    /// Requests sent again.
    pub(super) repeated: u64,
    /// From when an event was due to its confirmation.
    pub(super) latency: Option<Percentiles>,
    /// Of made-up events.
    pub(super) seed: Option<u64>,
    /// The first event's instant.
    pub(super) first: Option<Timestamp>,
    /// The latest event's instant.
    pub(super) last: Option<Timestamp>,
    /// Whether it was ended by Ctrl-C.
    pub(super) interrupted: bool,
}

impl Report {
    /// Takes in what became of the events after `seconds`.
    pub(super) fn complete(&mut self, outcome: Outcome, seconds: f64) {
        self.seconds = seconds;
        #[expect(clippy::cast_precision_loss, reason = "a count of events is below 2^52")]
        let rate = self.sent as f64 / seconds.max(0.001);
        self.per_second = rate;
        self.confirmed = outcome.confirmed;
        self.duplicates = outcome.duplicates;
        self.refused = outcome.refused;
        self.failed = outcome.failed;
        self.failure = outcome.failure;
        self.repeated = outcome.repeated;
        self.latency = outcome.latencies.percentiles();
    }

    /// The report for people.
    pub(super) fn describe(&self) -> String {
        let mut text = format!(
            "{} events sent in {:.1} s ({:.0} a second), {} bad lines\n",
            self.sent, self.seconds, self.per_second, self.bad_lines
        );
        let mut line = |wanted: bool, line: String| {
            if wanted {
                // a String takes everything
                writeln!(text, "{line}").ok();
            }
        };
        line(self.interrupted, "ended by Ctrl-C".to_owned());
        line(self.confirmed != self.sent, format!("{} confirmed, {} known already", self.confirmed, self.duplicates));
        line(self.skipped > 0, format!("{} orders and commands not sent: the API does not take them", self.skipped));
        for (code, count) in &self.refused {
            line(true, format!("{count} refused: {code}"));
        }
        line(self.repeated > 0, format!("{} requests sent again", self.repeated));
        if let Some(failure) = &self.failure {
            line(true, format!("{} failed, first: {failure}", self.failed));
        }
        if let Some(Percentiles { p50_ms, p95_ms, p99_ms, max_ms }) = self.latency {
            let took = format!("p50 {p50_ms:.1} ms, p95 {p95_ms:.1} ms, p99 {p99_ms:.1} ms, longest {max_ms:.1} ms");
            line(true, format!("from due to confirmed: {took}"));
        }
        if let (Some(first), Some(last)) = (self.first, self.last) {
            line(true, format!("event time {first} to {last}"));
        }
        if let Some(seed) = self.seed {
            line(true, format!("seed {seed}"));
        }
        text
    }
}
