//! What a case's facts say, instant by instant.
//!
//! Owns which facts count and how many are kept. Facts come in any order; what is made of them depends on the facts
//! alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use kefu_contracts::case_event::{CaseEvent, FactKind};
use kefu_contracts::id::hash_64;
use kefu_contracts::{ActorKind, Channel, Flag, Status, Timestamp};
use kefu_text::gratitude::is_thanks_or_goodbye_only;
use serde::{Deserialize, Serialize};

use super::verdict::Situation;

/// Characters of a case's texts that count; what is said later leaves the verdict as it is.
pub const COUNTED_CHARACTERS: usize = 2_000;
/// Characters kept, so that a retraction has something to bring back.
const KEPT_CHARACTERS: usize = 2 * COUNTED_CHARACTERS;
/// Messages kept of one case: the first ones.
const KEPT_MESSAGES: usize = 100;
/// Changes of flags kept of one case: the first ones.
const KEPT_FLAGS: usize = 50;

/// The order of facts.
type Place = (Timestamp, String, i64);

/// What one event of a conversation contributed; several facts may tell of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Message {
    at: Timestamp,
    cause_id: String,
    /// Hashes of the ids of the facts that tell of it.
    told_by: BTreeSet<u64>,
    /// The fact that says the case began with it.
    opens: Option<u64>,
    text: String,
    channel: Channel,
    tier: Option<String>,
    rating: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flagged {
    place: Place,
    fact: u64,
    important: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StatusChange {
    place: Place,
    fact: u64,
    closed: bool,
}

/// The facts of a case that its verdict rests on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseHistory {
    /// In the order of (`at`, `cause_id`).
    messages: Vec<Arc<Message>>,
    /// In the order of their places.
    flags: Vec<Flagged>,
    last_status: Option<StatusChange>,
}

/// Whether a fact can change what is known of a case.
pub fn concerns(event: &CaseEvent) -> bool {
    let told = matches!(event.kind, FactKind::Retracted | FactKind::Flagged | FactKind::StatusChanged);
    told || speaks(event)
}

impl CaseHistory {
    /// Takes a fact in; whether that may change a verdict.
    pub fn learn(&mut self, event: &CaseEvent) -> bool {
        match event.kind {
            FactKind::Retracted => event.retracts.as_ref().is_some_and(|id| self.retract(hash_64(&[id]))),
            FactKind::Flagged => self.flag(event),
            FactKind::StatusChanged => {
                self.change_status(event);
                speaks(event) && self.hear(event)
            }
            _ => speaks(event) && self.hear(event),
        }
    }

    /// The instants at which something became known, in order, from the first message on.
    pub fn instants(&self) -> BTreeSet<Timestamp> {
        let first = self.first_instant();
        let flagged =
            self.flags.iter().map(|flagged| flagged.place.0).filter(|at| first.is_some_and(|first| *at > first));
        self.messages.iter().map(|message| message.at).chain(flagged).collect()
    }

    /// The first instant at which something became known.
    pub fn first_instant(&self) -> Option<Timestamp> {
        self.messages.first().map(|message| message.at)
    }

    /// The last instant at which something became known.
    pub fn last_instant(&self) -> Option<Timestamp> {
        let said = self.messages.last().map(|message| message.at);
        said.max(self.flags.last().map(|flagged| flagged.place.0))
    }

    /// When the case began, by a fact that says so.
    pub fn opened_at(&self) -> Option<Timestamp> {
        self.messages.iter().find(|message| message.opens.is_some()).map(|message| message.at)
    }

    /// When the case was closed, if it is closed now.
    pub fn closed_at(&self) -> Option<Timestamp> {
        self.last_status.as_ref().filter(|change| change.closed).map(|change| change.place.0)
    }

    /// What was known at `at`; `channel` is the case's where no message says.
    pub fn situation_at(&self, at: Timestamp, channel: Channel) -> Situation {
        let heard: Vec<&Message> =
            self.messages.iter().map(|message| &**message).take_while(|message| message.at <= at).collect();
        let flagged = self.flags.iter().take_while(|flagged| flagged.place.0 <= at).last();
        Situation {
            text: joined(&heard),
            channel: heard.last().map_or(channel, |message| message.channel),
            tier: heard.iter().rev().find_map(|message| message.tier.clone()),
            important: flagged.is_some_and(|flagged| flagged.important),
            rating: heard.iter().find_map(|message| message.rating),
        }
    }

    fn hear(&mut self, event: &CaseEvent) -> bool {
        let fact = number(event);
        let opens = event.kind == FactKind::Opened;
        let found = self.messages.binary_search_by(|message| {
            (message.at, message.cause_id.as_str()).cmp(&(event.at, event.cause_id.as_str()))
        });
        let known = match found {
            Ok(place) => place,
            Err(place) => {
                let text = said(event);
                let rating = event.data.as_ref().and_then(|data| data.rating);
                self.messages.insert(
                    place,
                    Arc::new(Message {
                        at: event.at,
                        cause_id: event.cause_id.clone(),
                        told_by: BTreeSet::from([fact]),
                        opens: opens.then_some(fact),
                        text,
                        channel: event.channel,
                        tier: event.context.tier.clone(),
                        rating,
                    }),
                );
                self.forget_surplus();
                return true;
            }
        };
        let Some(message) = self.messages.get_mut(known).map(Arc::make_mut) else { return false };
        message.told_by.insert(fact);
        if opens {
            message.opens = Some(fact);
        }
        message.take_over(event)
    }

