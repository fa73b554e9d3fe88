//! What a calendar is told: the `calendars` section of a policy as plain data, and every fault in it.
//!
//! Reading the section from YAML, TOML or JSON belongs to whoever reads policies.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::hours::{Hours, HoursError};
use crate::zone::{UnknownZone, Zone};

/// Names of the days of [`CalendarSpec::weekly`], in its order.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Most intervals that one day may list; it bounds what a calendar keeps in memory.
pub const MAX_HOURS_PER_DAY: usize = 48;

/// The parts of a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CalendarSpec {
    /// IANA name of the zone in which dates and hours are read.
    pub timezone: String,
    /// Open at every instant; then nothing below may be given.
    pub always_open: bool,
    /// Hours of each weekday from Monday to Sunday; a day without hours is closed. Overlapping hours count once.
    pub weekly: [Vec<Hours>; 7],
    /// Dates on which no hours start.
    pub holidays: Vec<Date>,
    /// Dates with hours of their own in place of the weekday's, also on a holiday; without hours the date is closed.
    pub special: Vec<DateHours>,
    /// Instants taken out of whatever else is open.
    pub closures: Vec<DateHours>,
}

/// Hours on one date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateHours {
    /// The local date on which the hours start.
    pub date: Date,
    /// The hours.
    pub hours: Vec<Hours>,
}

/// Something a calendar cannot have, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct CalendarFault {
    /// Place within the calendar, such as `weekly.mon[0]` or `special[2].hours[1]`, counted from 0.
    pub path: String,
    /// What is wrong there.
    pub problem: CalendarProblem,
}

