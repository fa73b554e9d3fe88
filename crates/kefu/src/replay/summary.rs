//! What came of a replay, for people and programs.
//!
//! Owns the totals. They are taken from the rows of key figures themselves, so the summary and the KPIs cannot differ.

use std::collections::BTreeMap;
use std::sync::Arc;

use kefu_contracts::codec::Codec;
use kefu_contracts::kpi::{KpiRow, MetricValue};
use kefu_contracts::topic::{KPI, Value};
use kefu_processor::StageCounts;
use kefu_processor::{DeadLetter, Emission, Record, Sink, Stage};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// What came of a replay.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    /// Inputs taken.
    pub inputs: u64,
    /// Lines that were no input.
    pub bad_lines: u64,
    /// Records written, by topic.
    pub topics: BTreeMap<String, u64>,
    /// Records and lines refused, by code.
    pub refused: BTreeMap<String, u64>,
    /// What each processor did.
    #[serde(serialize_with = "stages_as_map")]
    pub stages: Vec<(String, StageCounts)>,
    /// Timers that failed; always empty unless kefu has a fault.
    pub faults: Vec<String>,
    /// Key figures over all windows.
    pub totals: Totals,
}

fn stages_as_map<S: Serializer>(stages: &[(String, StageCounts)], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Counts {
        processed: u64,
        duplicates: u64,
        rejected: u64,
        emitted: u64,
        timers: u64,
    }
    let mut map = serializer.serialize_map(Some(stages.len()))?;
    for (stage, counts) in stages {
        let StageCounts { processed, duplicates, rejected, emitted, timers } = *counts;
        map.serialize_entry(stage, &Counts { processed, duplicates, rejected, emitted, timers })?;
    }
    map.end()
}

/// Key figures over all windows.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Totals {
    /// Counts and sums, over everything.
    pub all: BTreeMap<String, f64>,
    /// Cases opened, by one dimension's value: `category=complaint`.
    pub cases_opened: BTreeMap<String, f64>,
}

/// Keeps the quarterly rows of key figures that a summary needs.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    codec: Codec,
    rows: BTreeMap<String, Arc<KpiRow>>,
}

impl Rows {
    /// Takes a written record in.
    pub(crate) fn take(&mut self, topic: &str, key: &str, mut known: Option<Value>, payload: &[u8]) {
        if topic == KPI.info.name
            && key.contains("/P3M/")
            && let Ok(row) = KPI.read(&mut known, &self.codec, payload)
            && row.dimensions.len() <= 1
        {
            self.rows.insert(key.to_owned(), row);
        }
    }

    /// The sums over all windows.
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for row in self.rows.values() {
            let dimension = row.dimensions.iter().map(|(name, value)| format!("{name}={value}")).next();
            for (metric, value) in &row.metrics {
                let Some(MetricValue::Number(number)) = value else { continue };
                match &dimension {
                    None => *totals.all.entry(metric.clone()).or_default() += number,
                    Some(value) if metric == "cases_opened" => {
                        *totals.cases_opened.entry(value.clone()).or_default() += number;
                    }
                    Some(_) => {}
                }
            }
        }
        totals
    }
}

/// A sink that also keeps the rows for the summary.
pub(crate) struct Overview<S> {
    /// Where records go on to.
    pub inner: S,
    /// The rows.
    pub rows: Rows,
}

impl<S: Sink> Overview<S> {
    /// Wraps a sink.
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, rows: Rows::default() }
    }
}

impl<S: Sink> Sink for Overview<S> {
    fn emission(&mut self, stage: &Stage, emission: &Arc<Emission>) {
        self.rows.take(emission.topic.name, &emission.key, emission.value.clone(), &emission.payload);
        self.inner.emission(stage, emission);
    }

    fn dead_letter(&mut self, stage: &Stage, record: &Record<'_>, letter: &DeadLetter) {
        self.inner.dead_letter(stage, record, letter);
    }
}
