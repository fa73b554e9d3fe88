//! Messages of care after a purchase (SS5): for which orders, when, and to whom.
//!
//! A message goes where the customer last had a case: kefu knows no other way to reach one. Customers who never
//! wrote get none.

use kefu_contracts::id::hash_id;
use kefu_contracts::order::OrderEvent;
use kefu_contracts::outbound::{OutboundKind, OutboundMessage, Recipient};
use kefu_contracts::partition::conversation_of;
use kefu_contracts::survey::FollowUpKind;
use kefu_contracts::{Channel, Json, Language, OrderStatus, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::follow_up_cause::FollowUpCause;
use super::texts;

/// Ways to reach one customer that are remembered; older ones go first.
const MOST_CONTACTS: usize = 16;

/// How long a way to reach a customer is remembered, in milliseconds.
const CONTACT_MS: i64 = 366 * 86_400_000;

/// What came of a message of care that was sent.
const SENT: &str = "sent";

/// A way to reach a customer, as a case knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Contact {
    /// Since when the case knows it.
    pub since: Timestamp,
    /// The case.
    pub case_id: String,
    /// The case's channel.
    pub channel: Channel,
    /// Where the customer is reached outside the conversation.
    pub address: Option<String>,
    /// The language to write in.
    pub language: Language,
    /// The customer's id, as it was given.
    pub customer_id: String,
}

impl Contact {
    /// Whether an unasked message may go this way.
    pub fn takes_care(&self) -> bool {
        match self.channel {
            Channel::Chat | Channel::Phone | Channel::Email | Channel::Social | Channel::Video | Channel::WebForm => {
                true
            }
            Channel::Review | Channel::Letter | Channel::Visit | Channel::Regulator => false,
        }
    }
}

/// The ways to reach one customer that are known from cases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contacts {
    known: Vec<Contact>,
}

impl Contacts {
    /// Takes in what a case knows; none if it knows nothing any more.
    pub fn learn(&mut self, case_id: &str, contact: Option<Contact>) {
        self.known.retain(|known| known.case_id != case_id);
        self.known.extend(contact);
        self.known.sort_unstable();
        let surplus = self.known.len().saturating_sub(MOST_CONTACTS);
        self.known.drain(..surplus);
    }

    /// The way learnt last by `at`.
    pub fn latest(&self, at: Timestamp) -> Option<&Contact> {
        self.known.iter().rfind(|contact| contact.since <= at)
    }

    /// Forgets what is too old at `now` to be relied on.
    pub fn tidy(&mut self, now: Timestamp) {
        self.known.retain(|contact| contact.since.plus_ms(CONTACT_MS) > now);
    }

    /// When there is something to forget.
    pub fn tidy_at(&self) -> Option<Timestamp> {
        self.known.first().map(|contact| contact.since.plus_ms(CONTACT_MS))
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

/// What decides about the care for an order: the earliest instants, in whatever order they were heard of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCourse {
    delivered_at: Option<Timestamp>,
    /// Cancelled, returned or refunded.
    undone_at: Option<Timestamp>,
}

impl OrderCourse {
    /// Takes an event in; returns whether it decides about care.
    pub fn learn(&mut self, event: &OrderEvent) -> bool {
        let earliest = match event.status {
            OrderStatus::Delivered => &mut self.delivered_at,
            OrderStatus::Cancelled | OrderStatus::Returned | OrderStatus::Refunded => &mut self.undone_at,
            OrderStatus::Placed
            | OrderStatus::Paid
            | OrderStatus::Packed
            | OrderStatus::Shipped
            | OrderStatus::OutForDelivery => return false,
        };
        let before = *earliest;
        *earliest = Some(before.map_or(event.occurred_at, |before| before.min(event.occurred_at)));
        *earliest != before
    }

    /// When the order was delivered.
    pub fn delivered_at(&self) -> Option<Timestamp> {
        self.delivered_at
    }

    /// Whether the customer kept it until `at`.
    pub fn kept_until(&self, at: Timestamp) -> bool {
        self.undone_at.is_none_or(|undone| undone > at)
    }

    /// The latest instant that anything is known of.
    pub fn last_at(&self) -> Option<Timestamp> {
        self.delivered_at.max(self.undone_at)
    }
}

/// Care that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Care {
    /// For which order.
    pub order_id: String,
    /// When the order was delivered.
    pub delivered_at: Timestamp,
    /// When the message goes out; none if there is no reason any more.
    pub due_at: Option<Timestamp>,
}

/// The message of care and the follow-up that it settles.
pub fn message(tenant: &str, care: &Care, contact: &Contact, at: Timestamp) -> (OutboundMessage, FollowUpCause) {
    let id = hash_id(&["care", tenant, &care.order_id]);
    let message = OutboundMessage {
        message_id: id.clone(),
        tenant: tenant.to_owned(),
        conversation_id: Some(conversation_of(&contact.case_id).to_owned()),
        case_id: None,
        recipient: Recipient {
            kind: "customer".to_owned(),
            id: contact.customer_id.clone(),
            address: contact.address.clone(),
        },
        channel: contact.channel,
        kind: OutboundKind::Care,
        language: contact.language,
        subject: (contact.channel == Channel::Email).then(|| texts::care_subject(contact.language).to_owned()),
        text: texts::care(&care.order_id, contact.language),
        data: Some(Json(json!({"order_id": care.order_id}))),
        at,
        expires_at: None,
    };
    let cause = FollowUpCause {
        follow_up_id: id,
        version: 0,
        kind: FollowUpKind::Care,
        case_id: None,
        customer_id: Some(contact.customer_id.clone()),
        owner: None,
        since: care.delivered_at,
        due_at: at,
        cancelled_at: None,
        outcome: Some(SENT.to_owned()),
        periodic: false,
    };
    (message, cause)
}
