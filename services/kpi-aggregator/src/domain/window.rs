//! The windows that rows are for: their sizes, borders, rhythm of publication, and when they are final.

use kefu_calendar::Zone;
use kefu_calendar::windows::Period;
use kefu_contracts::Timestamp;
use serde::{Deserialize, Serialize};

/// A minute in milliseconds.
pub const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How long after its window's end a row is still revised.
pub const GRACE_MS: i64 = 2 * DAY_MS;

/// The length of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Size {
    /// A minute.
    Minute,
    /// An hour of 60 minutes, in UTC.
    Hour,
    /// A local day.
    Day,
    /// A week from Monday.
    Week,
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
}

impl Size {
    /// Every size, the shortest first.
    pub const ALL: [Size; 6] = [Size::Minute, Size::Hour, Size::Day, Size::Week, Size::Month, Size::Quarter];
    /// Those for which the backlog is written even if nothing else happened.
    pub const LONG: [Size; 4] = [Size::Day, Size::Week, Size::Month, Size::Quarter];

    /// The ISO 8601 duration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Size::Minute => "PT1M",
            Size::Hour => "PT1H",
            Size::Day => "P1D",
            Size::Week => "P1W",
            Size::Month => "P1M",
            Size::Quarter => "P3M",
        }
    }

    /// Whether rows of this size are written only if something happened in them.
    pub const fn is_short(self) -> bool {
        matches!(self, Size::Minute | Size::Hour)
    }

    /// The window of this size that contains `at` in `zone`.
    pub fn window(self, zone: &Zone, at: Timestamp) -> Window {
        let local = |period: Period| {
            let found = period.window(zone, at.ms());
            (found.start_ms, found.end_ms)
        };
        let even = |length: i64| {
            let start = at.ms().div_euclid(length) * length;
            (start, start.saturating_add(length))
        };
        let (start, end) = match self {
            Size::Minute => even(MINUTE_MS),
            Size::Hour => even(HOUR_MS),
            Size::Day => local(Period::Day),
            Size::Week => local(Period::Week),
            Size::Month => local(Period::Month),
            Size::Quarter => local(Period::Quarter),
        };
        Window { size: self, start: Timestamp::from_ms(start), end: Timestamp::from_ms(end) }
    }
}

/// A half-open span of time that a row is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Window {
    /// Its length.
    pub size: Size,
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

impl Window {
    /// When its row becomes final.
    pub fn final_at(&self) -> Timestamp {
        self.end.plus_ms(GRACE_MS)
    }

    /// Whether what comes at `now` comes too late for its row.
    pub fn is_final(&self, now: Timestamp) -> bool {
        now > self.final_at()
    }

    /// When a change that arrives at `now` is to be published: at the next beat of the size's rhythm, but no later than
    /// the window's end or its finality, whichever comes next.
    pub fn publish_at(&self, zone: &Zone, now: Timestamp) -> Timestamp {
        let beat = match self.size {
            Size::Minute => beat(now, MINUTE_MS),
            Size::Hour => beat(now, 5 * MINUTE_MS),
            Size::Day => beat(now, HOUR_MS),
            Size::Week | Size::Month | Size::Quarter => Size::Day.window(zone, now.plus_ms(-1)).end,
        };
        if self.size == Size::Minute && now <= self.end {
            return self.end;
        }
        let next = if now <= self.end { self.end } else { self.final_at() };
        beat.min(next)
    }

    /// The row's key: `tenant/window_start/size/dimensions`.
    pub fn row_key(&self, tenant: &str, dimensions: &str) -> String {
        format!("{tenant}/{}/{}/{dimensions}", self.start, self.size.as_str())
    }
}

/// The dimensions in a row's key.
pub fn dimensions_of(row_key: &str) -> &str {
    row_key.splitn(4, '/').nth(3).unwrap_or_default()
}

/// The first multiple of `length_ms` at `now` or after.
pub fn beat(now: Timestamp, length_ms: i64) -> Timestamp {
    let whole = now.ms().div_euclid(length_ms) * length_ms;
    Timestamp::from_ms(if whole == now.ms() { whole } else { whole.saturating_add(length_ms) })
}

/// The minute that contains `at`, counted from 1970.
pub fn minute_of(at: Timestamp) -> i64 {
    at.ms().div_euclid(MINUTE_MS)
}

/// The first instant of a minute counted from 1970.
pub fn minute_start(minute: i64) -> Timestamp {
    Timestamp::from_ms(minute.saturating_mul(MINUTE_MS))
}

