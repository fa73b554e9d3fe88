//! Which instants a calendar's hours open: the rules for holidays, special days, nights and closures.
//!
//! Slow and plain; `timeline` keeps what it computes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;

use crate::hours::Hours;
use crate::intervals::{Interval, clipped, merged, without};
use crate::spec::{CalendarSpec, DateHours};
use crate::zone::Zone;

/// Hours that start this many days before a stretch of time may still reach into it: two local days, and what zones
/// differ from UTC (at most 26 h either way).
const DAYS_BEFORE: i64 = 4;
/// Local days that may begin, by UTC, before the stretch ends.
const DAYS_AFTER: i64 = 2;

#[derive(Debug)]
pub(crate) struct Plan {
    zone: Zone,
    weekly: [Vec<Hours>; 7],
    holidays: BTreeSet<Date>,
    special: BTreeMap<Date, Vec<Hours>>,
    closed: Vec<Interval>,
}

impl Plan {
    /// `spec` has been checked and is not always open.
    pub(crate) fn new(zone: Zone, spec: CalendarSpec) -> Plan {
        let closed = merged(spec.closures.iter().flat_map(|closure| instants(&zone, closure)).collect());
        let special = spec.special.into_iter().map(|special| (special.date, special.hours)).collect();
        Plan { zone, weekly: spec.weekly, holidays: spec.holidays.into_iter().collect(), special, closed }
    }

    /// The open intervals between two instants, merged.
    pub(crate) fn open_within(&self, from_ms: i64, to_ms: i64) -> Vec<Interval> {
        let utc = Zone::utc();
        let first = utc.local_date(from_ms).saturating_sub(DAYS_BEFORE.days());
        let last = utc.local_date(to_ms).saturating_add(DAYS_AFTER.days());
        let mut hours = Vec::new();
        for date in first.series(1.day()).take_while(|date| *date <= last) {
            hours.extend(self.hours_of(date).iter().map(|hours| hours.on(&self.zone, date)));
        }
        clipped(&without(&merged(hours), &self.closed), from_ms, to_ms)
    }

    /// The hours that start on a date: the special ones if there are any, none on a holiday, else the weekday's.
    fn hours_of(&self, date: Date) -> &[Hours] {
        if let Some(hours) = self.special.get(&date) {
            hours
        } else if self.holidays.contains(&date) {
            &[]
        } else {
            let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
            self.weekly.get(weekday).map_or(&[], Vec::as_slice)
        }
    }
}

