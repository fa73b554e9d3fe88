//! A row of key figures: it adds up, is published, and becomes final.

use std::collections::BTreeMap;

use kefu_contracts::Timestamp;
use kefu_contracts::kpi::{KpiRow, MetricValue};
use serde::{Deserialize, Serialize};

use crate::domain::delta::Delta;
use crate::domain::dimensions;
use crate::domain::dispatch::RowUpdate;
use crate::domain::metric::{Count, DEFINITIONS};
use crate::domain::window::{Window, dimensions_of};

/// A row that is not final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What it is for.
    pub window: Window,
    /// Everything that was added to it.
    pub total: Delta,
    /// Cases open or pending at the window's end, as far as known.
    pub backlog: i64,
    /// Whether the window was over at the last update.
    pub ended: bool,
    /// How often it was published.
    pub revision: i64,
}

impl Row {
    /// A row to which nothing was added.
    pub fn new(window: Window) -> Self {
        Self { window, total: Delta::default(), backlog: 0, ended: false, revision: 0 }
    }

    /// Takes an update in; returns whether a reader would see a difference.
    pub fn update(&mut self, update: &RowUpdate) -> bool {
        let shown = self.shown_backlog();
        self.total.merge(&update.delta);
        self.backlog = update.backlog;
        self.ended |= update.ended;
        let changed = !update.delta.is_empty() || self.shown_backlog() != shown;
        if changed && (self.revision > 0 || !self.is_blank()) {
            self.revision += 1;
            return true;
        }
        false
    }

    /// Whether it was never published and has nothing to publish.
    pub fn is_unknown(&self) -> bool {
        self.revision == 0 && self.is_blank()
    }

    /// When it becomes final.
    pub fn final_at(&self) -> Timestamp {
        self.window.final_at()
    }

    /// As it is published under `key`.
    pub fn published(&self, key: &str, is_final: bool) -> KpiRow {
        let mut metrics = metrics(&self.total);
        if let Some(open) = self.shown_backlog() {
            metrics.insert("backlog".to_owned(), Some(number(open)));
        }
        row(key, &self.window, self.revision, is_final, metrics)
    }

    fn is_blank(&self) -> bool {
        self.total.is_empty() && self.shown_backlog().is_none()
    }

    /// Beside other metrics always; alone only in long windows that are over, if it is not 0.
    fn shown_backlog(&self) -> Option<i64> {
        let alone = self.total.is_empty();
        let shown = !alone || (self.ended && !self.window.size.is_short() && self.backlog != 0);
        shown.then_some(self.backlog)
    }
}

/// What came too late for a final row, by itself: what to add to it.
pub fn late_row(key: &str, window: &Window, delta: &Delta) -> KpiRow {
    row(key, window, 1, true, metrics(delta))
}

fn row(
    key: &str,
    window: &Window,
    revision: i64,
    is_final: bool,
    metrics: BTreeMap<String, Option<MetricValue>>,
) -> KpiRow {
    KpiRow {
        tenant: kefu_contracts::partition::split_key(key).0.to_owned(),
        window_start: window.start,
        window_end: window.end,
        size: window.size.as_str().to_owned(),
        dimensions: dimensions::parse(dimensions_of(key)),
        revision,
        is_final,
        definitions: DEFINITIONS,
        metrics,
    }
}

fn metrics(delta: &Delta) -> BTreeMap<String, Option<MetricValue>> {
    let counts =
        delta.counts.iter().filter_map(|(metric, amount)| Some((metric.name()?.into_owned(), Some(number(amount)))));
    let timings = delta
        .timings
        .iter()
        .map(|(metric, sketch)| (metric.name().to_owned(), sketch.distribution().map(MetricValue::Distribution)));
    let mut metrics: BTreeMap<String, Option<MetricValue>> = counts.chain(timings).collect();
    if delta.of(Count::CallsOffered) != 0 {
        let answerable = delta.of(Count::CallsOffered) - delta.of(Count::CallsAbandonedShort);
        metrics.insert("service_level".to_owned(), rate(delta.of(Count::AnsweredInTarget), answerable));
    }
    if delta.of(Count::SurveysSent) != 0 || delta.of(Count::CsatResponses) != 0 {
        let responses = delta.of(Count::CsatResponses);
        metrics.insert("csat".to_owned(), rate(delta.of(Count::CsatPositive), responses));
    }
    metrics
}

/// A share; none over nothing.
fn rate(part: i64, whole: i64) -> Option<MetricValue> {
    (whole != 0).then(|| MetricValue::Number(part as f64 / whole as f64))
}

fn number(amount: i64) -> MetricValue {
    MetricValue::Number(amount as f64)
}