/// When nothing that counted at `last` can change an open row any more.
pub fn forgotten_at(zone: &Zone, last: Timestamp) -> Timestamp {
    Size::Quarter.window(zone, last).final_at().plus_ms(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn borders_follow_the_zone() {
        for (zone, size, instant, start, end) in [
            ("Asia/Shanghai", Size::Minute, "2026-03-02T01:02:03Z", "2026-03-02T01:02:00Z", "2026-03-02T01:03:00Z"),
            ("Asia/Kathmandu", Size::Hour, "2026-03-02T01:02:03Z", "2026-03-02T01:00:00Z", "2026-03-02T02:00:00Z"),
            ("Asia/Shanghai", Size::Day, "2026-03-01T16:00:00Z", "2026-03-01T16:00:00Z", "2026-03-02T16:00:00Z"),
            ("Asia/Shanghai", Size::Week, "2026-03-01T15:59:59Z", "2026-02-22T16:00:00Z", "2026-03-01T16:00:00Z"),
            ("Asia/Shanghai", Size::Month, "2026-02-28T16:00:00Z", "2026-02-28T16:00:00Z", "2026-03-31T16:00:00Z"),
            ("Asia/Shanghai", Size::Quarter, "2026-03-31T15:59:59Z", "2025-12-31T16:00:00Z", "2026-03-31T16:00:00Z"),
            // 23 and 25 hours, a week with a change in it, a quarter that starts and ends in other offsets
            ("America/New_York", Size::Day, "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
            ("America/New_York", Size::Day, "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"),
            ("America/New_York", Size::Week, "2026-03-08T12:00:00Z", "2026-03-02T05:00:00Z", "2026-03-09T04:00:00Z"),
            ("America/New_York", Size::Month, "2026-03-31T12:00:00Z", "2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z"),
            ("America/New_York", Size::Quarter, "2026-01-01T04:59:59Z", "2025-10-01T04:00:00Z", "2026-01-01T05:00:00Z"),
        ] {
            let window = size.window(&Zone::named(zone).unwrap(), at(instant));
            assert_eq!(window, Window { size, start: at(start), end: at(end) }, "{size:?} of {instant} in {zone}");
        }
    }

    #[test]
    fn publication_keeps_its_rhythm() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        let noon = at("2026-03-02T12:00:00Z");
        for (size, now, expected) in [
            (Size::Minute, "2026-03-02T12:00:10Z", "2026-03-02T12:01:00Z"),
            (Size::Minute, "2026-03-02T12:01:00Z", "2026-03-02T12:01:00Z"),
            (Size::Minute, "2026-03-02T12:30:10Z", "2026-03-02T12:31:00Z"),
            (Size::Hour, "2026-03-02T12:01:00Z", "2026-03-02T12:05:00Z"),
            (Size::Hour, "2026-03-02T12:58:00Z", "2026-03-02T13:00:00Z"),
            (Size::Day, "2026-03-02T12:01:00Z", "2026-03-02T13:00:00Z"),
            (Size::Day, "2026-03-02T15:30:00Z", "2026-03-02T16:00:00Z"),
            (Size::Week, "2026-03-02T12:01:00Z", "2026-03-02T16:00:00Z"),
            (Size::Quarter, "2026-03-02T16:00:00Z", "2026-03-02T16:00:00Z"),
            (Size::Quarter, "2026-04-02T15:59:30Z", "2026-04-02T16:00:00Z"),
            (Size::Quarter, "2026-04-02T16:00:00Z", "2026-04-02T16:00:00Z"),
        ] {
            let window = size.window(&zone, noon);
            assert_eq!(window.publish_at(&zone, at(now)), at(expected), "{size:?} at {now}");
        }
    }

    #[test]
    fn what_comes_48_hours_after_the_end_is_just_in_time() {
        let minute = Size::Minute.window(&Zone::utc(), at("2026-03-02T12:00:10Z"));
        assert!(!minute.is_final(at("2026-03-04T12:01:00Z")));
        assert!(minute.is_final(at("2026-03-04T12:01:00.001Z")));
    }

    #[test]
    fn a_key_names_the_row() {
        let window = Size::Day.window(&Zone::utc(), at("2026-03-02T12:00:10Z"));
        let key = window.row_key("demo", "agent=a%2F1");
        assert_eq!(key, "demo/2026-03-02T00:00:00.000Z/P1D/agent=a%2F1");
        assert_eq!(dimensions_of(&key), "agent=a%2F1");
    }
}