/// What is wrong with a part of a calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarProblem {
    /// The zone database does not have the name.
    #[error(transparent)]
    Zone(#[from] UnknownZone),
    /// The minutes are no hours.
    #[error(transparent)]
    Hours(#[from] HoursError),
    /// A day lists more than [`MAX_HOURS_PER_DAY`] intervals.
    #[error("{count} intervals in one day, give at most {MAX_HOURS_PER_DAY}")]
    TooManyHours {
        /// How many there are.
        count: usize,
    },
    /// Two special days have the same date, so it is not clear which hours hold.
    #[error("{date} is listed twice, put all its hours in one entry")]
    RepeatedSpecial {
        /// The date.
        date: Date,
    },
    /// A closure says nothing.
    #[error("a closure without hours closes nothing, give its hours or list the date in holidays")]
    EmptyClosure,
    /// A part that makes no sense beside `always_open`.
    #[error("an always open calendar has none, remove this or always_open")]
    AlwaysOpen,
    /// No minute is ever open.
    #[error("the calendar is never open, give hours in weekly or special that no closure takes out")]
    NeverOpen,
}

impl CalendarSpec {
    /// Every fault but [`CalendarProblem::NeverOpen`], which only the finished calendar shows.
    pub(crate) fn faults(&self) -> Vec<CalendarFault> {
        let mut found = Findings::default();
        if let Err(unknown) = Zone::named(&self.timezone) {
            found.add("timezone", unknown);
        }
        for (day, hours) in WEEKDAYS.iter().zip(&self.weekly) {
            found.check_hours(&format!("weekly.{day}"), hours);
        }
        self.check_special(&mut found);
        for (n, closure) in self.closures.iter().enumerate() {
            if closure.hours.is_empty() {
                found.add(format!("closures[{n}].hours"), CalendarProblem::EmptyClosure);
            }
            found.check_hours(&format!("closures[{n}].hours"), &closure.hours);
        }
        self.check_always_open(&mut found);
        found.0
    }

    fn check_special(&self, found: &mut Findings) {
        let mut dates = BTreeSet::new();
        for (n, special) in self.special.iter().enumerate() {
            if !dates.insert(special.date) {
                found.add(format!("special[{n}].date"), CalendarProblem::RepeatedSpecial { date: special.date });
            }
            found.check_hours(&format!("special[{n}].hours"), &special.hours);
        }
    }

    fn check_always_open(&self, found: &mut Findings) {
        let parts = [
            ("weekly", self.weekly.iter().any(|hours| !hours.is_empty())),
            ("holidays", !self.holidays.is_empty()),
            ("special", !self.special.is_empty()),
            ("closures", !self.closures.is_empty()),
        ];
        for (part, _) in parts.into_iter().filter(|(_, given)| self.always_open && *given) {
            found.add(part, CalendarProblem::AlwaysOpen);
        }
    }
}

#[derive(Default)]
struct Findings(Vec<CalendarFault>);

impl Findings {
    fn add(&mut self, path: impl Into<String>, problem: impl Into<CalendarProblem>) {
        self.0.push(CalendarFault { path: path.into(), problem: problem.into() });
    }

    fn check_hours(&mut self, path: &str, hours: &[Hours]) {
        if hours.len() > MAX_HOURS_PER_DAY {
            self.add(path, CalendarProblem::TooManyHours { count: hours.len() });
        }
        for (n, hours) in hours.iter().enumerate() {
            if let Err(error) = hours.check() {
                self.add(format!("{path}[{n}]"), error);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Calendar;
    use crate::samples::{date, hours, on, weekly};

    fn faults(spec: CalendarSpec) -> Vec<String> {
        Calendar::new(spec).err().into_iter().flatten().map(|fault| fault.to_string()).collect()
    }

    const EMPTY: Hours = Hours { start_minute: 1320, end_minute: 1320 };

    #[test]
    fn sound_calendars() {
        let always = CalendarSpec { timezone: "UTC".into(), always_open: true, ..CalendarSpec::default() };
        let on_one_day = CalendarSpec { special: vec![on("2026-10-10", &["09:00-10:00"])], ..weekly("UTC", &[]) };
        let twice_a_holiday = CalendarSpec {
            holidays: vec![date("2026-10-01"), date("2026-10-01")],
            ..weekly("Europe/Berlin", &[("sat", &["10:00-14:00"])])
        };
        for spec in [always, on_one_day, twice_a_holiday] {
            assert_eq!(faults(spec.clone()), [""; 0], "{spec:?}");
        }
    }

    #[test]
    fn all_faults_at_once_with_their_places() {
        let mut spec = CalendarSpec {
            timezone: "Mars/Olympus".into(),
            always_open: true,
            holidays: vec![date("2026-10-01")],
            special: vec![
                on("2026-10-10", &["09:00-18:00"]),
                DateHours { date: date("2026-10-10"), hours: vec![EMPTY] },
            ],
            closures: vec![on("2026-10-12", &[])],
            ..CalendarSpec::default()
        };
        spec.weekly[0] = [hours(&["09:00-12:00"]), vec![EMPTY]].concat();
        spec.weekly[6] = vec![Hours { start_minute: 1500, end_minute: 1560 }];
        let none = "an always open calendar has none, remove this or always_open";
        let empty = "hours start and end at 22:00, write 00:00-24:00 for a whole day";
        assert_eq!(
            faults(spec),
            [
                "timezone: unknown time zone `Mars/Olympus`, write an IANA name such as Asia/Shanghai".to_owned(),
                format!("weekly.mon[1]: {empty}"),
                "weekly.sun[0]: hours start at 25:00, the latest start of a day is 23:59".to_owned(),
                "special[1].date: 2026-10-10 is listed twice, put all its hours in one entry".to_owned(),
                format!("special[1].hours[0]: {empty}"),
                "closures[0].hours: a closure without hours closes nothing, give its hours or list the date in holidays"
                    .to_owned(),
                format!("weekly: {none}"),
                format!("holidays: {none}"),
                format!("special: {none}"),
                format!("closures: {none}"),
            ]
        );
    }

    #[test]
    fn calendars_that_never_open() {
        let never = "weekly: the calendar is never open, give hours in weekly or special that no closure takes out";
        let closed = CalendarSpec {
            special: vec![on("2026-10-10", &["09:00-18:00"])],
            closures: vec![on("2026-10-10", &["08:00-12:00"]), on("2026-10-10", &["12:00-19:00"])],
            ..weekly("UTC", &[])
        };
        let skipped = CalendarSpec { special: vec![on("2011-12-30", &["09:00-18:00"])], ..weekly("Pacific/Apia", &[]) };
        for spec in [weekly("UTC", &[]), closed, skipped] {
            assert_eq!(faults(spec.clone()), [never], "{spec:?}");
        }
        let unknown = "timezone: unknown time zone `Nowhere`, write an IANA name such as Asia/Shanghai";
        assert_eq!(faults(weekly("Nowhere", &[])), [unknown, never]);
    }

    #[test]
    fn a_day_has_a_limited_number_of_intervals() {
        let many = |count: u16| {
            let hours = (0..count).map(|n| Hours { start_minute: n * 20, end_minute: n * 20 + 10 }).collect();
            let mut spec = weekly("UTC", &[]);
            spec.weekly[1] = hours;
            faults(spec)
        };
        assert_eq!(many(48), [""; 0]);
        assert_eq!(many(49), ["weekly.tue: 49 intervals in one day, give at most 48"]);
    }
}
