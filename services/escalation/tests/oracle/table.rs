//! What the oracle is told: happenings, demands and the office's hours.

use kefu_contracts::{Metric, Priority, Status};

/// What happens at a minute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Happening {
    Opened {
        by_customer: bool,
        priority: Priority,
    },
    /// The customer writes; a case that waits for the customer or is over opens again.
    Message,
    Reply,
    BotReply,
    Acknowledged,
    Status {
        to: Status,
        by_bot: bool,
    },
    Priority(Priority),
    /// A promise of so many minutes, with a reply or without.
    Promise {
        minutes: i64,
        says: bool,
    },
    AutoClose,
}

/// What a rule demands of a metric.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Demand {
    pub(crate) office: bool,
    pub(crate) target: i64,
    pub(crate) pauses: Vec<Status>,
    /// Percent of the target.
    pub(crate) warn_at: Vec<i64>,
}

/// Two versions of a policy as tables.
#[derive(Clone, Copy)]
pub(crate) struct Policy {
    /// What a version demands of a metric at a priority, before the first reply or later.
    pub(crate) demand: fn(version: usize, Priority, Metric, before_first_reply: bool) -> Option<Demand>,
    /// The warnings of a version at a priority, in percent, also of promises.
    pub(crate) warn_at: fn(version: usize, Priority) -> &'static [i64],
}

/// Something that happened to a clock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    pub(crate) at: i64,
    pub(crate) metric: &'static str,
    pub(crate) event: &'static str,
    pub(crate) due: Option<i64>,
    pub(crate) used: i64,
    pub(crate) reason: Option<&'static str>,
}

/// 09:00-12:00 and 13:30-18:00 from Monday to Friday but on the 4th, and 10:00-12:00 on Saturdays.
pub(crate) fn office_is_open(minute: i64) -> bool {
    let (day, of_day) = (minute.div_euclid(1440), minute.rem_euclid(1440));
    let within = |from: i64, to: i64| (from..to).contains(&of_day);
    match day.rem_euclid(7) {
        _ if day == 2 => false,
        0..=4 => within(540, 720) || within(810, 1080),
        5 => within(600, 720),
        _ => false,
    }
}

pub(crate) fn is_open(demand: &Demand, minute: i64) -> bool {
    !demand.office || office_is_open(minute)
}
