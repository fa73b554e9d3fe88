//! Why something is to be done for a customer, as it travels to the follow-up.

use kefu_contracts::Timestamp;
use kefu_contracts::survey::FollowUpKind;
use serde::{Deserialize, Serialize};

/// How long after its instant a follow-up may still be done before it counts as missed, in milliseconds.
pub const GRACE_MS: i64 = 24 * 3_600_000;

/// Why a follow-up is to be done, or no longer. The highest version counts; of equal ones, which come from different
/// writers, the earliest to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUpCause {
    /// The follow-up.
    pub follow_up_id: String,
    /// Counts the changes of the cause.
    pub version: u64,
    /// What is to be done.
    pub kind: FollowUpKind,
    /// The case concerned.
    pub case_id: Option<String>,
    /// The customer concerned.
    pub customer_id: Option<String>,
    /// Who does it.
    pub owner: Option<String>,
    /// Since when it is to be done.
    pub since: Timestamp,
    /// Until when.
    pub due_at: Timestamp,
    /// From when it is no longer needed, if that was before it could be missed.
    pub cancelled_at: Option<Timestamp>,
    /// What came of it, if it is done by itself.
    pub outcome: Option<String>,
    /// Whether another follows it for ever.
    pub periodic: bool,
}

impl FollowUpCause {
    /// The same, no longer needed from `at` on.
    #[must_use]
    pub fn cancelled(&self, at: Timestamp) -> Self {
        Self { cancelled_at: Some(at), ..self.clone() }
    }

    /// The instant of what was said last: that it is to be done, or no longer.
    pub fn at(&self) -> Timestamp {
        self.cancelled_at.unwrap_or(self.since)
    }

    /// Whether it counts rather than `other`, which is about the same follow-up.
    pub fn supersedes(&self, other: &FollowUpCause) -> bool {
        let rank = |cause: &FollowUpCause| (cause.version, std::cmp::Reverse((cause.due_at, cause.owner.clone())));
        rank(self) > rank(other)
    }
}
