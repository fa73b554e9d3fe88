//! Laws that hold over years: of amounts and instants, and of windows.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod strategies;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kefu_calendar::windows::{Period, day_start};
use kefu_calendar::{Calendar, Zone};
use proptest::prelude::*;

const DAY_MS: i64 = 24 * 3_600_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn amounts_and_instants_agree_over_years(
        (from, spec) in strategies::zone()
            .prop_flat_map(|zone| (strategies::middle_ms(&zone), Just(zone)))
            .prop_flat_map(|(middle, zone)| (Just(middle), strategies::spec(zone, middle))),
        amount in 1..400 * DAY_MS,
        span in 1..2000 * DAY_MS,
    ) {
        prop_assume!(spec.weekly.iter().any(|hours| !hours.is_empty()));
        let calendar = Calendar::new(spec).unwrap();
        if let Some(earliest) = calendar.add_business_ms(from, amount) {
            prop_assert_eq!(calendar.business_ms_between(from, earliest), amount);
            prop_assert_eq!(calendar.business_ms_between(from, earliest - 1), amount - 1);
        }
        if let Some(latest) = calendar.latest_with_elapsed(from, amount) {
            prop_assert_eq!(calendar.business_ms_between(from, latest), amount);
            prop_assert_eq!(calendar.business_ms_between(from, latest + 1), amount + 1);
        }

        let (middle, to) = (from + span / 3, from + span);
        let parts = calendar.business_ms_between(from, middle) + calendar.business_ms_between(middle, to);
        prop_assert_eq!(calendar.business_ms_between(from, to), parts);

        let intervals: Vec<_> = calendar.open_intervals(from, to).collect();
        prop_assert_eq!(intervals.iter().map(|(start, end)| end - start).sum::<i64>(), parts);
        prop_assert!(intervals.iter().all(|(start, end)| from <= *start && start < end && *end <= to));
        prop_assert!(intervals.windows(2).all(|pair| pair[0].1 < pair[1].0), "apart and in order");
    }

    #[test]
    fn a_window_holds_one_day_week_month_or_quarter(
        (zone, at) in strategies::zone().prop_flat_map(|zone| (Just(zone.clone()), strategies::middle_ms(&zone))),
        moved in -3 * DAY_MS..3 * DAY_MS,
    ) {
        let at = at + moved;
        let named = Zone::named(zone.iana_name().unwrap()).unwrap();
        prop_assert_eq!(named.local_date(at), local_date(&zone, at));
        for period in [Period::Day, Period::Week, Period::Month, Period::Quarter] {
            let window = period.window(&named, at);
            prop_assert!(window.start_ms <= at && at < window.end_ms, "{:?} {:?}", period, window);
            let of = |at_ms| identity(period, local_date(&zone, at_ms));
            prop_assert_ne!(of(window.start_ms - 1), of(at), "{:?}", period);
            prop_assert_eq!(of(window.start_ms), of(at), "{:?}", period);
            prop_assert_eq!(of(window.end_ms - 1), of(at), "{:?}", period);
            prop_assert_ne!(of(window.end_ms), of(at), "{:?}", period);
            prop_assert_eq!(period.window(&named, window.end_ms).start_ms, window.end_ms, "{:?}", period);
        }
        prop_assert_eq!(day_start(&named, at), Period::Day.window(&named, at).start_ms);
    }
}

/// What all dates of one window share, and those of no other.
fn identity(period: Period, date: Date) -> (i16, i16) {
    match period {
        Period::Day => (date.year(), date.day_of_year()),
        Period::Week => (date.iso_week_date().year(), i16::from(date.iso_week_date().week())),
        Period::Month => (date.year(), i16::from(date.month())),
        Period::Quarter => (date.year(), i16::from((date.month() - 1) / 3)),
    }
}

/// The calendar day of an instant, read from the zone itself.
fn local_date(zone: &TimeZone, at_ms: i64) -> Date {
    zone.to_datetime(Timestamp::from_millisecond(at_ms).unwrap()).date()
}
