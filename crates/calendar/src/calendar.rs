//! The calendar: every question about business time, over hours or over all time.

use crate::plan::Plan;
use crate::spec::{CalendarFault, CalendarProblem, CalendarSpec};
use crate::timeline::Timeline;
use crate::zone::Zone;

/// Business time in one zone. Answers are exact to the millisecond.
///
/// A calendar with hours covers 1970-01-01 to [`COVERED_UNTIL_MS`](crate::COVERED_UNTIL_MS); before and after that
/// nothing is open. Share it by reference or `Arc`: it keeps the open times it has computed.
#[derive(Debug)]
pub struct Calendar {
    zone: Zone,
    open_time: OpenTime,
}

#[derive(Debug)]
enum OpenTime {
    Always,
    Hours(Box<Timeline>),
}

impl Calendar {
    /// Builds a calendar.
    ///
    /// # Errors
    /// All faults of the specification, in the order of its fields.
    pub fn new(spec: CalendarSpec) -> Result<Calendar, Vec<CalendarFault>> {
        let mut faults = spec.faults();
        // Faulty hours would make "never open" a guess; an unknown zone does not, so the check goes on in UTC.
        let zone_fault = |fault: &CalendarFault| matches!(fault.problem, CalendarProblem::Zone(_));
        if !faults.iter().all(zone_fault) {
            return Err(faults);
        }
        let zone = Zone::named(&spec.timezone).unwrap_or(Zone::utc());
        let open_time = if spec.always_open {
            OpenTime::Always
        } else {
            OpenTime::Hours(Box::new(Timeline::new(Plan::new(zone.clone(), spec))))
        };
        let calendar = Calendar { zone, open_time };
        if calendar.next_open(0).is_none() {
            faults.push(CalendarFault { path: "weekly".to_owned(), problem: CalendarProblem::NeverOpen });
        }
        if faults.is_empty() { Ok(calendar) } else { Err(faults) }
    }

    /// A calendar that is open at every instant, in UTC.
    #[must_use]
    pub const fn always() -> Calendar {
        Calendar { zone: Zone::utc(), open_time: OpenTime::Always }
    }

    /// The zone in which its dates and hours are read.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Whether the instant is open. Opening is, closing is not.
    #[must_use]
    pub fn is_open(&self, at_ms: i64) -> bool {
        self.next_open(at_ms) == Some(at_ms)
    }

    /// The earliest open instant at or after `from_ms`; none if it never opens again.
    #[must_use]
    pub fn next_open(&self, from_ms: i64) -> Option<i64> {
        match &self.open_time {
            OpenTime::Always => Some(from_ms),
            OpenTime::Hours(timeline) => timeline.next_open(from_ms),
        }
    }

    /// Open milliseconds from `from_ms` until `to_ms`; 0 if `to_ms` is not later.
    #[must_use]
    pub fn business_ms_between(&self, from_ms: i64, to_ms: i64) -> i64 {
        match &self.open_time {
            OpenTime::Always => to_ms.saturating_sub(from_ms).max(0),
            OpenTime::Hours(timeline) => timeline.open_between(from_ms, to_ms),
        }
    }

    /// The earliest instant, not before `from_ms`, with exactly `amount_ms` of open time since `from_ms`: the moment
    /// at which the amount is used up.
    ///
    /// None if so much time is never open, or the amount is negative.
    #[must_use]
    pub fn add_business_ms(&self, from_ms: i64, amount_ms: i64) -> Option<i64> {
        match (&self.open_time, amount_ms) {
            (_, ..0) => None,
            (_, 0) => Some(from_ms),
            (OpenTime::Always, _) => from_ms.checked_add(amount_ms),
            (OpenTime::Hours(timeline), _) => timeline.advance(from_ms, amount_ms),
        }
    }

    /// The latest instant with exactly `amount_ms` of open time since `from_ms`: any later one has more.
    ///
    /// It is the same as [`Calendar::add_business_ms`], but where that falls on a closing, or outside open hours, it
    /// is the next opening. None if there is no next opening, so that no more than the amount ever passes.
    #[must_use]
    pub fn latest_with_elapsed(&self, from_ms: i64, amount_ms: i64) -> Option<i64> {
        self.next_open(self.add_business_ms(from_ms, amount_ms)?)
    }

