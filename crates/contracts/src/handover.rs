//! A shift handover as it stands.

use apache_avro::AvroSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::words;
use crate::{Severity, Timestamp};

words! {
    /// Where a handover stands.
    HandoverState {
        /// It fills itself.
        Draft = "draft",
        /// Both go through it; the automatic part is frozen.
        UnderReview = "under_review",
        /// Both signed.
        Signed = "signed",
        /// Nobody took or signed it in time.
        Skipped = "skipped",
        /// The supervisor audited it.
        Audited = "audited",
    }
}

words! {
    /// Why a case is in the record.
    ItemKind {
        /// It is not resolved.
        Unresolved = "unresolved",
        /// Its customer is important.
        ImportantCustomer = "important_customer",
        /// It needs special attention.
        SpecialAttention = "special_attention",
        /// Something was promised.
        Promised = "promised",
    }
}

words! {
    /// Where a case goes at the handover.
    Placement {
        /// The incoming agent takes it.
        Taken = "taken",
        /// It goes to the team's queue.
        Queue = "queue",
        /// It stays with the outgoing agent.
        Stays = "stays",
    }
}

/// A case in the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct HandoverItem {
    /// The case.
    pub case_id: String,
    /// Why it is in the record.
    pub kind: ItemKind,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// What it is about.
    pub summary: Option<String>,
    /// What is to be done next.
    pub action: Option<String>,
    /// By whom.
    pub owner: Option<String>,
    /// Until when.
    pub due_at: Option<Timestamp>,
    /// What to do if that fails.
    pub contingency: Option<String>,
    /// Where it goes.
    pub placement: Option<Placement>,
}

/// How many cases the outgoing agent had in the shift.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct HandoverCounts {
    /// Replied to.
    pub handled: i64,
    /// Resolved.
    pub resolved: i64,
    /// Still open.
    pub unresolved: i64,
}

/// A question about the record and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Question {
    /// The question's number, from 1.
    pub no: i64,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// What.
    pub text: String,
    /// The answer.
    pub answer: Option<String>,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
}

/// Something written beside the record: a remark, a problem or an amendment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Remark {
    /// Who wrote it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

/// The record of one outgoing agent and shift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Handover {
    /// The handover, unique within the tenant.
    pub handover_id: String,
    /// The shop.
    pub tenant: String,
    /// The team.
    pub team: String,
    /// `<team>/<name>/<local start date>`.
    pub shift_id: String,
    /// The agent whose shift ends.
    pub outgoing: String,
    /// The agent who takes over.
    pub incoming: Option<String>,
    /// Where it stands.
    pub state: HandoverState,
    /// Whether it was not signed in time.
    pub late: bool,
    /// Until when it is to be signed.
    pub due_at: Timestamp,
    /// When the review began.
    pub opened_at: Option<Timestamp>,
    /// When the incoming agent checked in.
    pub arrived_at: Option<Timestamp>,
    /// When the outgoing agent signed.
    pub signed_out_at: Option<Timestamp>,
    /// When the incoming agent signed.
    pub signed_in_at: Option<Timestamp>,
    /// The cases handed over.
    pub items: Vec<HandoverItem>,
    /// Figures of the shift.
    pub counts: HandoverCounts,
    /// What people added.
    pub remarks: Vec<Remark>,
    /// The incoming agent's words of what they take over.
    pub readback: Option<String>,
    /// Questions and answers.
    pub questions: Vec<Question>,
    /// Problems reported.
    pub problems: Vec<Remark>,
    /// What was added after both signed.
    pub amendments: Vec<Remark>,
    /// How far the facts behind the automatic part went: `case events up to <instant>`.
    pub source_offsets: Option<String>,
    /// Hash of what was signed.
    pub version_hash: Option<String>,
    /// Counts the changes of this snapshot.
    pub revision: i64,
}
