//! Calendar windows: the day, ISO week, month or quarter of a zone that contains an instant.
//!
//! Windows of one period follow each other without gap or overlap, whatever the clocks do. What is counted in them
//! belongs elsewhere.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::zone::Zone;

/// Length of a calendar window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Period {
    /// A local day, 23 to 25 hours where clocks change.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// Three months from January, April, July or October.
    Quarter,
}

/// A half-open span of time between two local midnights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// First millisecond.
    pub start_ms: i64,
    /// The millisecond after the last, which starts the following window.
    pub end_ms: i64,
}

impl Period {
    /// The window that contains `at_ms` in `zone`.
    ///
    /// A window starts with the first occurrence of local midnight, or with the clock change that skips it. Where
    /// clocks go back over midnight, the repeated end of the day counts to the day already begun.
    #[must_use]
    pub fn window(self, zone: &Zone, at_ms: i64) -> Window {
        let first = self.first_date(zone.local_date(at_ms));
        let following = self.following(first);
        let (start_ms, end_ms) = (zone.start_ms(first, 0), zone.start_ms(following, 0));
        if at_ms < end_ms {
            Window { start_ms, end_ms }
        } else {
            Window { start_ms: end_ms, end_ms: zone.start_ms(self.following(following), 0) }
        }
    }

    fn first_date(self, date: Date) -> Date {
        match self {
            Period::Day => date,
            Period::Week => date.saturating_sub(date.weekday().to_monday_zero_offset().days()),
            Period::Month => date.first_of_month(),
            Period::Quarter => date.first_of_month().saturating_sub(((date.month() - 1) % 3).months()),
        }
    }

    fn following(self, first: Date) -> Date {
        first.saturating_add(match self {
            Period::Day => 1.day(),
            Period::Week => 1.week(),
            Period::Month => 1.month(),
            Period::Quarter => 3.months(),
        })
    }
}

/// The start of the local day that contains `at_ms`.
#[must_use]
pub fn day_start(zone: &Zone, at_ms: i64) -> i64 {
    Period::Day.window(zone, at_ms).start_ms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::utc;

    #[test]
    fn windows_around_an_instant() {
        use Period::{Day, Month, Quarter, Week};
        for (zone, period, at, start, end) in [
            ("UTC", Day, "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"),
            ("UTC", Day, "2026-03-01T23:59:59.999Z", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"),
            ("Asia/Shanghai", Day, "2026-03-02T15:59:59.999Z", "2026-03-01T16:00:00Z", "2026-03-02T16:00:00Z"),
            ("Asia/Shanghai", Week, "2026-03-01T15:59:59.999Z", "2026-02-22T16:00:00Z", "2026-03-01T16:00:00Z"),
            ("Asia/Shanghai", Week, "2026-03-01T16:00:00Z", "2026-03-01T16:00:00Z", "2026-03-08T16:00:00Z"),
            ("Asia/Shanghai", Week, "2026-01-01T00:00:00Z", "2025-12-28T16:00:00Z", "2026-01-04T16:00:00Z"),
            ("Asia/Kathmandu", Month, "2028-02-29T12:00:00Z", "2028-01-31T18:15:00Z", "2028-02-29T18:15:00Z"),
            ("America/New_York", Quarter, "2026-03-31T12:00:00Z", "2026-01-01T05:00:00Z", "2026-04-01T04:00:00Z"),
            ("America/New_York", Quarter, "2026-12-31T12:00:00Z", "2026-10-01T04:00:00Z", "2027-01-01T05:00:00Z"),
            // Days of 23 and 25 hours.
            ("Europe/Berlin", Day, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            ("Europe/Berlin", Day, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
            // Midnight skipped, midnight repeated, a date skipped.
            ("Africa/Cairo", Day, "2026-04-24T12:00:00Z", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"),
            ("America/Havana", Day, "2025-11-02T12:00:00Z", "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"),
            ("Pacific/Apia", Day, "2011-12-30T09:00:00Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"),
            ("Pacific/Apia", Day, "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"),
            // At 00:01 clocks went back to 23:01 of 2010-11-06, while 2010-11-07 had begun.
            ("America/St_Johns", Day, "2010-11-07T02:30:30Z", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z"),
            ("America/St_Johns", Day, "2010-11-07T03:00:00Z", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z"),
        ] {
            let window = period.window(&Zone::named(zone).unwrap(), utc(at));
            assert_eq!(window, Window { start_ms: utc(start), end_ms: utc(end) }, "{period:?} of {at} in {zone}");
        }
    }

    #[test]
    fn day_start_is_the_start_of_the_day_window() {
        assert_eq!(day_start(&Zone::utc(), utc("2026-03-02T13:14:15.678Z")), utc("2026-03-02T00:00:00Z"));
    }
}