    /// The open intervals between two instants, in order, each as long as it can be, cut at both ends.
    pub fn open_intervals(&self, from_ms: i64, to_ms: i64) -> impl Iterator<Item = (i64, i64)> {
        let mut cursor = from_ms;
        std::iter::from_fn(move || {
            let start = self.next_open(cursor).filter(|start| *start < to_ms)?;
            cursor = match &self.open_time {
                OpenTime::Always => to_ms,
                OpenTime::Hours(timeline) => timeline.open_until(start, to_ms),
            };
            Some((start, cursor))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{daily, on, text, utc, weekly};
    use crate::timeline::COVERED_UNTIL_MS;

    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;

    fn office() -> Calendar {
        let weekdays = ["mon", "tue", "wed", "thu", "fri"].map(|day| (day, &["09:00-12:00", "13:30-18:00"][..]));
        Calendar::new(weekly("UTC", &weekdays)).unwrap()
    }

    #[test]
    fn time_elapsed_between_instants() {
        let office = office();
        for (from, to, elapsed) in [
            ("2026-03-02T09:00:00Z", "2026-03-02T12:00:00Z", 3 * HOUR),
            ("2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z", 0),
            ("2026-03-02T08:00:00Z", "2026-03-02T09:00:00.001Z", 1),
            ("2026-03-02T11:59:59.999Z", "2026-03-02T13:30:00.001Z", 2),
            ("2026-03-06T17:00:00Z", "2026-03-09T10:00:00Z", 2 * HOUR),
            ("2026-03-02T09:00:00Z", "2026-03-09T09:00:00Z", 5 * 7 * HOUR + 5 * HOUR / 2),
            ("2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z", 0),
            ("2026-03-02T11:00:00Z", "2026-03-02T10:00:00Z", 0),
        ] {
            assert_eq!(office.business_ms_between(utc(from), utc(to)), elapsed, "{from} to {to}");
        }
    }

    #[test]
    fn the_earliest_and_the_latest_instant_with_an_amount_elapsed() {
        let office = office();
        for (from, amount, earliest, latest) in [
            // Within an interval they are the same.
            ("2026-03-02T09:00:00Z", HOUR, "2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z"),
            ("2026-03-02T11:30:00Z", HOUR, "2026-03-02T14:00:00Z", "2026-03-02T14:00:00Z"),
            ("2026-03-02T09:00:00.250Z", 500, "2026-03-02T09:00:00.750Z", "2026-03-02T09:00:00.750Z"),
            // Used up at closing: at noon, in the evening, before the weekend.
            ("2026-03-02T09:00:00Z", 3 * HOUR, "2026-03-02T12:00:00Z", "2026-03-02T13:30:00Z"),
            ("2026-03-02T17:00:00Z", HOUR, "2026-03-02T18:00:00Z", "2026-03-03T09:00:00Z"),
            ("2026-03-06T17:59:59.999Z", 1, "2026-03-06T18:00:00Z", "2026-03-09T09:00:00Z"),
            // From a closed instant.
            ("2026-03-07T03:00:00Z", 1, "2026-03-09T09:00:00.001Z", "2026-03-09T09:00:00.001Z"),
            ("2026-03-07T03:00:00Z", 0, "2026-03-07T03:00:00Z", "2026-03-09T09:00:00Z"),
            ("2026-03-02T12:00:00Z", 0, "2026-03-02T12:00:00Z", "2026-03-02T13:30:00Z"),
            ("2026-03-02T10:00:00Z", 0, "2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z"),
            // Over many weeks and years: 37.5 h a week.
            ("2026-03-02T09:00:00Z", 375 * HOUR, "2026-05-08T18:00:00Z", "2026-05-11T09:00:00Z"),
            ("2026-03-02T09:00:00Z", 52 * 375 * HOUR / 2, "2031-02-21T18:00:00Z", "2031-02-24T09:00:00Z"),
        ] {
            let (from, case) = (utc(from), format!("{amount} ms from {from}"));
            assert_eq!(office.add_business_ms(from, amount).map(text), Some(text(utc(earliest))), "earliest, {case}");
            assert_eq!(office.latest_with_elapsed(from, amount).map(text), Some(text(utc(latest))), "latest, {case}");
        }
    }

    #[test]
    fn open_or_closed() {
        let office = office();
        for (at, open, next) in [
            ("2026-03-02T08:59:59.999Z", false, "2026-03-02T09:00:00Z"),
            ("2026-03-02T09:00:00Z", true, "2026-03-02T09:00:00Z"),
            ("2026-03-02T11:59:59.999Z", true, "2026-03-02T11:59:59.999Z"),
            ("2026-03-02T12:00:00Z", false, "2026-03-02T13:30:00Z"),
            ("2026-03-06T18:00:00Z", false, "2026-03-09T09:00:00Z"),
        ] {
            assert_eq!(office.is_open(utc(at)), open, "{at}");
            assert_eq!(office.next_open(utc(at)), Some(utc(next)), "{at}");
        }
    }

    #[test]
    fn open_intervals_are_cut_at_both_ends() {
        let found: Vec<_> =
            office().open_intervals(utc("2026-03-06T10:00:00Z"), utc("2026-03-09T09:00:00.001Z")).collect();
        let expected = [
            (utc("2026-03-06T10:00:00Z"), utc("2026-03-06T12:00:00Z")),
            (utc("2026-03-06T13:30:00Z"), utc("2026-03-06T18:00:00Z")),
            (utc("2026-03-09T09:00:00Z"), utc("2026-03-09T09:00:00.001Z")),
        ];
        assert_eq!(found, expected);
        assert_eq!(office().open_intervals(utc("2026-03-09T00:00:00Z"), utc("2026-03-09T09:00:00Z")).count(), 0);
        assert_eq!(office().open_intervals(10, 0).count(), 0);
    }

    #[test]
    fn all_day_every_day_is_one_interval_for_many_years() {
        let calendar = Calendar::new(daily("Europe/Berlin", &["00:00-24:00"])).unwrap();
        let (from, to) = (utc("2005-01-01T00:00:00Z"), utc("2037-12-31T00:00:00.500Z"));
        assert_eq!(calendar.open_intervals(from, to).collect::<Vec<_>>(), [(from, to)]);
        assert_eq!(calendar.business_ms_between(from, to), to - from);
        assert_eq!(calendar.latest_with_elapsed(from, to - from), Some(to));
    }

    #[test]
    fn always_open() {
        let spec = CalendarSpec { timezone: "Asia/Shanghai".into(), always_open: true, ..CalendarSpec::default() };
        for calendar in [Calendar::new(spec).unwrap(), Calendar::always()] {
            assert!(calendar.is_open(-5));
            assert_eq!(calendar.next_open(i64::MAX), Some(i64::MAX));
            assert_eq!(calendar.business_ms_between(-5, 10), 15);
            assert_eq!(calendar.business_ms_between(10, -5), 0);
            assert_eq!(calendar.business_ms_between(i64::MIN, i64::MAX), i64::MAX);
            assert_eq!(calendar.add_business_ms(7, 0), Some(7));
            assert_eq!(calendar.add_business_ms(7, 5), Some(12));
            assert_eq!(calendar.latest_with_elapsed(7, 5), Some(12));
            assert_eq!(calendar.add_business_ms(7, -1), None);
            assert_eq!(calendar.add_business_ms(7, i64::MAX), None);
            assert_eq!(calendar.open_intervals(3, 9).collect::<Vec<_>>(), [(3, 9)]);
            assert_eq!(calendar.open_intervals(9, 3).count(), 0);
        }
    }

    #[test]
    fn when_nothing_opens_any_more() {
        let spec = CalendarSpec { special: vec![on("2026-10-10", &["09:00-10:00"])], ..weekly("UTC", &[]) };
        let calendar = Calendar::new(spec).unwrap();
        let opening = utc("2026-10-10T09:00:00Z");
        assert_eq!(calendar.next_open(0), Some(opening));
        assert_eq!(calendar.add_business_ms(0, HOUR), Some(opening + HOUR));
        assert_eq!(calendar.add_business_ms(0, HOUR + 1), None);
        assert_eq!(calendar.latest_with_elapsed(0, HOUR - 1), Some(opening + HOUR - 1));
        assert_eq!(calendar.latest_with_elapsed(0, HOUR), None);
        assert_eq!(calendar.next_open(opening + HOUR), None);
        assert_eq!(calendar.business_ms_between(i64::MIN, i64::MAX), HOUR);
    }

    #[test]
    fn the_ends_of_the_covered_time() {
        let calendar = Calendar::new(daily("UTC", &["00:00-24:00"])).unwrap();
        assert_eq!(text(COVERED_UNTIL_MS), "2200-01-01T00:00:00Z");
        assert!(!calendar.is_open(-1) && calendar.is_open(0));
        assert!(calendar.is_open(COVERED_UNTIL_MS - 1) && !calendar.is_open(COVERED_UNTIL_MS));
        assert_eq!(calendar.next_open(i64::MIN), Some(0));
        assert_eq!(calendar.business_ms_between(i64::MIN, i64::MAX), COVERED_UNTIL_MS);
        assert_eq!(calendar.add_business_ms(-HOUR, MINUTE), Some(MINUTE));
        assert_eq!(calendar.add_business_ms(0, COVERED_UNTIL_MS), Some(COVERED_UNTIL_MS));
        assert_eq!(calendar.add_business_ms(1, COVERED_UNTIL_MS), None);
        assert_eq!(calendar.add_business_ms(HOUR, i64::MAX), None);
        assert_eq!(calendar.add_business_ms(i64::MAX, 1), None);
        assert_eq!(calendar.add_business_ms(0, -1), None);
    }

    #[test]
    fn threads_may_share_a_calendar() {
        let office = office();
        let from = utc("2026-03-02T09:00:00Z");
        let ask = || (0..1000).map(|n| office.add_business_ms(from + n * HOUR, 375 * HOUR)).collect::<Vec<_>>();
        std::thread::scope(|scope| {
            let others = [scope.spawn(ask), scope.spawn(ask)];
            for other in others {
                assert_eq!(other.join().unwrap(), ask());
            }
        });
    }
}
