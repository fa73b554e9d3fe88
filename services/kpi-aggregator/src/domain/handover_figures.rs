//! The figures of a shift handover; all count at the shift's end.

use kefu_contracts::Timestamp;
use kefu_contracts::handover::{Handover, HandoverState};
use kefu_policy::PolicyHistory;
use serde::{Deserialize, Serialize};

use crate::domain::difference::Figure;
use crate::domain::dimensions::Place;
use crate::domain::metric::Count;

/// What is remembered of a handover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverFacts {
    /// Counts the snapshots; an older one changes nothing.
    pub revision: i64,
    /// When the shift ended.
    pub shift_end: Timestamp,
    team: String,
    outgoing: String,
    outcome: Outcome,
}

/// How the handover went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Outcome {
    Awaited,
    OnTime,
    Late,
    Skipped,
}

impl HandoverFacts {
    /// What of a snapshot is remembered. The shift's end comes from the policy in force when the handover is due; a
    /// shift that this policy does not have counts when its handover is due.
    pub fn of(handover: &Handover, policies: &PolicyHistory) -> Self {
        let policy = policies.in_force(handover.due_at.ms());
        let shift = policy.rota().by_id(&handover.shift_id);
        let outcome = match (handover.state, handover.late) {
            (HandoverState::Skipped, _) => Outcome::Skipped,
            (_, true) => Outcome::Late,
            (HandoverState::Signed | HandoverState::Audited, false) => Outcome::OnTime,
            (HandoverState::Draft | HandoverState::UnderReview, false) => Outcome::Awaited,
        };
        Self {
            revision: handover.revision,
            shift_end: shift.map_or(handover.due_at, |shift| Timestamp::from_ms(shift.end_ms)),
            team: handover.team.clone(),
            outgoing: handover.outgoing.clone(),
            outcome,
        }
    }

    /// Everything that the handover contributes.
    pub fn figures(&self) -> Vec<Figure<'_>> {
        let place = Place { team: Some(&self.team), agent: Some(&self.outgoing), ..Place::default() };
        let outcome = match self.outcome {
            Outcome::Awaited => None,
            Outcome::OnTime => Some(Count::HandoversOnTime),
            Outcome::Late => Some(Count::HandoversLate),
            Outcome::Skipped => Some(Count::HandoversSkipped),
        };
        let counts = std::iter::once(Count::HandoversDue).chain(outcome);
        counts.map(|count| Figure::one(count, self.shift_end, place)).collect()
    }
}
