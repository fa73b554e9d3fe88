//! What a rule demands of a clock: target, calendar, pauses, warnings.

use kefu_calendar::Calendar;
use kefu_contracts::{Metric, Status, Timestamp};
use kefu_policy::{ALWAYS, Policy, SlaRule, paused_by_default};

/// The demands on one clock.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'p> {
    /// The policy.
    pub policy: &'p Policy,
    /// The rule; a promise needs none.
    pub rule: Option<&'p SlaRule>,
    /// The calendar in which it counts.
    pub calendar: &'p Calendar,
    /// The calendar's name.
    pub calendar_name: &'p str,
    /// Time allowed, in milliseconds.
    pub target_ms: i64,
    /// The metric.
    pub metric: Metric,
}

/// What kind of clock asks for terms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub metric: Metric,
    pub start: Timestamp,
    /// The instant promised, of a promise.
    pub promised: Option<Timestamp>,
    /// Whether it runs from a message before any person replied, of `next_reply`.
    pub before_first_reply: bool,
}

impl<'p> Terms<'p> {
    /// What `policy` and the case's `rule` demand; none if they demand nothing.
    pub(super) fn of(policy: &'p Policy, rule: Option<&'p SlaRule>, asked: Asked) -> Option<Terms<'p>> {
        let (calendar_name, target_ms) = match (asked.promised, rule) {
            // The promise is kept or broken in wall time; one of an instant that has passed is broken at once.
            (Some(promised), _) => (ALWAYS, promised.ms_since(asked.start).max(0)),
            (None, Some(rule)) if asked.before_first_reply && !rule.next_reply_includes_first => return None,
            (None, Some(rule)) => (rule.calendar.as_str(), rule.target_ms(asked.metric)?),
            (None, None) => return None,
        };
        let calendar = policy.calendar(calendar_name)?;
        Some(Terms { policy, rule, calendar, calendar_name, target_ms, metric: asked.metric })
    }

    /// The terms of a clock that no rule asks for, to take back what was said of it.
    pub(super) fn none(policy: &'p Policy, metric: Metric) -> Option<Terms<'p>> {
        let calendar = policy.always()?;
        Some(Terms { policy, rule: None, calendar, calendar_name: ALWAYS, target_ms: 0, metric })
    }

    /// Whether the clock pauses in `status`.
    pub(super) fn pauses_in(&self, status: Status) -> bool {
        self.rule.map_or(paused_by_default(self.metric), |rule| rule.pause_on(self.metric)).contains(&status)
    }

    /// The warnings: each share in millionths of the target, with the time used at which it is reached.
    pub(super) fn warnings(&self) -> impl Iterator<Item = (u32, i64)> + use<'p> {
        let target_ms = self.target_ms;
        let shares = self.rule.into_iter().flat_map(move |rule| rule.warnings(target_ms));
        shares.map(|(share, used_ms)| ((share * 1e6).round() as u32, used_ms))
    }

    /// Open time from `from` until `to`, in milliseconds.
    pub(super) fn open_between(&self, from: Timestamp, to: Timestamp) -> i64 {
        // Asked most often of the instant from which it counts.
        if from >= to { 0 } else { self.calendar.business_ms_between(from.ms(), to.ms()) }
    }

    /// The earliest instant with `ms` of open time since `from`.
    pub(super) fn earliest(&self, from: Timestamp, ms: i64) -> Option<Timestamp> {
        self.calendar.add_business_ms(from.ms(), ms).map(Timestamp::from_ms)
    }

    /// The latest instant with `ms` of open time since `from`: never in the middle of the night.
    pub(super) fn latest(&self, from: Timestamp, ms: i64) -> Option<Timestamp> {
        self.calendar.latest_with_elapsed(from.ms(), ms).map(Timestamp::from_ms)
    }

    /// The same for an instant known to be the earliest.
    pub(super) fn latest_of(&self, earliest: Timestamp) -> Option<Timestamp> {
        self.calendar.next_open(earliest.ms()).map(Timestamp::from_ms)
    }
}
