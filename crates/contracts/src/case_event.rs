//! A fact about a case.

use apache_avro::AvroSchema;
use serde::{Deserialize, Serialize};

use crate::channel_event::{Actor, EventData};
use crate::vocabulary::words;
use crate::{Channel, Timestamp};

words! {
    /// What kind of fact it is.
    FactKind {
        /// The case began.
        Opened = "opened",
        /// The customer wrote or called.
        CustomerMessage = "customer_message",
        /// A person replied.
        Reply = "reply",
        /// A bot replied.
        BotReply = "bot_reply",
        /// A call was offered.
        Call = "call",
        /// Something was noted, seen by staff only.
        Note = "note",
        /// Receipt was acknowledged.
        Acknowledged = "acknowledged",
        /// The status moved from `from` to `to`.
        StatusChanged = "status_changed",
        /// Responsibility moved.
        Assigned = "assigned",
        /// Category, subtype, severity or sentiment were set.
        Classified = "classified",
        /// The priority moved from `from` to `to`.
        PriorityChanged = "priority_changed",
        /// A flag was put or taken.
        Flagged = "flagged",
        /// An instant was promised.
        Promised = "promised",
        /// The customer's identity was verified.
        IdentityVerified = "identity_verified",
        /// Facts are missing.
        InfoMissing = "info_missing",
        /// An after-sales request, decision or completion.
        AfterSales = "after_sales",
        /// The case went into another.
        Merged = "merged",
        /// An earlier fact is no longer true.
        Retracted = "retracted",
        /// Personal data was erased.
        Erased = "erased",
    }
}

/// A fact about a case. Consumers order facts by `at`, `cause_id` (bytewise), `n`; those of timers last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct CaseEvent {
    /// Unique within the tenant.
    pub event_id: String,
    /// The ChannelEvent that caused it; `timer:<name>` for one that a timer caused.
    pub cause_id: String,
    /// Position among the cause's facts.
    pub n: i64,
    /// The case.
    pub case_id: String,
    /// The shop.
    pub tenant: String,
    /// When it became true.
    pub at: Timestamp,
    /// What kind of fact.
    pub kind: FactKind,
    /// The `event_id` of the fact that is no longer true.
    pub retracts: Option<String>,
    /// Who caused it.
    pub actor: Option<Actor>,
    /// The value before.
    pub from: Option<String>,
    /// The value after.
    pub to: Option<String>,
    /// What was said, with personal data masked.
    pub text: Option<String>,
    /// The cause's fields, with personal data masked.
    pub data: Option<EventData>,
    /// The case's channel.
    pub channel: Channel,
    /// The policy in force.
    pub policy_version: Option<i64>,
    /// The classifier's verdict, of a `classified` fact.
    pub classification: Option<Verdict>,
    /// What the case is at that instant, for consumers that need no other topic.
    pub context: CaseContext,
}

/// What a case is classified as.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Verdict {
    /// The category.
    pub category: Option<crate::Category>,
    /// The subtype.
    pub subtype: Option<crate::Subtype>,
    /// The severity.
    pub severity: Option<crate::Severity>,
    /// The mood, -1 to 1.
    pub sentiment: Option<f64>,
    /// The language.
    pub language: Option<crate::Language>,
    /// How sure, 0 to 1.
    pub confidence: Option<f64>,
}

/// The customer and the labels of a case, as far as known at a fact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct CaseContext {
    /// The customer's id.
    pub customer_id: Option<String>,
    /// The customer's rank.
    pub tier: Option<String>,
    /// Where a message can reach the customer outside the conversation.
    pub address: Option<String>,
    /// The language the customer prefers.
    pub locale: Option<String>,
    /// Orders named so far.
    pub order_ids: Vec<String>,
    /// The label `shop`.
    pub shop: Option<String>,
    /// The label `product`.
    pub product: Option<String>,
    /// The agent responsible after the fact.
    pub assignee: Option<String>,
    /// The team responsible after the fact.
    pub team: Option<String>,
    /// The priority after the fact.
    pub priority: Option<crate::Priority>,
}