fn instants(zone: &Zone, day: &DateHours) -> impl Iterator<Item = Interval> {
    day.hours.iter().map(|hours| hours.on(zone, day.date))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{daily, date, on, text, utc, weekly};

    /// What is open on some days, in minutes of UTC.
    fn open(spec: CalendarSpec, from: &str, to: &str) -> Vec<String> {
        let plan = Plan::new(Zone::named(&spec.timezone).unwrap(), spec);
        let intervals = plan.open_within(utc(&format!("{from}T00:00Z")), utc(&format!("{to}T00:00Z")));
        let minute = |at_ms| text(at_ms)[5..16].replace('T', " ");
        intervals.into_iter().map(|(start, end)| format!("{} - {}", minute(start), minute(end))).collect()
    }

    /// Two intervals on Monday and one on Wednesday; 2026-03-02 is a Monday.
    fn office(timezone: &str) -> CalendarSpec {
        weekly(timezone, &[("mon", &["09:00-12:00", "13:30-18:00"]), ("wed", &["10:00-14:00"])])
    }

    #[test]
    fn several_intervals_a_day_and_closed_days() {
        let expected = ["03-02 01:00 - 03-02 04:00", "03-02 05:30 - 03-02 10:00", "03-04 02:00 - 03-04 06:00"];
        assert_eq!(open(office("Asia/Shanghai"), "2026-03-01", "2026-03-08"), expected);
    }

    #[test]
    fn overlapping_and_adjacent_hours_count_once() {
        let spec = daily("UTC", &["13:00-18:00", "09:00-12:00", "11:00-13:00"]);
        assert_eq!(open(spec, "2026-03-02", "2026-03-03"), ["03-02 09:00 - 03-02 18:00"]);
        let spec = daily("UTC", &["00:00-24:00"]);
        assert_eq!(open(spec, "2026-03-02", "2026-03-09"), ["03-02 00:00 - 03-09 00:00"]);
    }

    #[test]
    fn a_night_belongs_to_the_day_it_starts_on() {
        let nights =
            || weekly("UTC", &[("mon", &["22:00-06:00"]), ("tue", &["22:00-06:00"]), ("wed", &["05:00-07:00"])]);
        let (monday, tuesday) = ("03-02 22:00 - 03-03 06:00", "03-03 22:00 - 03-04 07:00");
        assert_eq!(open(nights(), "2026-03-01", "2026-03-08"), [monday, tuesday]);

        let holiday = CalendarSpec { holidays: vec![date("2026-03-03")], ..nights() };
        assert_eq!(open(holiday, "2026-03-01", "2026-03-08"), [monday, "03-04 05:00 - 03-04 07:00"]);

        let special = CalendarSpec { special: vec![on("2026-03-03", &["23:00-01:00"])], ..nights() };
        let expected = [monday, "03-03 23:00 - 03-04 01:00", "03-04 05:00 - 03-04 07:00"];
        assert_eq!(open(special, "2026-03-01", "2026-03-08"), expected);

        let cut_at_midnight = open(nights(), "2026-03-02", "2026-03-03");
        assert_eq!(cut_at_midnight, ["03-02 22:00 - 03-03 00:00"]);
    }

    #[test]
    fn a_special_day_replaces_hours_and_beats_a_holiday() {
        let make_up = CalendarSpec { special: vec![on("2026-03-07", &["09:00-18:00"])], ..office("UTC") };
        assert_eq!(open(make_up, "2026-03-05", "2026-03-09"), ["03-07 09:00 - 03-07 18:00"]);

        let holidays = vec![date("2026-03-02"), date("2026-03-04")];
        let short = CalendarSpec { holidays, special: vec![on("2026-03-02", &["09:00-11:00"])], ..office("UTC") };
        assert_eq!(open(short, "2026-03-01", "2026-03-08"), ["03-02 09:00 - 03-02 11:00"]);

        let none = CalendarSpec { special: vec![on("2026-03-04", &[])], ..office("UTC") };
        let monday = ["03-02 09:00 - 03-02 12:00", "03-02 13:30 - 03-02 18:00"];
        assert_eq!(open(none, "2026-03-01", "2026-03-08"), monday);
    }

    #[test]
    fn closures_cut_instants_of_any_day() {
        let spec = CalendarSpec {
            special: vec![on("2026-03-05", &["20:00-02:00"])],
            closures: vec![
                on("2026-03-02", &["11:00-14:00", "17:00-17:30"]),
                on("2026-03-05", &["22:00-01:00"]),
                on("2026-03-03", &["10:00-11:00"]),
            ],
            ..office("UTC")
        };
        let expected = [
            "03-02 09:00 - 03-02 11:00",
            "03-02 14:00 - 03-02 17:00",
            "03-02 17:30 - 03-02 18:00",
            "03-04 10:00 - 03-04 14:00",
            "03-05 20:00 - 03-05 22:00",
            "03-06 01:00 - 03-06 02:00",
        ];
        assert_eq!(open(spec, "2026-03-01", "2026-03-08"), expected);
    }

    #[test]
    fn clock_changes() {
        for (timezone, texts, day, expected) in [
            // Berlin skips 02:00 to 03:00 on 2025-03-30.
            ("Europe/Berlin", "02:30-05:00", "2025-03-30", vec!["03-30 01:00 - 03-30 03:00"]),
            ("Europe/Berlin", "01:00-02:30", "2025-03-30", vec!["03-30 00:00 - 03-30 01:00"]),
            ("Europe/Berlin", "02:00-03:00", "2025-03-30", vec![]),
            // Berlin repeats 02:00 to 03:00 on 2025-10-26.
            ("Europe/Berlin", "02:30-04:00", "2025-10-26", vec!["10-26 00:30 - 10-26 03:00"]),
            ("Europe/Berlin", "01:00-02:00", "2025-10-26", vec!["10-25 23:00 - 10-26 01:00"]),
            ("Europe/Berlin", "02:00-03:00", "2025-10-26", vec!["10-26 00:00 - 10-26 02:00"]),
            ("Europe/Berlin", "22:00-02:30", "2025-10-25", vec!["10-25 20:00 - 10-26 01:30"]),
            // Lord Howe moves by half an hour.
            ("Australia/Lord_Howe", "00:00-24:00", "2025-10-05", vec!["10-04 13:30 - 10-05 13:00"]),
            ("Australia/Lord_Howe", "00:00-24:00", "2025-04-06", vec!["04-05 13:00 - 04-06 13:30"]),
            // Samoa had no 2011-12-30.
            ("Pacific/Apia", "09:00-17:00", "2011-12-30", vec![]),
            ("Pacific/Apia", "22:00-06:00", "2011-12-29", vec!["12-30 08:00 - 12-30 10:00"]),
        ] {
            let spec = CalendarSpec { special: vec![on(day, &[texts])], ..weekly(timezone, &[]) };
            let year = &day[..4];
            let found = open(spec, &format!("{year}-01-01"), &format!("{year}-12-31"));
            assert_eq!(found, expected, "{texts} on {day} in {timezone}");
        }
    }

    #[test]
    fn hours_of_local_days_far_from_utc() {
        // Local Monday in Pago Pago (UTC-11) starts its night two UTC dates before it ends.
        let long_night = || weekly("Pacific/Pago_Pago", &[("mon", &["23:00-22:00"])]);
        assert_eq!(open(long_night(), "2026-03-04", "2026-03-05"), ["03-04 00:00 - 03-04 09:00"]);
        // At noon of Monday in UTC it is Tuesday on Kiritimati (UTC+14).
        let spec = weekly("Pacific/Kiritimati", &[("tue", &["00:00-24:00"])]);
        let plan = Plan::new(Zone::named(&spec.timezone).unwrap(), spec);
        let (opening, noon) = (utc("2026-03-02T10:00Z"), utc("2026-03-02T12:00Z"));
        assert_eq!(plan.open_within(noon - 24 * 3_600_000, noon), [(opening, noon)]);
    }

    #[test]
    fn a_closure_over_a_repeated_hour_takes_both() {
        let closures = vec![on("2025-10-26", &["02:00-03:00"])];
        let spec = CalendarSpec { closures, ..weekly("Europe/Berlin", &[("sun", &["00:00-06:00"])]) };
        let expected = ["10-25 22:00 - 10-26 00:00", "10-26 02:00 - 10-26 05:00"];
        assert_eq!(open(spec, "2025-10-24", "2025-10-28"), expected);
    }
}
