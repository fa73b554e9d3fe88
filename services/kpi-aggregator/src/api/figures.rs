//! What the board shows: figures of one day, and the backlog as it stands.
//!
//! Plain numbers; how they look is `page`'s matter. A day that is over has a row of its own. A day that is not is the
//! sum of its hours, and of the minutes since the last full hour, so that the board is a minute behind at most.

use std::collections::BTreeMap;

use kefu_calendar::Zone;
use kefu_contracts::Timestamp;
use kefu_contracts::kpi::{KpiRow, MetricValue};

use super::view::TenantRows;
use crate::domain::window::{Size, Window};

/// The figures of a tenant's board.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Figures {
    /// Cases open or pending, of all and by category and channel, the most first.
    pub(super) backlog: f64,
    pub(super) by_category: Vec<(String, f64)>,
    pub(super) by_channel: Vec<(String, f64)>,
    /// Sums over the day, by metric.
    pub(super) totals: BTreeMap<String, f64>,
    /// Cases opened and resolved in each hour of the day, by the hour's start; empty once its hours are let go.
    pub(super) hours: Vec<(Timestamp, f64, f64)>,
    /// The same on the days around this one, by the day's start.
    pub(super) days: Vec<(Timestamp, f64, f64)>,
}

/// How far the days around the one shown reach, in milliseconds.
const AROUND_MS: i64 = 7 * 86_400_000;

/// Clocks of one metric that stopped in time or ran out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attainment {
    pub(super) metric: String,
    pub(super) met: f64,
    pub(super) breached: f64,
}

impl Figures {
    /// The figures of `day`.
    pub(super) fn of(rows: &TenantRows, day: &Window) -> Self {
        let backlog = rows.backlog(None).values().sum();
        let plotted = |size: Size, from: Timestamp, to: Timestamp| {
            let rows = rows.rows(size, from, to).filter(|row| row.dimensions.is_empty());
            rows.map(|row| (row.window_start, of(row, "cases_opened"), of(row, "cases_resolved"))).collect()
        };
        Self {
            backlog,
            by_category: most_first(rows.backlog(Some("category"))),
            by_channel: most_first(rows.backlog(Some("channel"))),
            totals: totals(rows, day),
            hours: plotted(Size::Hour, day.start, day.end),
            days: plotted(Size::Day, day.start.plus_ms(-AROUND_MS), day.end.plus_ms(AROUND_MS)),
        }
    }

    /// A sum over the day; 0 if nothing was counted.
    pub(super) fn total(&self, metric: &str) -> f64 {
        self.totals.get(metric).copied().unwrap_or_default()
    }

    /// How each metric's clocks fared.
    pub(super) fn attainments(&self) -> Vec<Attainment> {
        let metrics = kefu_contracts::Metric::ALL.iter().map(|metric| metric.as_str());
        let all = metrics.map(|metric| Attainment {
            metric: metric.to_owned(),
            met: self.total(&format!("sla_met.{metric}")),
            breached: self.total(&format!("sla_breached.{metric}")),
        });
        all.filter(|clocks| clocks.met + clocks.breached > 0.0).collect()
    }

    /// Open cases that have no category, or none yet.
    pub(super) fn unclassified(&self) -> f64 {
        self.backlog - self.by_category.iter().map(|(_, open)| open).sum::<f64>()
    }

    /// A share; none over nothing.
    pub(super) fn share(&self, part: &str, whole: &str) -> Option<f64> {
        let whole = self.total(whole);
        (whole > 0.0).then(|| self.total(part) / whole)
    }
}

/// The day that contains `at`.
pub(super) fn day_of(zone: &Zone, at: Timestamp) -> Window {
    Size::Day.window(zone, at)
}

/// The day on which most cases were opened, the latest of equal ones.
pub(super) fn busiest_day(rows: &TenantRows, zone: &Zone) -> Option<Window> {
    let days = rows.rows(Size::Day, Timestamp::MIN, Timestamp::MAX).filter(|row| row.dimensions.is_empty());
    let busiest = days.max_by(|one, other| of(one, "cases_opened").total_cmp(&of(other, "cases_opened")));
    busiest.map(|row| day_of(zone, row.window_start))
}

