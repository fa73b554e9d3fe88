//! SLA clocks: from a case's facts and the policies to what happened to its clocks.
//!
//! [`replay`](replay::replay) is a pure function. `table` says which fact starts and stops which clock, `terms` what a
//! rule demands of it, `running` how one clock counts, pauses, warns and breaches, [`difference`] what of the outcome
//! is news. Nothing here knows records or topics.

pub mod difference;
pub mod explanation;
pub mod replay;
pub(crate) mod running;
mod table;
mod terms;

pub use terms::Terms;

use kefu_contracts::sla_event::SlaEventKind;
use kefu_contracts::{Metric, Timestamp};
use serde::{Deserialize, Serialize};

/// A clock of a case: `metric` and its number among the clocks of that metric, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClockKey {
    /// What it measures.
    pub metric: Metric,
    /// Which of the metric's clocks.
    pub ordinal: u32,
}

/// Why something happened to a clock, where the event does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The reply was stamped shortly before the message.
    ClockSkew,
    /// The case was closed before.
    Closed,
    /// A late event changed what was said before.
    Corrected,
    /// The case went into another.
    Merged,
    /// The metric has no target any more.
    Policy,
    /// A change of policy, priority or category shortened the target below the time already used.
    PolicyApplied,
    /// A new promise took its place.
    Replaced,
    /// A bot resolved the case before a person replied.
    ResolvedByBot,
}

impl Reason {
    /// The word in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::ClockSkew => "clock_skew",
            Reason::Closed => "closed",
            Reason::Corrected => "corrected",
            Reason::Merged => "merged",
            Reason::Policy => "policy",
            Reason::PolicyApplied => "policy_applied",
            Reason::Replaced => "replaced",
            Reason::ResolvedByBot => "resolved_by_bot",
        }
    }
}

/// Something that happened to a clock.
#[derive(Clone, Copy, Debug)]
pub struct ClockEvent<'p> {
    /// The clock.
    pub clock: ClockKey,
    /// What happened.
    pub kind: SlaEventKind,
    /// When.
    pub at: Timestamp,
    /// When the target is used up; none while paused.
    pub due_at: Option<Timestamp>,
    /// Time used, in milliseconds.
    pub elapsed_ms: i64,
    /// What was demanded.
    pub terms: Terms<'p>,
    /// The instant of the breach, while there is one.
    pub breach_at: Option<Timestamp>,
    /// Why.
    pub reason: Option<Reason>,
}
