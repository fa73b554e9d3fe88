//! Single values: texts, numbers, words of closed sets, durations, dates.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use jiff::civil::Date;

use super::{At, Report, entries};
use crate::duration::parse_duration;
use crate::source::Value;

/// The longest text taken, in characters.
const TEXT_MAX: usize = 2_000;
/// The longest id or name, in characters.
const ID_MAX: usize = 64;

pub(crate) fn text(at: &At<'_>, report: &mut Report) -> Option<String> {
    match &at.node.value {
        Value::Text(text) if text.trim().is_empty() => report.refuse(at, "an empty text; write one or leave it out"),
        Value::Text(text) if text.chars().count() > TEXT_MAX => {
            report.refuse(at, format!("a text of more than {TEXT_MAX} characters; shorten it"))
        }
        Value::Text(text) => Some(text.clone()),
        other => report.refuse(at, format!("{} where a text is expected; quote it", other.describe())),
    }
}

/// A name that becomes part of ids: no `/`, `#`, control character or surrounding space.
pub(crate) fn id(at: &At<'_>, report: &mut Report) -> Option<String> {
    let id = text(at, report)?;
    if id.chars().count() > ID_MAX {
        return report.refuse(at, format!("a name of more than {ID_MAX} characters; shorten it"));
    }
    if id.trim() != id || id.contains(|c: char| c == '/' || c == '#' || c.is_control()) {
        return report.refuse(at, format!("`{id}` cannot be a name; leave out `/`, `#` and surrounding spaces"));
    }
    Some(id)
}

pub(crate) fn integer(at: &At<'_>, report: &mut Report) -> Option<i64> {
    match &at.node.value {
        Value::Integer(number) => Some(*number),
        other => report.refuse(at, format!("{} where an integer is expected", other.describe())),
    }
}

pub(crate) fn boolean(at: &At<'_>, report: &mut Report) -> Option<bool> {
    match &at.node.value {
        Value::Boolean(value) => Some(*value),
        other => report.refuse(at, format!("{} where true or false is expected", other.describe())),
    }
}

/// A word of a closed set.
pub(crate) fn word<T>(at: &At<'_>, report: &mut Report) -> Option<T>
where
    T: FromStr,
    T::Err: Display,
{
    match &at.node.value {
        Value::Text(word) => match word.parse() {
            Ok(word) => Some(word),
            Err(error) => report.refuse(at, error),
        },
        other => report.refuse(at, format!("{} where a word is expected", other.describe())),
    }
}

/// A duration in milliseconds, 0 or more.
pub(crate) fn duration(at: &At<'_>, report: &mut Report) -> Option<i64> {
    match &at.node.value {
        Value::Text(text) => match parse_duration(text) {
            Ok(ms) => Some(ms),
            Err(error) => report.refuse(at, error),
        },
        Value::Integer(number) if *number < 0 => {
            report.refuse(at, format!("{number} is negative; a duration is 0 or more"))
        }
        other => report.refuse(
            at,
            format!("{} is no duration; write an integer and ms, s, m, h or d, such as 15m", other.describe()),
        ),
    }
}

/// A duration in milliseconds, more than 0.
pub(crate) fn positive_duration(at: &At<'_>, report: &mut Report) -> Option<i64> {
    match duration(at, report)? {
        0 => report.refuse(at, "a duration of 0; write a longer one or leave it out"),
        ms => Some(ms),
    }
}

pub(crate) fn date(at: &At<'_>, report: &mut Report) -> Option<Date> {
    let written = text(at, report)?;
    // Dates only: the library would also take the date out of a longer text.
    let parsed = if written.len() == "2026-10-01".len() { written.parse::<Date>().ok() } else { None };
    match parsed {
        Some(date) => Some(date),
        None => report.refuse(at, format!("`{written}` is no date; write it as 2026-10-01")),
    }
}

/// A section whose keys are words of a closed set and whose values are durations of more than 0.
pub(crate) fn time_to<K>(at: &At<'_>, report: &mut Report) -> Option<BTreeMap<K, i64>>
where
    K: FromStr + Ord,
    K::Err: Display,
{
    let mut times = BTreeMap::new();
    for (key, at) in entries(at, report) {
        let ms = positive_duration(&at, report);
        match key.parse::<K>() {
            Ok(key) => times.extend(ms.map(|ms| (key, ms))),
            Err(error) => report.refuse::<()>(&at, error).unwrap_or_default(),
        }
    }
    Some(times)
}
