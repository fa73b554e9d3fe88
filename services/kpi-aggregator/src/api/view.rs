//! The rows of key figures that an instance keeps for its readers.
//!
//! Owns how long rows are kept: memory is bounded by the number of windows times that of dimensions.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use kefu_contracts::Timestamp;
use kefu_contracts::codec::Codec;
use kefu_contracts::kpi::{KpiRow, MetricValue};
use kefu_contracts::topic::{KPI, TopicInfo};
use kefu_runtime::backend::{View, Written};

use crate::domain::window::{Size, dimensions_of};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How long rows of a size are kept after their window's end, in milliseconds.
const fn kept_ms(size: Size) -> i64 {
    match size {
        Size::Minute => 3 * HOUR_MS,
        Size::Hour => 8 * DAY_MS,
        Size::Day | Size::Week | Size::Month | Size::Quarter => 400 * DAY_MS,
    }
}

/// Rows by tenant.
#[derive(Debug, Default)]
pub struct KpiTable {
    tenants: Mutex<BTreeMap<String, TenantRows>>,
}

/// The rows of a tenant.
#[derive(Clone, Debug, Default)]
pub(super) struct TenantRows {
    rows: BTreeMap<(Size, Timestamp, String), KpiRow>,
    newest: Option<Timestamp>,
    standing: BTreeMap<String, (Timestamp, f64)>,
}

impl KpiTable {
    /// Asks the rows of a tenant; none if it has none.
    pub(super) fn with<R>(&self, tenant: &str, ask: impl FnOnce(&TenantRows) -> R) -> Option<R> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).get(tenant).map(ask)
    }

    /// The first tenant that has rows.
    pub(super) fn first_tenant(&self) -> Option<String> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).keys().next().cloned()
    }
}

impl View for KpiTable {
    fn topics(&self) -> Vec<TopicInfo> {
        vec![KPI.info]
    }

    fn needs_history(&self) -> bool {
        true
    }

    fn apply(&self, record: Written<'_>, codec: &Codec) {
        let Some(payload) = record.payload else { return };
        match KPI.decode(codec, payload) {
            Ok(row) => {
                let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
                tenants.entry(row.tenant.clone()).or_default().take(dimensions_of(record.key), row);
            }
            Err(error) => tracing::error!(key = record.key, %error, "a record of the rows' topic is no row"),
        }
    }
}

impl TenantRows {
    /// Takes a row in and lets go of those that are too old by then.
    pub(super) fn take(&mut self, dimensions: &str, mut row: KpiRow) {
        let Some(size) = Size::ALL.into_iter().find(|size| size.as_str() == row.size) else { return };
        self.newest = self.newest.max(Some(row.window_start));
        let newest = self.newest.unwrap_or(row.window_start);
        self.note_backlog(dimensions, &row, newest);
        for value in row.metrics.values_mut().flatten() {
            if let MetricValue::Distribution(distribution) = value {
                distribution.sketch = String::new();
            }
        }
        self.rows.insert((size, row.window_start, dimensions.to_owned()), row);
        for size in Size::ALL {
            let oldest = newest.plus_ms(-kept_ms(size));
            while let Some(key) = self.first_before(size, oldest) {
                self.rows.remove(&key);
            }
        }
    }

    /// The first row of a size, if its window was over before `oldest`.
    fn first_before(&self, size: Size, oldest: Timestamp) -> Option<(Size, Timestamp, String)> {
        let (key, row) = self.of(size, Timestamp::MIN, Timestamp::MAX).next()?;
        (row.window_end < oldest).then(|| key.clone())
    }

    /// The backlog is known at a window's end, or now if the window is not over; the latest knowledge counts.
    fn note_backlog(&mut self, dimensions: &str, row: &KpiRow, newest: Timestamp) {
        let is_shown = ["category", "channel", "priority", "team"];
        let single = row.dimensions.len() <= 1 && row.dimensions.keys().all(|name| is_shown.contains(&name.as_str()));
        if let Some(Some(MetricValue::Number(open))) = row.metrics.get("backlog")
            && single
        {
            let as_of = row.window_end.min(newest);
            let known = self.standing.entry(dimensions.to_owned()).or_insert((as_of, *open));
            if known.0 <= as_of {
                *known = (as_of, *open);
            }
        }
    }

    fn of(
        &self,
        size: Size,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = (&(Size, Timestamp, String), &KpiRow)> {
        self.rows.range((size, from, String::new())..(size, to, String::new()))
    }

    /// Rows of a size whose windows start from `from` on and before `to`, by window, then dimensions.
    pub(super) fn rows(&self, size: Size, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &KpiRow> {
        self.of(size, from, to).map(|(_, row)| row)
    }

    /// The start of the newest window.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// The backlog as it is last known, by the only dimension `name`, or of all cases.
    pub(super) fn backlog(&self, name: Option<&str>) -> BTreeMap<String, f64> {
        let of = self.standing.iter().filter_map(|(dimensions, (_, open))| match name {
            None => (dimensions == "-").then(|| (String::new(), *open)),
            Some(name) => {
                let values = crate::domain::dimensions::parse(dimensions);
                values.get(name).map(|value| (value.clone(), *open))
            }
        });
        of.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(size: Size, start_ms: i64, length_ms: i64, backlog: f64) -> KpiRow {
        KpiRow {
            tenant: "demo".to_owned(),
            window_start: Timestamp::from_ms(start_ms),
            window_end: Timestamp::from_ms(start_ms + length_ms),
            size: size.as_str().to_owned(),
            dimensions: BTreeMap::new(),
            revision: 1,
            is_final: false,
            definitions: 1,
            metrics: BTreeMap::from([("backlog".to_owned(), Some(MetricValue::Number(backlog)))]),
        }
    }

    fn starts(rows: &TenantRows, size: Size) -> Vec<i64> {
        rows.rows(size, Timestamp::MIN, Timestamp::MAX).map(|row| row.window_start.ms()).collect()
    }

    #[test]
    fn short_windows_are_let_go_first() {
        let mut rows = TenantRows::default();
        let minute = 60_000;
        for (size, start, length) in [
            (Size::Minute, 0, minute),
            (Size::Minute, minute, minute),
            (Size::Hour, 0, HOUR_MS),
            (Size::Day, 0, DAY_MS),
            (Size::Minute, 3 * HOUR_MS + minute + 1, minute),
        ] {
            rows.take("-", row(size, start, length, 0.0));
        }
        assert_eq!(starts(&rows, Size::Minute), [minute, 3 * HOUR_MS + minute + 1]);
        rows.take("-", row(Size::Minute, 9 * DAY_MS, minute, 0.0));
        assert_eq!((starts(&rows, Size::Hour), starts(&rows, Size::Day)), (Vec::new(), vec![0]));
    }

    #[test]
    fn the_latest_knowledge_of_the_backlog_counts() {
        let mut rows = TenantRows::default();
        rows.take("-", row(Size::Minute, 600_000, 60_000, 5.0));
        rows.take("-", row(Size::Minute, 540_000, 60_000, 9.0));
        rows.take("-", row(Size::Day, 0, DAY_MS, 4.0));
        assert_eq!(rows.backlog(None)[""], 4.0);
        rows.take("-", row(Size::Minute, 660_000, 60_000, 6.0));
        assert_eq!(rows.backlog(None)[""], 6.0);
        assert!(rows.backlog(Some("category")).is_empty());
    }
}
