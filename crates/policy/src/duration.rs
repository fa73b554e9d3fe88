//! Durations as a policy writes them: an integer and one of ms, s, m, h, d.
//!
//! Owns the spelling both ways. In memory a duration is a number of milliseconds in a field named `*_ms`.

use std::collections::BTreeMap;

use serde::Serializer;
use serde::ser::SerializeMap;

/// Units from the longest to the shortest. A day is always 24 hours.
const UNITS: [(&str, i64); 5] = [("d", DAY_MS), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Milliseconds in a day of 24 hours.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// Milliseconds in an hour.
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// The longest duration taken: ten years. It keeps every sum with an instant within range.
const MAX_MS: i64 = 3_660 * DAY_MS;

/// Milliseconds of a duration such as `15m`; the error says what to write instead.
pub fn parse_duration(text: &str) -> Result<i64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    if text.starts_with('-') {
        return Err(format!("`{text}` is negative; a duration is 0 or more"));
    }
    let Some(unit_ms) = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, ms)| *ms) else {
        return Err(format!("`{text}` is no duration; write an integer and ms, s, m, h or d, such as 15m"));
    };
    if number.is_empty() {
        return Err(format!("`{text}` is no duration; write an integer and ms, s, m, h or d, such as 15m"));
    }
    match number.parse::<i64>().ok().and_then(|count| count.checked_mul(unit_ms)) {
        Some(ms) if ms <= MAX_MS => Ok(ms),
        _ => Err(format!("`{text}` is too long; the longest duration is {}", format_duration(MAX_MS))),
    }
}

/// The duration in its longest unit that divides it: `90000` is `90s`, `0` is `0s`.
pub fn format_duration(ms: i64) -> String {
    match UNITS.iter().find(|(_, unit_ms)| ms != 0 && ms % unit_ms == 0) {
        Some((unit, unit_ms)) => format!("{}{unit}", ms / unit_ms),
        None => "0s".to_owned(),
    }
}

pub(crate) fn as_text<S: Serializer>(ms: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_duration(*ms))
}

pub(crate) fn as_optional_text<S: Serializer>(ms: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    match ms {
        Some(ms) => as_text(ms, serializer),
        None => serializer.serialize_none(),
    }
}

pub(crate) fn as_text_by_key<K, S>(map: &BTreeMap<K, i64>, serializer: S) -> Result<S::Ok, S::Error>
where
    K: serde::Serialize,
    S: Serializer,
{
    let mut entries = serializer.serialize_map(Some(map.len()))?;
    for (key, ms) in map {
        entries.serialize_entry(key, &format_duration(*ms))?;
    }
    entries.end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings() {
        for (text, ms) in
            [("0s", 0), ("1ms", 1), ("30s", 30_000), ("5m", 300_000), ("4h", 14_400_000), ("7d", 604_800_000)]
        {
            assert_eq!(parse_duration(text), Ok(ms), "{text}");
        }
    }

    #[test]
    fn refused_spellings_say_why() {
        for (text, why) in [
            ("", "no duration"),
            ("5", "no duration"),
            ("m", "no duration"),
            ("5 m", "no duration"),
            ("1.5h", "no duration"),
            ("5min", "no duration"),
            ("-5m", "negative"),
            ("5000d", "too long"),
            ("99999999999999999999d", "too long"),
        ] {
            let error = parse_duration(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in 0..=MAX_MS) {
            prop_assert_eq!(parse_duration(&format_duration(ms)), Ok(ms));
        }
    }
}
