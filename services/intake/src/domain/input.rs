//! What a case is made of: its inputs, in their order.
//!
//! Owns the order that makes a case the same whatever order its inputs arrive in: by instant; at one instant events
//! from outside first, then those of kefu's own services and the classifier's verdicts; then by id.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use kefu_contracts::case_event::Verdict;
use kefu_contracts::channel_event::{Actor, CustomerInfo};
use kefu_contracts::classification::Classification;
use kefu_contracts::{ActorKind, Channel, Timestamp};
use serde::{Deserialize, Serialize};

use super::event::{CallOutcome, Direction, Event};

/// What comes first at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rank {
    /// From outside.
    External,
    /// From kefu's own services, which answer to what is outside.
    Internal,
}

/// The classifier's verdict, as far as a case keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classified {
    /// What the case is about.
    pub verdict: Verdict,
    /// Order numbers found in the text.
    pub order_ids: Vec<String>,
    /// Whether the text says when it happened.
    pub tells_time: bool,
}

/// What an input holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Content {
    /// An event.
    Event(Event),
    /// The answer to an inbound call, which comes after the call's event by the time the caller waited.
    CallAnswered,
    /// A verdict of the classifier.
    Classified(Box<Classified>),
}

/// Something that happened to a case. Texts are masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// When.
    pub at: Timestamp,
    /// What comes first at one instant.
    pub rank: Rank,
    /// The event's id, or the verdict's.
    pub id: String,
    /// The conversation it was sent to, if that was merged into this case.
    pub origin: Option<String>,
    /// Where it came in.
    pub channel: Channel,
    /// Who did it; nobody for a verdict.
    pub actor: Option<Actor>,
    /// The customer as the event knew them.
    pub customer: Option<Box<CustomerInfo>>,
    /// Orders it names.
    pub order_ids: Vec<String>,
    /// Its labels.
    pub attributes: BTreeMap<String, String>,
    /// What it is.
    pub content: Content,
}

/// The id of a verdict among a case's inputs: after ids that begin with a letter or digit, in the order of revisions.
fn verdict_id(revision: i64) -> String {
    format!("~classification:{revision:06}")
}

impl Input {
    /// A verdict as an input. `channel` is the case's.
    pub fn of_classification(classification: Classification, channel: Channel) -> Self {
        let facts = &classification.facts;
        let classified = Classified {
            verdict: Verdict {
                category: classification.category,
                subtype: classification.subtype,
                severity: classification.severity,
                sentiment: Some(classification.sentiment),
                language: Some(classification.language),
                confidence: Some(classification.confidence),
            },
            order_ids: facts.iter().filter(|fact| fact.kind == "order_id").map(|fact| fact.value.clone()).collect(),
            tells_time: facts.iter().any(|fact| fact.kind == "time"),
        };
        Self {
            at: classification.at,
            rank: Rank::Internal,
            id: verdict_id(classification.revision),
            origin: None,
            channel,
            actor: None,
            customer: None,
            order_ids: Vec::new(),
            attributes: BTreeMap::new(),
            content: Content::Classified(Box::new(classified)),
        }
    }

    /// The answer that follows from an inbound call, if it was answered.
    pub fn answer(&self) -> Option<Self> {
        let Content::Event(Event::Call(call)) = &self.content else { return None };
        if call.direction != Direction::Inbound || call.outcome != CallOutcome::Answered {
            return None;
        }
        let by_person = self.actor.clone().filter(|actor| actor.kind.is_person());
        let named = call.agent_id.clone().map(|id| Actor { kind: ActorKind::Agent, id, name: None });
        Some(Self {
            at: self.at.plus_ms(call.wait_ms),
            rank: self.rank,
            id: self.id.clone(),
            origin: self.origin.clone(),
            channel: self.channel,
            actor: named.or(by_person),
            customer: None,
            order_ids: Vec::new(),
            attributes: BTreeMap::new(),
            content: Content::CallAnswered,
        })
    }

    /// The same with its texts cut to their first `most` bytes; none if they are no longer than that.
    pub fn shortened(&self, most: usize) -> Option<Self> {
        let Content::Event(event) = &self.content else { return None };
        let mut event = event.clone();
        event.shorten(most).then(|| Self { content: Content::Event(event), ..self.clone() })
    }

    /// Whether the customer turns to the shop with it: a message, or an inbound call.
    pub fn is_customer_message(&self) -> bool {
        match &self.content {
            Content::Event(Event::Message { .. }) => self.is_by(ActorKind::Customer),
            Content::Event(Event::Call(call)) => call.direction == Direction::Inbound,
            _ => false,
        }
    }

    /// Whether a person of the shop replies in public with it.
    pub fn is_reply_by_person(&self) -> bool {
        match &self.content {
            Content::CallAnswered => true,
            Content::Event(Event::Message { .. }) => self.is_by_person(),
            Content::Event(Event::Call(call)) => {
                call.direction == Direction::Outbound && call.outcome == CallOutcome::Answered
            }
            Content::Event(Event::InfoRequested { text, .. } | Event::Promised { text, .. }) => {
                text.is_some() && self.is_by_person()
            }
            _ => false,
        }
    }

    /// Whether it gives a fact in any case; others may change nothing, and then need not be told.
    pub fn is_always_told(&self) -> bool {
        match &self.content {
            Content::Event(event) => matches!(event, Event::Message { .. } | Event::Call(_) | Event::Note { .. }),
            Content::CallAnswered | Content::Classified(_) => true,
        }
    }

    /// Whether the case that begins with it begins by the customer.
    pub fn is_from_customer(&self) -> bool {
        self.is_customer_message() || self.is_by(ActorKind::Customer)
    }

    fn is_by(&self, kind: ActorKind) -> bool {
        self.actor.as_ref().is_some_and(|actor| actor.kind == kind)
    }

    fn is_by_person(&self) -> bool {
        self.actor.as_ref().is_some_and(|actor| actor.kind.is_person())
    }

    /// The order among a case's inputs.
    pub fn order(&self, other: &Self) -> Ordering {
        let part = |input: &Self| matches!(input.content, Content::CallAnswered);
        (self.at, self.rank, &self.id, &self.origin, part(self)).cmp(&(
            other.at,
            other.rank,
            &other.id,
            &other.origin,
            part(other),
        ))
    }
}
