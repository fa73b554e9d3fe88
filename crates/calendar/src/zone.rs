//! A time zone: instants to local dates, local dates and times to instants.
//!
//! Owns the two rules for clock changes: a skipped local time becomes the instant of the change, a repeated one its
//! first occurrence where something starts and its last where something ends.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};

pub(crate) const DAY_MINUTES: u16 = 24 * 60;
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// A zone of the IANA database. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// A name that the zone database does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone `{name}`, write an IANA name such as Asia/Shanghai")]
pub struct UnknownZone {
    /// The name given.
    pub name: String,
}

impl Zone {
    /// The zone of an IANA name such as `Asia/Shanghai`; upper and lower case are the same.
    ///
    /// # Errors
    /// [`UnknownZone`] if the database has no such name.
    pub fn named(name: &str) -> Result<Zone, UnknownZone> {
        let found = TimeZoneDatabase::bundled().get(name);
        // `Etc/Unknown` is a zone to the database, for readers who must go on; to a policy it is a mistake.
        let known = found.ok().filter(|zone| !zone.is_unknown());
        known.map(Zone).ok_or_else(|| UnknownZone { name: name.to_owned() })
    }

    /// Coordinated universal time.
    #[must_use]
    pub const fn utc() -> Zone {
        Zone(TimeZone::UTC)
    }

    /// The IANA name, as the database spells it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The local date at an instant. Instants outside the years -9999 to 9999 count as the nearest inside.
    #[must_use]
    pub fn local_date(&self, at_ms: i64) -> Date {
        self.0.to_datetime(timestamp(at_ms)).date()
    }

    /// The instant at which something starts that starts at `minute` after midnight of `date`, local time.
    ///
    /// 1440 and more run into the next days.
    #[must_use]
    pub fn start_ms(&self, date: Date, minute: u16) -> i64 {
        self.instant_ms(date, minute, |before, _| before)
    }

    /// The instant at which something ends that ends at `minute` after midnight of `date`, local time.
    ///
    /// 1440 and more run into the next days.
    #[must_use]
    pub fn end_ms(&self, date: Date, minute: u16) -> i64 {
        self.instant_ms(date, minute, |_, after| after)
    }

    /// `repeated` picks the offset, of those before and after the change, where the local time occurs twice.
    fn instant_ms(&self, date: Date, minute: u16, repeated: impl Fn(Offset, Offset) -> Offset) -> i64 {
        let local = date.to_datetime(Time::midnight()).saturating_add(i64::from(minute).minutes());
        let local_ms = EPOCH.duration_until(local).as_secs() * 1000;
        match self.0.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => local_ms - offset_ms(offset),
            AmbiguousOffset::Fold { before, after } => local_ms - offset_ms(repeated(before, after)),
            AmbiguousOffset::Gap { before, after } => {
                // Read with the later offset, a skipped time lies before the change; with the earlier one, not.
                let change = self.0.following(timestamp(local_ms - offset_ms(after))).next();
                change.map_or(local_ms - offset_ms(before), |change| change.timestamp().as_millisecond())
            }
        }
    }
}

/// Days from one local date to another, negative if `to` is the earlier.
#[must_use]
pub fn days_between(from: Date, to: Date) -> i64 {
    from.duration_until(to).as_hours() / 24
}

fn offset_ms(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * 1000
}

fn timestamp(at_ms: i64) -> Timestamp {
    let nearest = if at_ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(at_ms).unwrap_or(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::utc;
    use jiff::civil::date;

    #[test]
    fn names() {
        assert_eq!(Zone::named("Asia/Shanghai").unwrap().name(), "Asia/Shanghai");
        assert_eq!(Zone::named("asia/shanghai").unwrap().name(), "Asia/Shanghai");
        assert_eq!(Zone::named("UTC").unwrap().name(), "UTC");
        assert_eq!(Zone::utc().name(), "UTC");
        for name in ["", "Asia/Shangai", "+08:00", "Etc/Unknown", "../UTC"] {
            let message = format!("unknown time zone `{name}`, write an IANA name such as Asia/Shanghai");
            assert_eq!(Zone::named(name).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_local_time_as_start_and_as_end() {
        for (zone, day, minute, start, end) in [
            ("Asia/Shanghai", date(2026, 3, 2), 540, "2026-03-02T01:00:00Z", "2026-03-02T01:00:00Z"),
            ("Asia/Kathmandu", date(2026, 3, 2), 0, "2026-03-01T18:15:00Z", "2026-03-01T18:15:00Z"),
            ("UTC", date(2026, 2, 28), 1440, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            ("UTC", date(2026, 2, 28), 1800, "2026-03-01T06:00:00Z", "2026-03-01T06:00:00Z"),
            // Skipped: 02:00 to 03:00, 02:00 to 02:30, midnight to 01:00, and a whole day.
            ("Europe/Berlin", date(2026, 3, 29), 119, "2026-03-29T00:59:00Z", "2026-03-29T00:59:00Z"),
            ("Europe/Berlin", date(2026, 3, 29), 120, "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", date(2026, 3, 29), 150, "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", date(2026, 3, 29), 180, "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"),
            ("Australia/Lord_Howe", date(2026, 10, 4), 135, "2026-10-03T15:30:00Z", "2026-10-03T15:30:00Z"),
            ("Africa/Cairo", date(2026, 4, 24), 0, "2026-04-23T22:00:00Z", "2026-04-23T22:00:00Z"),
            ("Pacific/Apia", date(2011, 12, 30), 720, "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"),
            // Repeated: 02:00 to 03:00, 01:30 to 02:00, and midnight itself.
            ("Europe/Berlin", date(2026, 10, 25), 120, "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"),
            ("Europe/Berlin", date(2026, 10, 25), 150, "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
            ("Europe/Berlin", date(2026, 10, 25), 180, "2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z"),
            ("Australia/Lord_Howe", date(2026, 4, 5), 105, "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"),
            ("America/Havana", date(2025, 11, 2), 0, "2025-11-02T04:00:00Z", "2025-11-02T05:00:00Z"),
        ] {
            let zone = Zone::named(zone).unwrap();
            assert_eq!(zone.start_ms(day, minute), utc(start), "start of {} {day} {minute}", zone.name());
            assert_eq!(zone.end_ms(day, minute), utc(end), "end of {} {day} {minute}", zone.name());
        }
    }

    #[test]
    fn local_dates_and_days_between() {
        let apia = Zone::named("Pacific/Apia").unwrap();
        assert_eq!(apia.local_date(utc("2011-12-30T09:59:59.999Z")), date(2011, 12, 29));
        assert_eq!(apia.local_date(utc("2011-12-30T10:00:00Z")), date(2011, 12, 31));
        assert_eq!(Zone::utc().local_date(-1), date(1969, 12, 31));
        assert_eq!(days_between(date(2026, 3, 2), date(2026, 3, 30)), 28);
        assert_eq!(days_between(date(2026, 3, 30), date(2026, 3, 2)), -28);
        assert_eq!(days_between(date(2027, 12, 31), date(2029, 1, 1)), 367);
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        let apia = Zone::named("Pacific/Apia").unwrap();
        assert_eq!(apia.local_date(i64::MAX).year(), 9999);
        assert_eq!(apia.local_date(i64::MIN).year(), -9999);
        assert!(apia.start_ms(Date::MIN, 0) < apia.end_ms(Date::MAX, u16::MAX));
    }
}
