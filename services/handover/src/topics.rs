//! What moves between the processors of this service.

use kefu_contracts::Timestamp;
use kefu_contracts::Topic;
use kefu_contracts::partition::PartitionBy;
use serde::{Deserialize, Serialize};

use crate::domain::case_record::CaseRecord;
use crate::domain::shift::ShiftRef;

/// To the roster of a tenant: it has cases, so its shifts matter.
pub const ROSTER: Topic<TenantSeen> = Topic::repartition("handover.roster.repartition", PartitionBy::Key);
/// To a shift: it is about to begin.
pub const SHIFTS: Topic<ShiftAnnounced> = Topic::repartition("handover.shifts.repartition", PartitionBy::Key);
/// To an agent.
pub const AGENTS: Topic<AgentNews> = Topic::repartition("handover.agents.repartition", PartitionBy::Key);
/// To a handover.
pub const DRAFTS: Topic<DraftNews> = Topic::repartition("handover.drafts.repartition", PartitionBy::Key);

/// A case began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantSeen {
    /// When.
    pub at: Timestamp,
}

/// A shift is about to begin, or goes on while its tenant is first heard of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftAnnounced {
    /// When it was announced.
    pub at: Timestamp,
    /// The shift.
    pub shift: ShiftRef,
    /// Who works it by rotation or rule.
    pub staff: Vec<String>,
}

/// What an agent's key learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AgentNews {
    /// What the agent should know of a case; replaces what was known of it.
    Case(CaseRecord),
    /// News of a shift.
    Shift {
        /// When it became true.
        at: Timestamp,
        /// The shift.
        shift: ShiftRef,
        /// What is known of the agent and the shift.
        word: ShiftWord,
    },
}

/// What an agent's key learns of a shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShiftWord {
    /// The policy names the agent.
    Announced,
    /// It was recorded that the agent works it, which weighs more than the policy.
    Works,
    /// It was recorded that the agent does not work it, which weighs more than the policy.
    Absent,
}

/// What a handover's key learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DraftNews {
    /// Cases of the outgoing agent; each replaces what was known of it. The first one opens the draft.
    Cases {
        /// When the draft was opened.
        drafted_at: Timestamp,
        /// The outgoing agent.
        outgoing: String,
        /// The shift that ends.
        shift: ShiftRef,
        /// The cases.
        cases: Vec<CaseRecord>,
    },
    /// A team-mate of the outgoing agent came or left.
    Presence {
        /// Who.
        agent_id: String,
        /// When.
        at: Timestamp,
        /// Whether the agent came.
        here: bool,
        /// The end of the outgoing agent's shift.
        shift_end: Timestamp,
    },
}
