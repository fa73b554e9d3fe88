//! The typed view of a conversation's event.
//!
//! Owns the types of events, their fields, and which of these an event must have. How large a field may be is
//! `limits`' matter, what an event does to a case `step`'s.

mod read;
mod write;

pub(super) use write::cut;

use kefu_contracts::channel_event::{AfterSalesItem, Attachment};
use kefu_contracts::{AfterSalesKind, Category, CloseReason, Flag, Priority, Severity, Subtype, Timestamp};
use serde::{Deserialize, Serialize};

/// Which way a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// The customer called.
    Inbound,
    /// The shop called.
    Outbound,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallOutcome {
    /// Somebody answered.
    Answered,
    /// The caller gave up.
    Abandoned,
    /// The caller left a message.
    Voicemail,
}

/// A call from its offer to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Which way.
    pub direction: Direction,
    /// What became of it.
    pub outcome: CallOutcome,
    /// Milliseconds from the offer to the answer or the giving up.
    pub wait_ms: i64,
    /// Milliseconds of talk.
    pub talk_ms: i64,
    /// Where the recording is.
    pub recording: Option<String>,
    /// What it was about.
    pub summary: Option<String>,
    /// Who answered, if not the event's actor.
    pub agent_id: Option<String>,
}

/// What a customer asks for after a sale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AfterSalesRequest {
    /// What is asked for.
    pub kind: AfterSalesKind,
    /// The order.
    pub order_id: String,
    /// The pieces; none names the whole order.
    pub items: Option<Vec<AfterSalesItem>>,
    /// Why.
    pub reason: String,
    /// Condition of the pieces.
    pub condition: Option<String>,
}

/// What was decided about an after-sales request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AfterSalesDecision {
    /// The order.
    pub order_id: String,
    /// What had been asked for.
    pub kind: AfterSalesKind,
    /// Whether it is granted.
    pub eligible: bool,
    /// Why.
    pub reasons: Vec<String>,
    /// What happens next.
    pub steps: Vec<String>,
    /// The policy that decided.
    pub policy_version: i64,
}

/// An event with the fields of its type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are named as on the wire and described there")]
pub enum Event {
    /// Something was said or written in public.
    Message { text: Option<String>, subject: Option<String>, attachments: Vec<Attachment> },
    /// A call was offered.
    Call(Box<Call>),
    /// Seen by staff only.
    Note { text: String },
    /// Responsibility moves; without an agent the case waits in its team's queue.
    Assigned { agent_id: Option<String>, team: Option<String> },
    /// The customer is asked for facts.
    InfoRequested { fields: Vec<String>, text: Option<String> },
    /// The customer is promised something by an instant.
    Promised { due_at: Timestamp, text: Option<String> },
    /// A department is asked.
    DepartmentConsulted { department: String, text: String },
    /// A department answers.
    DepartmentAnswered { department: String, text: String },
    /// Staff take the case up again.
    Reopened { text: Option<String> },
    /// Staff hold the case for solved.
    Resolved { summary: Option<String> },
    /// The customer says that it is solved.
    Confirmed { text: Option<String> },
    /// The customer says that it is not.
    Dissatisfied { text: Option<String> },
    /// The case ends.
    Closed { reason: Option<CloseReason> },
    /// A person says what the case is about.
    CategorySet { category: Category, subtype: Option<Subtype>, severity: Option<Severity> },
    /// A person says how urgent it is.
    PrioritySet { priority: Priority },
    /// The customer is who they say.
    IdentityVerified { method: String },
    /// A mark is put.
    Flagged { flag: Flag, reason: Option<String> },
    /// A mark is taken.
    Unflagged { flag: Flag, reason: Option<String> },
    /// A return, exchange, refund or repair is asked for.
    AfterSalesRequested(Box<AfterSalesRequest>),
    /// It is decided.
    AfterSalesDecided(Box<AfterSalesDecision>),
    /// It is done.
    AfterSalesCompleted { order_id: String },
    /// Staff or a system begin a case.
    CaseOpened { reason: String, order_id: Option<String>, text: Option<String> },
    /// The case goes into another.
    Merged { into_case_id: String },
    /// A product was rated.
    Review { rating: i64, text: Option<String> },
    /// A gateway delivered a message, or failed to.
    Delivered { message_id: String, delivered: bool },
    /// A gateway is alive.
    ChannelHeartbeat { source: String },
}

/// The worst ratings, which ask for an answer.
const LOW_RATING: i64 = 2;

impl Event {
    /// Whether it is a review so bad that it begins a case.
    pub fn is_low_review(&self) -> bool {
        matches!(self, Event::Review { rating, .. } if *rating <= LOW_RATING)
    }
}
