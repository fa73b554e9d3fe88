//! What gateways send: one event of a conversation.
//!
//! Owns the flat wire shape. The typed view of an event, with its required fields checked, is `event`'s matter in the
//! intake service.

use std::collections::{BTreeMap, HashSet};

use apache_avro::AvroSchema;
use apache_avro::schema::{Name, NamespaceRef, Schema};
use serde::{Deserialize, Serialize};

use crate::{ActorKind, Channel, Timestamp};

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Actor {
    /// What kind of actor.
    pub kind: ActorKind,
    /// The actor's id within its kind and tenant.
    pub id: String,
    /// The name shown to people.
    pub name: Option<String>,
}

/// A customer as an event knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct CustomerInfo {
    /// The customer's id within the tenant.
    pub id: String,
    /// The customer's name.
    pub name: Option<String>,
    /// A telephone number as the channel gave it.
    pub phone: Option<String>,
    /// A mail address; compared without regard to case.
    pub email: Option<String>,
    /// The shop's rank for the customer, `vip` among them.
    pub tier: Option<String>,
    /// BCP 47 tag of the language the customer prefers.
    pub locale: Option<String>,
}

/// A file that came with a message; kept by reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Attachment {
    /// Where the file is.
    pub uri: String,
    /// Its media type.
    pub media_type: String,
    /// Its SHA-256 in hexadecimal.
    pub sha256: Option<String>,
    /// Length of a recording in milliseconds.
    pub duration_ms: Option<i64>,
}

/// A piece of an order that an after-sales request is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct AfterSalesItem {
    /// The shop's article number.
    pub sku: String,
    /// How many.
    #[serde(default = "one")]
    #[avro(default = "1")]
    pub quantity: i64,
    /// The article's category, compared with the policy's exceptions.
    pub category: Option<String>,
}

fn one() -> i64 {
    1
}

/// The fields that events of any type carry; which of them an event must have depends on its type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct EventData {
    /// What was said or written.
    pub text: Option<String>,
    /// A mail's subject.
    pub subject: Option<String>,
    /// Files by reference.
    pub attachments: Option<Vec<Attachment>>,
    /// Of a call: `inbound` or `outbound`.
    pub direction: Option<String>,
    /// Of a call: `answered`, `abandoned` or `voicemail`.
    pub outcome: Option<String>,
    /// Of a call: milliseconds from the offer to the answer or the hanging up.
    pub wait_ms: Option<i64>,
    /// Of a call: milliseconds of talk.
    pub talk_ms: Option<i64>,
    /// Of a call: where the recording is.
    pub recording: Option<String>,
    /// What was found or done, in a few words.
    pub summary: Option<String>,
    /// The agent who becomes responsible.
    pub agent_id: Option<String>,
    /// The team that becomes responsible.
    pub team: Option<String>,
    /// Names of the facts that are asked for.
    pub fields: Option<Vec<String>>,
    /// The instant that was promised.
    pub due_at: Option<Timestamp>,
    /// The department that is consulted or answers.
    pub department: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// A category set by a person.
    pub category: Option<String>,
    /// A subtype set by a person.
    pub subtype: Option<String>,
    /// A severity set by a person.
    pub severity: Option<String>,
    /// A priority set by a person.
    pub priority: Option<String>,
    /// How an identity was verified.
    pub method: Option<String>,
    /// A flag put or taken.
    pub flag: Option<String>,
    /// Of an after-sales request: `return`, `exchange`, `refund` or `repair`.
    pub kind: Option<String>,
    /// The order concerned.
    pub order_id: Option<String>,
    /// The pieces concerned.
    pub items: Option<Vec<AfterSalesItem>>,
    /// Condition of the pieces.
    pub condition: Option<String>,
    /// Whether the shop's policy allows the request.
    pub eligible: Option<bool>,
    /// Why it is allowed or not.
    pub reasons: Option<Vec<String>>,
    /// What happens next.
    pub steps: Option<Vec<String>>,
    /// The policy that decided.
    pub policy_version: Option<i64>,
    /// The case that takes this one in.
    pub into_case_id: Option<String>,
    /// Of a review: 1 to 5.
    pub rating: Option<i64>,
    /// The outbound message concerned.
    pub message_id: Option<String>,
    /// Of a receipt: `delivered` or `failed`.
    pub status: Option<String>,
    /// Where a heartbeat comes from.
    pub source: Option<String>,
}

/// One event of a conversation, as a gateway saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct ChannelEvent {
    /// Unique within the conversation; a repetition within 72 h counts once.
    pub event_id: String,
    /// The shop: `[a-z0-9_-]{1,64}`.
    pub tenant: String,
    /// The conversation, unique within the tenant.
    pub conversation_id: String,
    /// Where it came in.
    pub channel: Channel,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The type's name; an unknown one is refused.
    #[serde(rename = "type")]
    pub kind: String,
    /// Who did it.
    pub actor: Actor,
    /// The fields of this type.
    #[serde(default)]
    pub data: EventData,
    /// The customer, at least with the first event.
    pub customer: Option<CustomerInfo>,
    /// Orders that the event names.
    #[serde(default)]
    #[avro(default = "[]")]
    pub order_ids: Vec<String>,
    /// Free labels; `shop` and `product` are dimensions of the KPIs.
    #[serde(default)]
    #[avro(with = string_map, default = "{}")]
    pub attributes: BTreeMap<String, String>,
}

/// The schema of a map from text to text.
pub(crate) fn string_map(_: &mut HashSet<Name>, _: NamespaceRef<'_>) -> Schema {
    Schema::map(Schema::String).build()
}
