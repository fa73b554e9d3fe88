//! A case as it stands.

use std::collections::BTreeMap;

use apache_avro::AvroSchema;
use serde::{Deserialize, Serialize};

use crate::channel_event::{CustomerInfo, string_map};
use crate::{Category, Channel, Flag, Language, Priority, Severity, Status, Subtype, Timestamp};

/// The whole snapshot of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Case {
    /// `conversation_id#ordinal`.
    pub case_id: String,
    /// The shop.
    pub tenant: String,
    /// The conversation it is part of.
    pub conversation_id: String,
    /// Where it was opened.
    pub channel: Channel,
    /// Where it stands.
    pub status: Status,
    /// Counts the changes of this snapshot.
    pub revision: i64,
    /// The customer, as far as known.
    pub customer: Option<CustomerInfo>,
    /// Orders that its events named, in the order of their first mention.
    pub order_ids: Vec<String>,
    /// What it is about; absent until classified.
    pub category: Option<Category>,
    /// What it is about, more closely.
    pub subtype: Option<Subtype>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// What is done first.
    pub priority: Option<Priority>,
    /// The customer's mood, -1 to 1.
    pub sentiment: Option<f64>,
    /// The customer's language.
    pub language: Option<Language>,
    /// How sure the classifier is of the category, 0 to 1.
    pub confidence: Option<f64>,
    /// The agent responsible.
    pub assignee: Option<String>,
    /// The team responsible.
    pub team: Option<String>,
    /// The department consulted last.
    pub department: Option<String>,
    /// Marks put on it.
    pub flags: Vec<Flag>,
    /// Facts that are still to be asked for.
    pub missing_fields: Vec<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When its receipt was acknowledged.
    pub acknowledged_at: Option<Timestamp>,
    /// When a person first replied.
    pub first_reply_at: Option<Timestamp>,
    /// The customer's latest message.
    pub last_customer_message_at: Option<Timestamp>,
    /// The latest reply by a person.
    pub last_agent_message_at: Option<Timestamp>,
    /// The instant promised, while a promise is open.
    pub promised_until: Option<Timestamp>,
    /// When it was last resolved, while it stays so.
    pub resolved_at: Option<Timestamp>,
    /// When the customer confirmed the solution.
    pub confirmed_at: Option<Timestamp>,
    /// When it was last closed, while it stays so.
    pub closed_at: Option<Timestamp>,
    /// How often it was reopened.
    pub reopen_count: i64,
    /// Messages by the customer.
    pub customer_messages: i64,
    /// Replies by people.
    pub agent_messages: i64,
    /// Whether a bot's reply answered it and no person replied.
    pub auto_answered: bool,
    /// The case that took it in.
    pub merged_into: Option<String>,
    /// What was found or done.
    pub summary: Option<String>,
    /// Labels of its events, the last value of each.
    #[avro(with = string_map, default = "{}")]
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}
