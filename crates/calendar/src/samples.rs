//! Short ways to write calendars and instants in tests.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::hours::{Hours, parse_hours};
use crate::spec::{CalendarSpec, DateHours, WEEKDAYS};

pub(crate) fn hours(texts: &[&str]) -> Vec<Hours> {
    texts.iter().map(|text| parse_hours(text).unwrap()).collect()
}

pub(crate) fn date(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn on(day: &str, texts: &[&str]) -> DateHours {
    DateHours { date: date(day), hours: hours(texts) }
}

/// A calendar with the given weekday hours and nothing else.
pub(crate) fn weekly(timezone: &str, days: &[(&str, &[&str])]) -> CalendarSpec {
    let mut spec = CalendarSpec { timezone: timezone.to_owned(), ..CalendarSpec::default() };
    for (day, texts) in days {
        let n = WEEKDAYS.iter().position(|name| name == day).unwrap();
        spec.weekly[n] = hours(texts);
    }
    spec
}

/// The same hours from Monday to Sunday.
pub(crate) fn daily(timezone: &str, texts: &[&str]) -> CalendarSpec {
    weekly(timezone, &WEEKDAYS.map(|day| (day, texts)))
}

pub(crate) fn utc(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

pub(crate) fn text(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).unwrap().to_string()
}