    /// Keeps the first messages and those that open the case.
    fn forget_surplus(&mut self) {
        let (mut count, mut characters) = (0, 0);
        self.messages.retain(|message| {
            let keeps = count < KEPT_MESSAGES && characters < KEPT_CHARACTERS;
            count += 1;
            characters += message.text.chars().count();
            keeps || message.opens.is_some() && count < 2 * KEPT_MESSAGES
        });
    }

    fn flag(&mut self, event: &CaseEvent) -> bool {
        let important = |flag: &Option<String>| flag.as_deref() == Some(Flag::Important.as_str());
        if !important(&event.to) && !important(&event.from) {
            return false;
        }
        let fact = number(event);
        let flagged = Flagged { place: place(event), fact, important: important(&event.to) };
        self.flags.retain(|known| known.fact != fact);
        let at = self.flags.partition_point(|known| known.place < flagged.place);
        self.flags.insert(at, flagged);
        self.flags.truncate(KEPT_FLAGS);
        true
    }

    fn change_status(&mut self, event: &CaseEvent) {
        let place = place(event);
        if self.last_status.as_ref().is_none_or(|last| last.place <= place) {
            let closed = event.to.as_deref() == Some(Status::Closed.as_str());
            self.last_status = Some(StatusChange { place, fact: number(event), closed });
        }
    }

    fn retract(&mut self, fact: u64) -> bool {
        if self.last_status.as_ref().is_some_and(|last| last.fact == fact) {
            // what it was before is not kept; a case not known to be closed is remembered
            self.last_status = None;
        }
        let flags = self.flags.len();
        self.flags.retain(|flagged| flagged.fact != fact);
        let mut changed = self.flags.len() < flags;
        for message in self.messages.iter_mut().filter(|message| message.told_by.contains(&fact)) {
            let message = Arc::make_mut(message);
            if message.told_by.remove(&fact) {
                changed = true;
                message.opens = message.opens.filter(|opens| *opens != fact);
            }
        }
        self.messages.retain(|message| !message.told_by.is_empty());
        changed
    }
}

impl Message {
    /// Takes over what another fact says of the same event; whether that is anything else. Mostly it is not: each
    /// case begins with two facts of one event.
    fn take_over(&mut self, event: &CaseEvent) -> bool {
        let text = if self.text.is_empty() { said(event) } else { String::new() };
        let differs = !text.is_empty() || self.tier != event.context.tier || self.channel != event.channel;
        if !text.is_empty() {
            self.text = text;
        }
        self.tier.clone_from(&event.context.tier);
        self.channel = event.channel;
        differs
    }
}

/// The number that a fact is remembered by.
fn number(event: &CaseEvent) -> u64 {
    hash_64(&[&event.event_id])
}

/// Whether the fact is something the customer said, or the case's beginning, whoever wrote it down.
fn speaks(event: &CaseEvent) -> bool {
    match event.kind {
        FactKind::Opened | FactKind::CustomerMessage => true,
        _ => event.text.is_some() && by(event, ActorKind::Customer),
    }
}

fn by(event: &CaseEvent, kind: ActorKind) -> bool {
    event.actor.as_ref().is_some_and(|actor| actor.kind == kind)
}

/// The subject and the text; none of what the shop's own systems write.
fn said(event: &CaseEvent) -> String {
    if event.kind == FactKind::Opened && (by(event, ActorKind::System) || by(event, ActorKind::Bot)) {
        return String::new();
    }
    let subject = event.data.as_ref().and_then(|data| data.subject.as_deref());
    let parts = [subject, event.text.as_deref()];
    let whole: Vec<&str> = parts.into_iter().flatten().map(str::trim).filter(|part| !part.is_empty()).collect();
    whole.join("\n").chars().take(COUNTED_CHARACTERS).collect()
}

/// The texts one after another, a line each, up to [`COUNTED_CHARACTERS`]. Thanks say nothing of a case that is known.
fn joined(messages: &[&Message]) -> String {
    let mut joined = String::new();
    let mut left = COUNTED_CHARACTERS;
    for message in messages {
        if message.text.is_empty() || !joined.is_empty() && is_thanks_or_goodbye_only(&message.text) {
            continue;
        }
        if !joined.is_empty() && left > 0 {
            joined.push('\n');
            left -= 1;
        }
        joined.extend(message.text.chars().take(left));
        left = left.saturating_sub(message.text.chars().count());
        if left == 0 {
            break;
        }
    }
    joined
}

