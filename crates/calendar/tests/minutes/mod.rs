//! The oracle: some weeks of a calendar minute by minute, from local wall-clock readings alone.
//!
//! It shares no code with the crate but the plain data of `CalendarSpec`: it never converts a local time to an
//! instant, it looks up at which minutes the wall clock showed it.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use kefu_calendar::{CalendarSpec, Hours};

pub(crate) const MINUTE_MS: i64 = 60_000;
const DAY: i64 = 1440;
/// Days on each side of the middle that are known, and those of them near the edge that may not be asked about.
const REACH: i64 = 11;
const EDGE: i64 = 4;

pub(crate) struct Minutes {
    first: i64,
    /// Of each UTC minute, the local date and time as minutes since local 1970-01-01T00:00.
    wall: Vec<i64>,
    /// The first and the last minute that showed a wall-clock time.
    shown: HashMap<i64, (i64, i64)>,
    open: Vec<bool>,
}

impl Minutes {
    pub(crate) fn around(zone: &TimeZone, middle_ms: i64) -> Minutes {
        let first = middle_ms.div_euclid(MINUTE_MS * DAY) * DAY - REACH * DAY;
        let minutes = first..first + 2 * REACH * DAY;
        let mut wall = Vec::new();
        let mut shown = HashMap::new();
        let mut offset = (first, offset_minutes(zone, first));
        for minute in minutes {
            // Reading the zone for each minute is slow; an hour whose ends agree has no change inside.
            if minute % 60 == 0 && offset_minutes(zone, minute + 60) == offset_minutes(zone, minute) {
                offset = (minute + 60, offset_minutes(zone, minute));
            } else if minute >= offset.0 {
                offset.1 = offset_minutes(zone, minute);
            }
            wall.push(minute + offset.1);
            shown.entry(minute + offset.1).or_insert((minute, minute)).1 = minute;
        }
        let open = vec![false; wall.len()];
        Minutes { first, wall, shown, open }
    }

    pub(crate) fn of_calendar(zone: &TimeZone, spec: &CalendarSpec, middle_ms: i64) -> Minutes {
        let mut minutes = Minutes::around(zone, middle_ms);
        let epoch = Date::constant(1970, 1, 1);
        for day in minutes.wall[0] / DAY..=minutes.wall[minutes.wall.len() - 1] / DAY {
            let date = epoch + day.days();
            let special = spec.special.iter().find(|special| special.date == date);
            let hours = match special {
                Some(special) => &special.hours[..],
                None if spec.holidays.contains(&date) => &[],
                None => &spec.weekly[(day + 3).rem_euclid(7) as usize],
            };
            minutes.set(day, hours, true);
        }
        for closure in &spec.closures {
            minutes.set(i64::from((closure.date - epoch).get_days()), &closure.hours, false);
        }
        minutes
    }

    fn set(&mut self, day: i64, hours: &[Hours], open: bool) {
        for hours in hours {
            let (start, mut end) = (i64::from(hours.start_minute), i64::from(hours.end_minute));
            if end < start {
                end += DAY;
            }
            let start = self.shown_at(day * DAY + start, |(first, _)| first);
            let end = self.shown_at(day * DAY + end, |(_, last)| last);
            let last = self.first + self.open.len() as i64;
            for minute in start.clamp(self.first, last)..end.clamp(self.first, last) {
                self.open[(minute - self.first) as usize] = open;
            }
        }
    }

    /// The minute that showed a wall-clock time, or the first that showed a later one if none did.
    fn shown_at(&self, wall: i64, choose: impl Fn((i64, i64)) -> i64) -> i64 {
        if let Some(both) = self.shown.get(&wall) {
            return choose(*both);
        }
        let later = self.wall.iter().position(|shown| *shown > wall);
        self.first + later.unwrap_or(self.wall.len()) as i64
    }

    /// The instants that may be asked about.
    pub(crate) fn known_ms(&self) -> (i64, i64) {
        let start = (self.first + EDGE * DAY) * MINUTE_MS;
        (start, start + 2 * (REACH - EDGE) * DAY * MINUTE_MS)
    }

    pub(crate) fn is_open(&self, at_ms: i64) -> bool {
        self.open[(at_ms.div_euclid(MINUTE_MS) - self.first) as usize]
    }

    pub(crate) fn elapsed(&self, from_ms: i64, to_ms: i64) -> i64 {
        let mut elapsed = 0;
        let mut at = from_ms;
        while at < to_ms {
            let next = next_minute(at).min(to_ms);
            if self.is_open(at) {
                elapsed += next - at;
            }
            at = next;
        }
        elapsed
    }

    /// The earliest instant with an amount elapsed, if it is among the known ones.
    pub(crate) fn earliest(&self, from_ms: i64, amount_ms: i64) -> Option<i64> {
        let mut left = amount_ms;
        let mut at = from_ms;
        while left > 0 && at < self.known_ms().1 {
            let next = next_minute(at);
            if self.is_open(at) {
                if left <= next - at {
                    return Some(at + left);
                }
                left -= next - at;
            }
            at = next;
        }
        (left == 0).then_some(at)
    }

    /// The first open instant at or after another, if it is among the known ones.
    pub(crate) fn next_open(&self, from_ms: i64) -> Option<i64> {
        let mut at = from_ms;
        while at < self.known_ms().1 {
            if self.is_open(at) {
                return Some(at);
            }
            at = next_minute(at);
        }
        None
    }
}

fn next_minute(at_ms: i64) -> i64 {
    (at_ms.div_euclid(MINUTE_MS) + 1) * MINUTE_MS
}

fn offset_minutes(zone: &TimeZone, minute: i64) -> i64 {
    let at = Timestamp::from_second(minute * 60).unwrap();
    i64::from(zone.to_offset(at).seconds() / 60)
}
