//! Random zones, instants that matter in them, and calendars around such an instant.

use std::ops::Range;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};
use kefu_calendar::{CalendarSpec, DateHours, Hours};
use proptest::collection::vec;
use proptest::prelude::*;

const DAY_MS: i64 = 24 * 3_600_000;
const YEARS: Range<i64> = 1_104_537_600_000..2_145_916_800_000; // 2005-01-01 to 2038-01-01

/// Whole and half hours of change, midnight changes, months of change, a skipped date, no change.
const ZONES: [&str; 12] = [
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "UTC",
    "Africa/Cairo",
    "America/Havana",
    "America/Sao_Paulo",
    "Asia/Tehran",
];

pub(crate) fn zone() -> impl Strategy<Value = TimeZone> {
    proptest::sample::select(&ZONES[..]).prop_map(|name| TimeZoneDatabase::bundled().get(name).unwrap())
}

/// Any time, near a change of clocks, or where a calendar's stretches of 366 days meet.
pub(crate) fn middle_ms(zone: &TimeZone) -> impl Strategy<Value = i64> + use<> {
    let since = Timestamp::from_millisecond(YEARS.start).unwrap();
    let changes = zone.following(since).map(|change| change.timestamp().as_millisecond());
    let changes: Vec<i64> = changes.take_while(|at| *at < YEARS.end).collect();
    let near_change = if changes.is_empty() { YEARS.boxed() } else { proptest::sample::select(changes).boxed() };
    let seams = YEARS.start / (366 * DAY_MS) + 1..YEARS.end / (366 * DAY_MS);
    prop_oneof![1 => YEARS, 3 => near_change, 1 => seams.prop_map(|n| n * 366 * DAY_MS)]
}

fn hours() -> impl Strategy<Value = Hours> {
    // Most changes of clocks happen before four in the morning.
    let start = prop_oneof![0..1440_u16, (0..16_u16).prop_map(|quarter| quarter * 15)];
    let end = prop_oneof![0..=1440_u16, (0..16_u16).prop_map(|quarter| quarter * 15), Just(1440)];
    let any = (start, end).prop_map(|(start_minute, end_minute)| Hours { start_minute, end_minute });
    any.prop_filter("hours end at another minute than they start", |hours| hours.start_minute != hours.end_minute)
}

/// A calendar whose single dates lie within a week of an instant.
pub(crate) fn spec(zone: TimeZone, middle_ms: i64) -> impl Strategy<Value = CalendarSpec> {
    let middle = zone.to_datetime(Timestamp::from_millisecond(middle_ms).unwrap()).date();
    let timezone = zone.iana_name().unwrap().to_owned();
    let date = move || (-7..=7_i64).prop_map(move |days| middle + days.days());
    let on =
        move |count: Range<usize>| (date(), vec(hours(), count)).prop_map(|(date, hours)| DateHours { date, hours });
    let weekly = proptest::array::uniform7(vec(hours(), 0..4));
    let parts = (weekly, vec(date(), 0..4), vec(on(0..3), 0..4), vec(on(1..3), 0..4));
    parts.prop_map(move |(weekly, holidays, mut special, closures)| {
        special.sort_by_key(|special| special.date);
        special.dedup_by_key(|special| special.date);
        CalendarSpec { timezone: timezone.clone(), always_open: false, weekly, holidays, special, closures }
    })
}
