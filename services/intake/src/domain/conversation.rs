//! A conversation as it is stored: its cases, and what is needed to divide what comes in between them.
//!
//! Owns what is forgotten, and when.

use std::sync::Arc;

use kefu_contracts::Timestamp;
use serde::{Deserialize, Serialize};

use super::case_record::CaseRecord;
use super::input::Input;
use super::merge::Forwarding;
use super::seen::{REMEMBERED_MS, Seen};

/// Events kept until a case begins that can take them; further ones are refused for good.
pub const MAX_WAITING: usize = 100;

/// An event that came before the one that opens its case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// The event.
    pub input: Arc<Input>,
    /// When it is given up.
    pub until: Timestamp,
}

/// What stays of the last case when a conversation is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remainder {
    /// Its last revision.
    pub revision: i64,
    /// When it was closed.
    pub closed_at: Timestamp,
}

/// A conversation as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// The ordinal of its latest case; an ordinal is never used twice.
    pub last_ordinal: u32,
    /// Its cases, in the order of their ordinals; those long closed are forgotten.
    pub cases: Vec<CaseRecord>,
    /// The ids of its events.
    pub seen: Seen,
    /// Events that wait for their case to begin.
    pub waiting: Vec<Waiting>,
    /// Where its events go, if its case went into another.
    pub forwarding: Option<Forwarding>,
    /// Events that wait for the answer to a merge.
    pub held: Vec<Arc<Input>>,
    /// What stays of the last case when the cases are forgotten.
    pub remainder: Option<Remainder>,
    /// When it can be forgotten, unless something comes before.
    pub forget_at: Option<Timestamp>,
}

impl Conversation {
    /// The position of a case.
    pub fn position(&self, case_id: &str) -> Option<usize> {
        self.cases.iter().position(|case| &*case.case_id == case_id)
    }

    /// The case that waits for the answer to a merge.
    pub fn merging(&self) -> Option<&CaseRecord> {
        self.cases.iter().find(|case| case.merging.is_some())
    }

    /// Gives up what has waited too long, and plans when the rest is forgotten: when nothing can come any more that
    /// would reopen a case, or repeat an event. `now` is when something came in last, `reopen_ms` the reopen window.
    pub fn plan(&mut self, now: Timestamp, reopen_ms: i64) {
        self.waiting.retain(|waiting| waiting.until >= now);
        let last = self.cases.len().saturating_sub(1);
        let mut position = 0;
        self.cases.retain(|case| {
            position += 1;
            position > last || !is_over(case, reopen_ms, now)
        });
        let open = self.cases.iter().any(|case| case.facts.closed_at.is_none() || case.merging.is_some());
        let over = self.cases.iter().filter_map(|case| case.facts.closed_at).max();
        let repeated = now.plus_ms(REMEMBERED_MS + 1);
        let reopened = over.map(|closed| closed.plus_ms(reopen_ms.saturating_add(REMEMBERED_MS + 1)));
        self.forget_at = (!open).then(|| reopened.map_or(repeated, |reopened| reopened.max(repeated)));
    }

    /// Forgets what is past; whether anything stays that must.
    #[must_use]
    pub fn forget(&mut self) -> bool {
        let kept = self
            .cases
            .last()
            .and_then(|case| Some(Remainder { revision: case.revision, closed_at: case.facts.closed_at? }));
        *self = Self {
            last_ordinal: self.last_ordinal,
            remainder: kept.or(self.remainder),
            forwarding: self.forwarding.take(),
            ..Self::default()
        };
        self.last_ordinal > 0
    }
}

fn is_over(case: &CaseRecord, reopen_ms: i64, now: Timestamp) -> bool {
    let kept_ms = reopen_ms.saturating_add(REMEMBERED_MS);
    case.merging.is_none() && case.facts.closed_at.is_some_and(|closed| closed.plus_ms(kept_ms) < now)
}

#[cfg(test)]
mod tests {
    use kefu_contracts::Channel;
    use kefu_policy::Policies;

    use super::*;
    use crate::domain::event::Event;
    use crate::domain::input::{Content, Rank};
    use crate::domain::step::Rules;

    fn opened() -> Conversation {
        let input = Input {
            at: Timestamp::from_ms(1_000),
            rank: Rank::External,
            id: "e-1".to_owned(),
            origin: None,
            channel: Channel::Chat,
            actor: None,
            customer: None,
            order_ids: vec!["A1".to_owned()],
            attributes: Default::default(),
            content: Content::Event(Event::Closed { reason: None }),
        };
        let policies = Policies::default();
        let rules = Rules { policies: policies.history("demo"), acknowledgement_id: "", acknowledgement: None };
        let (case, _) = CaseRecord::open("c-1#1".to_owned(), Arc::new(input), &rules);
        let mut conversation = Conversation { last_ordinal: 1, cases: vec![case], ..Conversation::default() };
        assert!(conversation.seen.is_new("e-1", Timestamp::from_ms(1_000)));
        conversation
    }

    #[test]
    fn what_is_stored_is_read_back() {
        let conversation = opened();
        let bytes = postcard::to_allocvec(&conversation).unwrap();
        assert_eq!(postcard::from_bytes::<Conversation>(&bytes).unwrap(), conversation);
    }

    #[test]
    fn it_is_forgotten_when_nothing_can_come_any_more() {
        let mut conversation = opened();
        let (closed_at, window) = (Timestamp::from_ms(1_000), 3_600_000);
        conversation.plan(closed_at, window);
        assert_eq!(conversation.forget_at, Some(closed_at.plus_ms(window + REMEMBERED_MS + 1)));
        assert!(conversation.forget());
        let remainder = Some(Remainder { revision: 0, closed_at });
        assert_eq!(conversation, Conversation { last_ordinal: 1, remainder, ..Conversation::default() });
    }
}
