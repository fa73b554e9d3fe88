//! The order of things at one instant.
//!
//! A policy takes effect before the events of its instant; events come before warnings, breaches and escalation steps,
//! and those before what people do to escalations; what upstream timers did (a case that closes by itself) comes last.

use kefu_contracts::Timestamp;
use kefu_processor::{Due, TimerClass};
use serde::{Deserialize, Serialize};

/// How long late events are still taken up after the end of a case.
pub const LATENESS_MS: i64 = 72 * 3_600_000;

/// What comes first at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rank {
    /// A policy takes effect.
    Change,
    /// An event happened.
    Event,
    /// A share of a target is used up.
    Warning,
    /// A target is used up.
    Breach,
    /// An escalation climbs.
    Step,
    /// A person does something to an escalation.
    Act,
    /// An upstream timer did something.
    TimerEvent,
}

/// An instant and a place in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// What comes first at that instant.
    pub rank: Rank,
}

impl Moment {
    /// Before everything.
    pub const BEGINNING: Moment = Moment { at: Timestamp::MIN, rank: Rank::Change };

    /// A moment of its instant.
    pub fn new(at: Timestamp, rank: Rank) -> Self {
        Self { at, rank }
    }

    /// The last moment that the timer for this one reaches: the first steps of a breach come with it.
    pub fn reached(self) -> Moment {
        let rank = if self.rank == Rank::Breach { Rank::Step } else { self.rank };
        Moment { rank, ..self }
    }

    /// The timer that wakes a case for this moment.
    pub fn due(self) -> Due {
        let class = match self.rank {
            Rank::Change => TimerClass::First,
            Rank::Event | Rank::Warning => TimerClass::Warning,
            Rank::Breach | Rank::Step => TimerClass::Breach,
            Rank::Act | Rank::TimerEvent => TimerClass::AutoClose,
        };
        Due::once(self.at, class)
    }
}