fn most_first(values: BTreeMap<String, f64>) -> Vec<(String, f64)> {
    let mut values: Vec<(String, f64)> = values.into_iter().filter(|(_, open)| *open > 0.0).collect();
    values.sort_by(|(name, open), (other, others)| others.total_cmp(open).then_with(|| name.cmp(other)));
    values
}

fn totals(rows: &TenantRows, day: &Window) -> BTreeMap<String, f64> {
    let newest = rows.newest().unwrap_or(Timestamp::MIN);
    let mut totals = BTreeMap::new();
    if day.end <= newest {
        add(&mut totals, rows.rows(Size::Day, day.start, day.start.plus_ms(1)));
        return totals;
    }
    let this_hour = newest.plus_ms(-newest.ms().rem_euclid(3_600_000)).max(day.start);
    add(&mut totals, rows.rows(Size::Hour, day.start, this_hour));
    add(&mut totals, rows.rows(Size::Minute, this_hour, day.end));
    totals
}

fn add<'r>(totals: &mut BTreeMap<String, f64>, rows: impl Iterator<Item = &'r KpiRow>) {
    for row in rows.filter(|row| row.dimensions.is_empty()) {
        for (name, value) in &row.metrics {
            if let Some(MetricValue::Number(number)) = value {
                *totals.entry(name.clone()).or_default() += number;
            }
        }
    }
}

fn of(row: &KpiRow, metric: &str) -> f64 {
    match row.metrics.get(metric) {
        Some(Some(MetricValue::Number(number))) => *number,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(size: Size, start: &str, opened: f64) -> KpiRow {
        let window = size.window(&Zone::utc(), start.parse().unwrap());
        KpiRow {
            tenant: "demo".to_owned(),
            window_start: window.start,
            window_end: window.end,
            size: size.as_str().to_owned(),
            dimensions: BTreeMap::new(),
            revision: 1,
            is_final: false,
            definitions: 1,
            metrics: BTreeMap::from([("cases_opened".to_owned(), Some(MetricValue::Number(opened)))]),
        }
    }

    #[test]
    fn a_day_under_way_is_its_hours_and_the_minutes_since() {
        let mut rows = TenantRows::default();
        for (size, start, opened) in [
            (Size::Day, "2026-03-02T00:00:00Z", 90.0),
            (Size::Hour, "2026-03-02T08:00:00Z", 4.0),
            (Size::Hour, "2026-03-02T09:00:00Z", 70.0),
            (Size::Minute, "2026-03-02T08:59:00Z", 3.0),
            (Size::Minute, "2026-03-02T09:00:00Z", 2.0),
            (Size::Minute, "2026-03-02T09:01:00Z", 1.0),
        ] {
            rows.take("-", row(size, start, opened));
        }
        let zone = Zone::utc();
        let day = day_of(&zone, "2026-03-02T12:00:00Z".parse().unwrap());
        assert_eq!(Figures::of(&rows, &day).total("cases_opened"), 7.0);
        assert_eq!(busiest_day(&rows, &zone), Some(day));
        rows.take("-", row(Size::Minute, "2026-03-03T00:00:00Z", 1.0));
        assert_eq!(Figures::of(&rows, &day).total("cases_opened"), 90.0);
    }

    #[test]
    fn shares_over_nothing_are_none() {
        let mut figures = Figures::default();
        assert_eq!(figures.share("csat_positive", "csat_responses"), None);
        figures.totals = BTreeMap::from([
            ("csat_positive".to_owned(), 3.0),
            ("csat_responses".to_owned(), 4.0),
            ("sla_met.first_reply".to_owned(), 9.0),
            ("sla_breached.first_reply".to_owned(), 1.0),
        ]);
        assert_eq!(figures.share("csat_positive", "csat_responses"), Some(0.75));
        let wanted = Attainment { metric: "first_reply".to_owned(), met: 9.0, breached: 1.0 };
        assert_eq!(figures.attainments(), [wanted]);
    }
}
