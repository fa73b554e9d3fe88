//! What people do to the escalations of a case.

use kefu_contracts::Timestamp;
use kefu_contracts::channel_event::Actor;
use kefu_contracts::escalation::EscalationReason;
use kefu_policy::Role;
use serde::{Deserialize, Serialize};

use super::Origin;
use crate::domain::moment::{Moment, Rank};

/// An escalation within its case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Which {
    /// What it comes from.
    pub origin: Origin,
    /// The step of the chain, from 1.
    pub level: u32,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// Somebody takes note of it: it is not repeated, and stays until the case is answered.
    Acknowledge(Which),
    /// It ends without an answer of the case, and its breach climbs no further.
    Cancel(Which),
    /// Somebody above is asked for, without any breach.
    Escalate {
        /// Who.
        to: Role,
        /// Why.
        reason: EscalationReason,
    },
}

impl Act {
    /// The escalation that it changes, or raises.
    pub fn which(self) -> Which {
        match self {
            Act::Acknowledge(which) | Act::Cancel(which) => which,
            Act::Escalate { reason, .. } => Which { origin: Origin::AtOnce(reason), level: 1 },
        }
    }
}

/// What was done, by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acted {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// Why, in their words.
    pub note: Option<String>,
    /// What.
    pub act: Act,
}

impl Acted {
    /// Its place in the order of time.
    pub fn moment(&self) -> Moment {
        Moment::new(self.at, Rank::Act)
    }
}
