//! What is remembered of a case: the facts that decide about its surveys and follow-ups.
//!
//! Owns their compact form, their order and their bound. What follows from them is `course`'s matter.

use std::sync::Arc;

use kefu_contracts::case_event::{CaseEvent, FactKind};
use kefu_contracts::id::hash_64;
use kefu_contracts::{ActorKind, Category, CloseReason, Flag, Language, Status, Subtype, Timestamp};
use serde::{Deserialize, Serialize};

use super::party::Party;

/// More facts of one case than this are refused: each leads to a new account of all of them. Messages and replies
/// that decide nothing any more are let go before that.
const MOST_FACTS: usize = 512;

/// Customers' records kept of one case, and retractions that came before what they retract.
const MOST_PARTIES: usize = 64;
const MOST_EARLY: usize = 64;

/// The facts of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseFacts {
    /// Copies of a case share them.
    facts: Vec<Arc<Fact>>,
    /// Each record of a customer once; facts refer to it by its place.
    parties: Vec<Arc<Party>>,
    /// Ids of facts whose retraction came first.
    early: Vec<u64>,
}

/// The order of facts: by instant; at one instant changes of status last, so that they see what came with them; then
/// by cause, those of timers last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Position {
    at: Timestamp,
    moves: bool,
    by_timer: bool,
    cause: String,
    n: i64,
}

/// A fact of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    position: Position,
    id: u64,
    party: Option<u8>,
    /// The agent responsible by then.
    pub assignee: Option<String>,
    /// The team responsible by then.
    pub team: Option<String>,
    /// What became true.
    pub what: What,
}

impl Fact {
    /// When it became true.
    pub fn at(&self) -> Timestamp {
        self.position.at
    }
}

/// What became true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// The case began.
    Opened,
    /// The customer wrote or called.
    CustomerMessage,
    /// A person or a bot replied.
    Reply,
    /// The status changed.
    Status {
        /// The new status.
        to: Status,
        /// Whether nobody did it: a bot, another part of the system, or time.
        automatic: bool,
        /// Why it was closed.
        reason: Option<CloseReason>,
    },
    /// The case was classified.
    Classified {
        /// The category.
        category: Option<Category>,
        /// The subtype.
        subtype: Option<Subtype>,
        /// The customer's language.
        language: Option<Language>,
    },
    /// The mark of an important customer was put or taken.
    Important(bool),
    /// What was agreed after a sale is done.
    AfterSalesCompleted {
        /// For which order.
        order_id: String,
    },
    /// The case went into another.
    Merged,
}

/// What a record changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learnt {
    /// It may change what follows.
    New,
    /// It was known.
    Known,
    /// It decides nothing.
    Nothing,
    /// There is no room for it.
    Full,
}

impl CaseFacts {
    /// The facts up to an instant.
    pub fn until(&self, at: Timestamp) -> Self {
        let facts = self.facts.iter().filter(|fact| fact.at() <= at).cloned().collect();
        Self { facts, parties: self.parties.clone(), early: Vec::new() }
    }