fn place(event: &CaseEvent) -> Place {
    (event.at, event.cause_id.clone(), event.n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::fact;

    fn heard(history: &CaseHistory, at_ms: i64) -> Situation {
        history.situation_at(Timestamp::from_ms(at_ms), Channel::Chat)
    }

    fn learned(facts: &[CaseEvent]) -> CaseHistory {
        let mut history = CaseHistory::default();
        facts.iter().for_each(|fact| {
            history.learn(fact);
        });
        history
    }

    #[test]
    fn two_facts_of_one_event_are_one_message() {
        let opened = fact(1, "e-1", 0, FactKind::Opened, "没收到货");
        let mut history = learned(std::slice::from_ref(&opened));
        assert!(!history.learn(&fact(1, "e-1", 1, FactKind::CustomerMessage, "没收到货")), "nothing more is said");
        assert_eq!(heard(&history, 1).text, "没收到货");
        assert_eq!(history.opened_at(), Some(Timestamp::from_ms(1)));
        let retracted = CaseEvent { retracts: Some(opened.event_id), ..fact(1, "e-0", 9, FactKind::Retracted, "") };
        assert!(history.learn(&retracted));
        assert_eq!((heard(&history, 1).text.as_str(), history.opened_at()), ("没收到货", None));
    }

    #[test]
    fn a_fact_told_again_replaces_what_was_told_before() {
        let opened = fact(1, "e-1", 0, FactKind::Opened, "没收到货");
        let mut history = learned(std::slice::from_ref(&opened));
        assert!(!history.learn(&opened), "the same again");
        let mut again = CaseEvent { channel: Channel::Regulator, ..opened };
        again.context.tier = Some("vip".to_owned());
        assert!(history.learn(&again));
        let heard = heard(&history, 1);
        assert_eq!((heard.channel, heard.tier.as_deref()), (Channel::Regulator, Some("vip")));
        assert_eq!(history, learned(&[again]), "as if it had been told so at once");
    }

    #[test]
    fn texts_are_in_the_order_of_time_whatever_the_order_of_arrival() {
        let mut facts = [
            fact(1, "e-1", 0, FactKind::Opened, "one"),
            fact(2, "e-2", 0, FactKind::CustomerMessage, "two"),
            fact(2, "e-3", 0, FactKind::CustomerMessage, "three"),
        ];
        facts.reverse();
        let history = learned(&facts);
        assert_eq!(heard(&history, 1).text, "one");
        assert_eq!(heard(&history, 9).text, "one\ntwo\nthree");
    }

    #[test]
    fn thanks_staff_and_systems_add_nothing() {
        let mut reply = fact(2, "e-2", 0, FactKind::Reply, "we are looking into it");
        if let Some(actor) = &mut reply.actor {
            actor.kind = ActorKind::Agent;
        }
        let mut stuck = fact(1, "e-9", 0, FactKind::Opened, "order stuck");
        if let Some(actor) = &mut stuck.actor {
            actor.kind = ActorKind::System;
        }
        let history = learned(&[
            fact(1, "e-1", 0, FactKind::Opened, "没收到货"),
            reply,
            fact(3, "e-3", 0, FactKind::CustomerMessage, "谢谢!"),
        ]);
        assert_eq!(heard(&history, 9).text, "没收到货");
        assert_eq!(heard(&learned(&[stuck]), 9).text, "");
        assert_eq!(heard(&learned(&[fact(1, "e-1", 0, FactKind::Opened, "谢谢")]), 9).text, "谢谢");
    }

    #[test]
    fn what_is_said_after_two_thousand_characters_counts_for_nothing() {
        let history = learned(&[
            fact(1, "e-1", 0, FactKind::Opened, &"长".repeat(1_500)),
            fact(2, "e-2", 0, FactKind::CustomerMessage, &"多".repeat(1_500)),
            fact(3, "e-3", 0, FactKind::CustomerMessage, "last"),
        ]);
        assert_eq!(heard(&history, 2).text.chars().count(), COUNTED_CHARACTERS);
        assert_eq!(heard(&history, 3), heard(&history, 2));
    }

    #[test]
    fn a_flag_counts_from_its_instant_until_it_is_taken() {
        let flag = |at, cause: &str, put: bool| {
            let word = Some("important".to_owned());
            let (from, to) = if put { (None, word) } else { (word, None) };
            CaseEvent { from, to, ..fact(at, cause, 0, FactKind::Flagged, "") }
        };
        let history =
            learned(&[fact(1, "e-1", 0, FactKind::Opened, "hi"), flag(5, "e-3", false), flag(3, "e-2", true)]);
        let important: Vec<bool> = (1..=5).map(|at| heard(&history, at).important).collect();
        assert_eq!(important, [false, false, true, true, false]);
        assert_eq!(history.instants().len(), 3);
    }

    #[test]
    fn a_flood_of_messages_keeps_the_first() {
        let mut history = CaseHistory::default();
        for at in (0..1_000).rev() {
            history.learn(&fact(at, &format!("e-{at}"), 0, FactKind::CustomerMessage, "x"));
        }
        assert_eq!(history.messages.len(), KEPT_MESSAGES);
        assert_eq!(history.messages.last().map(|message| message.at), Some(Timestamp::from_ms(99)));
    }
}
