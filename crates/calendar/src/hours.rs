//! Hours of one day as people write them, `HH:MM-HH:MM`, and the instants they stand for on a date in a zone.
//!
//! Which hours hold on a date belongs to `plan`.

use std::fmt;

use jiff::civil::Date;

use crate::zone::{DAY_MINUTES, Zone};

/// Hours of a day in minutes after local midnight, as written: `09:00-12:00` is 540 to 720.
///
/// An end before the start is on the next day (`22:00-06:00`); an end of 0 or 1440 is the midnight that ends the day.
/// They belong to the day they start on. Any value can be built, [`Hours::check`] tells whether it means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hours {
    /// First minute, 0 to 1439.
    pub start_minute: u16,
    /// The minute after the last one, 0 to 1440, never equal to the start.
    pub end_minute: u16,
}

/// Why a text or a pair of minutes gives no hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// The text has no dash between two times.
    #[error("hours `{text}` are not of the form HH:MM-HH:MM")]
    Form {
        /// What was written.
        text: String,
    },
    /// One side is no time of day.
    #[error("`{text}` is not a time of day, write HH:MM from 00:00 to 24:00")]
    TimeOfDay {
        /// What was written.
        text: String,
    },
    /// The start is 24:00 or later.
    #[error("hours start at {}, the latest start of a day is 23:59", clock(*minute))]
    Start {
        /// The minute given.
        minute: u16,
    },
    /// The end is later than 24:00.
    #[error("hours end at {}, the latest end is 24:00, write an end on the next day as its time there", clock(*minute))]
    End {
        /// The minute given.
        minute: u16,
    },
    /// Start and end are the same.
    #[error("hours start and end at {}, write 00:00-24:00 for a whole day", clock(*minute))]
    Empty {
        /// The minute given twice.
        minute: u16,
    },
}

impl Hours {
    /// Tells whether the minutes lie in a day and differ.
    ///
    /// # Errors
    /// [`HoursError::Start`], [`HoursError::End`] or [`HoursError::Empty`].
    pub fn check(self) -> Result<(), HoursError> {
        if self.start_minute >= DAY_MINUTES {
            Err(HoursError::Start { minute: self.start_minute })
        } else if self.end_minute > DAY_MINUTES {
            Err(HoursError::End { minute: self.end_minute })
        } else if self.start_minute == self.end_minute {
            Err(HoursError::Empty { minute: self.start_minute })
        } else {
            Ok(())
        }
    }

    /// The instants these hours cover when they start on `date`, as (start, end) in milliseconds.
    ///
    /// A local time that a clock change skips becomes the instant of the change, so the two may be equal; where a
    /// time occurs twice the start takes the first and the end the last.
    #[must_use]
    pub fn on(self, zone: &Zone, date: Date) -> (i64, i64) {
        let next_day = if self.end_minute < self.start_minute { DAY_MINUTES } else { 0 };
        (zone.start_ms(date, self.start_minute), zone.end_ms(date, self.end_minute.saturating_add(next_day)))
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", clock(self.start_minute), clock(self.end_minute))
    }
}

/// Reads `HH:MM-HH:MM`, both sides of two digits, the end up to `24:00`.
///
/// # Errors
/// Everything [`HoursError`] names.
pub fn parse_hours(text: &str) -> Result<Hours, HoursError> {
    let (start, end) = text.split_once('-').ok_or_else(|| HoursError::Form { text: text.to_owned() })?;
    let hours = Hours { start_minute: parse_time_of_day(start)?, end_minute: parse_time_of_day(end)? };
    hours.check()?;
    Ok(hours)
}

/// Reads `HH:MM` from `00:00` to `24:00` as minutes after midnight.
///
/// # Errors
/// [`HoursError::TimeOfDay`].
pub fn parse_time_of_day(text: &str) -> Result<u16, HoursError> {
    let minute = || {
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
        let total = hour * 60 + minute;
        (minute < 60 && total <= DAY_MINUTES).then_some(total)
    };
    minute().ok_or_else(|| HoursError::TimeOfDay { text: text.to_owned() })
}

/// `parse` alone would also take a sign or a single digit.
fn two_digits(text: &str) -> Option<u16> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_hours() {
        for (text, start_minute, end_minute) in [
            ("09:00-12:00", 540, 720),
            ("13:30-18:00", 810, 1080),
            ("22:00-06:00", 1320, 360),
            ("00:00-24:00", 0, 1440),
            ("22:00-00:00", 1320, 0),
            ("23:59-24:00", 1439, 1440),
        ] {
            let hours = Hours { start_minute, end_minute };
            assert_eq!(parse_hours(text), Ok(hours), "{text}");
            assert_eq!(hours.to_string(), text);
        }
    }

    #[test]
    fn texts_that_are_not_hours() {
        for (text, message) in [
            ("", "hours `` are not of the form HH:MM-HH:MM"),
            ("09:00", "hours `09:00` are not of the form HH:MM-HH:MM"),
            ("09:00–12:00", "hours `09:00–12:00` are not of the form HH:MM-HH:MM"),
            ("9:00-12:00", "`9:00` is not a time of day, write HH:MM from 00:00 to 24:00"),
            ("09:00-12", "`12` is not a time of day, write HH:MM from 00:00 to 24:00"),
            ("09:00 - 12:00", "`09:00 ` is not a time of day, write HH:MM from 00:00 to 24:00"),
            ("09:60-12:00", "`09:60` is not a time of day, write HH:MM from 00:00 to 24:00"),
            ("+9:00-12:00", "`+9:00` is not a time of day, write HH:MM from 00:00 to 24:00"),
            ("09:00-24:01", "`24:01` is not a time of day, write HH:MM from 00:00 to 24:00"),
            ("09:00-12:00-13:00", "`12:00-13:00` is not a time of day, write HH:MM from 00:00 to 24:00"),
            ("24:00-06:00", "hours start at 24:00, the latest start of a day is 23:59"),
            ("22:00-22:00", "hours start and end at 22:00, write 00:00-24:00 for a whole day"),
            ("00:00-00:00", "hours start and end at 00:00, write 00:00-24:00 for a whole day"),
        ] {
            assert_eq!(parse_hours(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn instants_of_a_shift() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let hour = 3_600_000;
        for (text, month, day, hours) in [
            ("18:00-03:00", 3, 2, 9),
            ("18:00-03:00", 3, 28, 8),
            ("18:00-02:30", 3, 28, 8),
            ("18:00-03:00", 10, 24, 10),
            ("00:00-24:00", 10, 25, 25),
            ("22:00-00:00", 3, 2, 2),
            ("02:00-03:00", 3, 29, 0),
        ] {
            let (start_ms, end_ms) = parse_hours(text).unwrap().on(&berlin, Date::constant(2026, month, day));
            assert_eq!(end_ms - start_ms, hours * hour, "{text} on 2026-{month}-{day}");
        }
    }

    #[test]
    fn minutes_past_the_day_are_refused() {
        let late = Hours { start_minute: 1320, end_minute: 1800 };
        assert_eq!(late.check(), Err(HoursError::End { minute: 1800 }));
        assert!(late.check().unwrap_err().to_string().starts_with("hours end at 30:00"));
    }
}