    /// The first instant after `at` at which there is a fact.
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.facts.iter().map(|fact| fact.at()).filter(|next| *next > at).min()
    }

    /// Takes a fact in, or takes one back. A fact that is told again replaces what was told of it before.
    pub fn learn(&mut self, event: &CaseEvent) -> Learnt {
        let mut taken_back = false;
        if let Some(retracted) = &event.retracts {
            taken_back = self.take_back(hash_64(&[retracted]), event.kind == FactKind::Retracted);
        }
        let nothing = if taken_back { Learnt::New } else { Learnt::Nothing };
        let Some(what) = what(event) else { return nothing };
        let id = hash_64(&[&event.event_id]);
        if let Some(place) = self.early.iter().position(|early| *early == id) {
            self.early.remove(place);
            return nothing;
        }
        if self.facts.len() >= MOST_FACTS {
            self.compact();
        }
        let known = self.facts.iter().position(|fact| fact.id == id);
        if known.is_none() && self.facts.len() >= MOST_FACTS {
            return Learnt::Full;
        }
        let fact = Arc::new(self.fact(event, id, what));
        match known.map(|place| self.facts.remove(place)) {
            Some(before) if before == fact => {
                self.insert(fact);
                Learnt::Known
            }
            _ => {
                self.insert(fact);
                Learnt::New
            }
        }
    }

    /// The facts in order, each with the customer it names.
    pub fn iter(&self) -> impl Iterator<Item = (&Fact, Option<&Party>)> {
        self.facts.iter().map(|fact| {
            (&**fact, fact.party.and_then(|place| self.parties.get(usize::from(place))).map(|party| &**party))
        })
    }

    /// The latest instant of which anything is known.
    pub fn last_at(&self) -> Option<Timestamp> {
        self.facts.last().map(|fact| fact.at())
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    fn fact(&mut self, event: &CaseEvent, id: u64, what: What) -> Fact {
        Fact {
            position: Position {
                at: event.at,
                moves: matches!(what, What::Status { .. }),
                by_timer: event.cause_id.starts_with("timer:"),
                cause: event.cause_id.clone(),
                n: event.n,
            },
            id,
            party: Party::of(&event.context).and_then(|party| self.place_of(party)),
            assignee: event.context.assignee.clone(),
            team: event.context.team.clone(),
            what,
        }
    }

    fn insert(&mut self, fact: Arc<Fact>) {
        let place = self.facts.partition_point(|known| known.position <= fact.position);
        self.facts.insert(place, fact);
    }

    fn place_of(&mut self, party: Party) -> Option<u8> {
        let known = self.parties.iter().position(|known| **known == party);
        if known.is_none() && self.parties.len() < MOST_PARTIES {
            self.parties.push(Arc::new(party));
        }
        let place = known.unwrap_or(self.parties.len().saturating_sub(1));
        u8::try_from(place).ok()
    }

    fn take_back(&mut self, id: u64, may_be_early: bool) -> bool {
        let before = self.facts.len();
        self.facts.retain(|fact| fact.id != id);
        let found = self.facts.len() < before;
        if !found && may_be_early && !self.early.contains(&id) {
            self.early.push(id);
            let surplus = self.early.len().saturating_sub(MOST_EARLY);
            self.early.drain(..surplus);
        }
        found
    }

    /// Lets messages go that are followed by another before the status changes, and replies after the first.
    fn compact(&mut self) {
        let first_reply = self.facts.iter().find(|fact| fact.what == What::Reply).map(|fact| fact.id);
        let mut followed = false;
        let mut kept = std::mem::take(&mut self.facts);
        kept.reverse();
        kept.retain(|fact| match fact.what {
            What::Status { .. } => {
                followed = false;
                true
            }
            What::CustomerMessage => !std::mem::replace(&mut followed, true),
            What::Reply => Some(fact.id) == first_reply,
            _ => true,
        });
        kept.reverse();
        self.facts = kept;
    }
}

/// Whether a fact says something about surveys, or takes back one that did.
pub fn concerns(event: &CaseEvent) -> bool {
    event.retracts.is_some() || what(event).is_some()
}

/// What an event means for surveys and follow-ups; none if nothing.
fn what(event: &CaseEvent) -> Option<What> {
    let actor = event.actor.as_ref().map(|actor| actor.kind);
    Some(match event.kind {
        FactKind::Opened => What::Opened,
        FactKind::CustomerMessage => What::CustomerMessage,
        FactKind::Reply | FactKind::BotReply => What::Reply,
        FactKind::StatusChanged => What::Status {
            to: event.to.as_deref()?.parse().ok()?,
            automatic: matches!(actor, None | Some(ActorKind::Bot | ActorKind::System)),
            reason: event.data.as_ref().and_then(|data| data.reason.as_deref()?.parse().ok()),
        },
        FactKind::Classified => {
            let verdict = event.classification.as_ref()?;
            What::Classified { category: verdict.category, subtype: verdict.subtype, language: verdict.language }
        }
        FactKind::Flagged if event.to.as_deref() == Some(Flag::Important.as_str()) => What::Important(true),
        FactKind::Flagged if event.from.as_deref() == Some(Flag::Important.as_str()) => What::Important(false),
        FactKind::AfterSales if event.to.as_deref() == Some("completed") => {
            What::AfterSalesCompleted { order_id: event.data.as_ref()?.order_id.clone()? }
        }
        FactKind::Merged => What::Merged,
        FactKind::Call
        | FactKind::Note
        | FactKind::Acknowledged
        | FactKind::Assigned
        | FactKind::PriorityChanged
        | FactKind::Flagged
        | FactKind::Promised
        | FactKind::IdentityVerified
        | FactKind::InfoMissing
        | FactKind::AfterSales
        | FactKind::Retracted
        | FactKind::Erased => return None,
    })
}
