//! What a gateway must deliver.

use apache_avro::AvroSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::words;
use crate::{Channel, Json, Language, Timestamp};

words! {
    /// What a message is for.
    OutboundKind {
        /// Receipt is acknowledged.
        Acknowledgement = "acknowledgement",
        /// The case's state changed.
        Progress = "progress",
        /// Facts are asked for.
        InfoRequest = "info_request",
        /// A bot's answer.
        AutomaticAnswer = "automatic_answer",
        /// How long it will take.
        ExpectedTime = "expected_time",
        /// An invitation to a survey.
        Survey = "survey",
        /// A reminder.
        Reminder = "reminder",
        /// A message after a purchase.
        Care = "care",
        /// Thanks to a loyal customer.
        Reward = "reward",
        /// News for staff.
        Notice = "notice",
    }
}

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Recipient {
    /// `customer`, `agent`, `supervisor` or `role`.
    pub kind: String,
    /// The recipient's id within its kind.
    pub id: String,
    /// Where the recipient is reached outside the conversation.
    pub address: Option<String>,
}

/// A message to a customer or to staff.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct OutboundMessage {
    /// The message, unique within the tenant; a gateway delivers it once.
    pub message_id: String,
    /// The shop.
    pub tenant: String,
    /// The conversation it goes into.
    pub conversation_id: Option<String>,
    /// The case it is about.
    pub case_id: Option<String>,
    /// Whom it is for.
    pub recipient: Recipient,
    /// The channel it goes out on.
    pub channel: Channel,
    /// What it is for.
    pub kind: OutboundKind,
    /// The language it is in.
    pub language: Language,
    /// A mail's subject.
    pub subject: Option<String>,
    /// What it says.
    pub text: String,
    /// What programs need beside the text.
    pub data: Option<Json>,
    /// When it was decided.
    pub at: Timestamp,
    /// After this instant it is not delivered any more.
    pub expires_at: Option<Timestamp>,
}
