//! The facts of a case that a handover needs, kept small.
//!
//! Owns which facts matter, their order, repetitions and retractions, and that a fact told again replaces what was told
//! of it before. What follows from them is `case_record`'s matter.

use std::cmp::Ordering;

use kefu_contracts::case_event::{CaseEvent, FactKind};
use kefu_contracts::id::hash_64;
use kefu_contracts::{Code, Flag, Reject, Severity, Status, Timestamp};
use serde::{Deserialize, Serialize};

/// The most facts kept of a case. A conversation of people stays far below; a loop between two bots would not.
pub const FACTS_MAX: usize = 5_000;
/// The most retractions kept that came before what they retract, as when a dead letter is sent back.
const EARLY_RETRACTIONS_MAX: usize = 64;
/// Only the first words of a customer tell what a case is about; a few are kept in case the first are retracted.
const TEXTS_MAX: usize = 4;
/// The most characters kept of a text.
const TEXT_CHARS_MAX: usize = 140;
/// The customers' tier that makes them important.
const IMPORTANT_TIER: &str = "vip";

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// The case began, or the customer wrote.
    Said {
        /// The first characters, with personal data masked.
        text: Option<String>,
    },
    /// A person replied.
    Replied {
        /// Who.
        by: Option<String>,
    },
    /// The status changed.
    Status {
        /// The new status.
        to: Status,
        /// Who changed it.
        by: Option<String>,
        /// What was found or done.
        summary: Option<String>,
    },
    /// Responsibility moved.
    Assigned,
    /// The case was classified.
    Classified(Option<Severity>),
    /// A flag was put or taken.
    Flagged {
        /// Which.
        flag: Flag,
        /// Whether it was put.
        put: bool,
    },
    /// An instant was promised.
    Promised {
        /// The instant.
        due_at: Timestamp,
    },
    /// The case went into another.
    Merged,
    /// Personal data was erased.
    Erased,
}

/// Who answers for a case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Responsible {
    /// The agent.
    pub agent: Option<String>,
    /// The team.
    pub team: Option<String>,
}

/// A fact of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// When it became true.
    pub at: Timestamp,
    /// What happened.
    pub what: What,
    /// The event that caused it.
    pub cause: String,
    /// Who answers for the case after it, of facts that may be the first known of a case or that move responsibility.
    pub responsible: Option<Responsible>,
    /// Whether the customer's tier is important, as known then.
    pub important: bool,
    by_timer: bool,
    n: i64,
    id: u64,
}

impl Fact {
    fn order(&self, other: &Fact) -> Ordering {
        let place = |fact: &Fact| (fact.at, fact.by_timer);
        let fine = (&self.cause, self.n, self.id).cmp(&(&other.cause, other.n, other.id));
        place(self).cmp(&place(other)).then(fine)
    }
}

/// What a received fact did to those that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// They changed.
    Changed,
    /// It had been taken before, and says the same.
    Repeated,
    /// It says nothing that a handover needs, or nothing yet.
    Irrelevant,
}

/// The facts of a case in the order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    list: Vec<Fact>,
    early_retractions: Vec<u64>,
}

impl Facts {
    /// The facts in the order of time.
    pub fn list(&self) -> &[Fact] {
        &self.list
    }

    /// Takes a fact in, wherever it belongs in the order of time. One that is told again under its id, because what
    /// the case was then turned out to be another, replaces what was told before.
    ///
    /// # Errors
    /// If a field is missing or wrong, or the case has more facts than are kept.
    pub fn take(&mut self, event: &CaseEvent) -> Result<Taken, Reject> {
        if event.kind == FactKind::Retracted {
            return self.retract(event);
        }
        let id = hash_64(&[&event.event_id]);
        if let Some(early) = self.early_retractions.iter().position(|retracted| *retracted == id) {
            self.early_retractions.swap_remove(early);
            return Ok(Taken::Irrelevant);
        }
        let Some(what) = read(event)? else { return Ok(Taken::Irrelevant) };
        let known = self.list.iter().position(|fact| fact.id == id);
        if known.is_none() && self.list.len() >= FACTS_MAX {
            let detail =
                format!("case `{}` has {FACTS_MAX} facts, its handover takes no more; close it", event.case_id);
            return Err(Reject::new(Code::TooLarge, detail));
        }
        let carries_responsibility = matches!(what, What::Said { .. } | What::Status { .. } | What::Assigned);
        let context = &event.context;
        let fact = Fact {
            at: event.at,
            cause: event.cause_id.clone(),
            responsible: carries_responsibility
                .then(|| Responsible { agent: context.assignee.clone(), team: context.team.clone() }),
            important: context.tier.as_deref() == Some(IMPORTANT_TIER),
            by_timer: event.cause_id.starts_with("timer:"),
            n: event.n,
            id,
            what,
        };
        let before = known.map(|place| self.list.remove(place));
        let place = self.list.partition_point(|other| other.order(&fact).is_lt());
        self.list.insert(place, fact);
        self.drop_texts();
        let is_same = before.is_some() && before.as_ref() == self.list.get(place);
        Ok(if is_same { Taken::Repeated } else { Taken::Changed })
    }

    fn retract(&mut self, event: &CaseEvent) -> Result<Taken, Reject> {
        let Some(retracts) = &event.retracts else {
            return Err(Reject::new(Code::MissingField, "retracted: no `retracts`; name the fact that is not true"));
        };
        let id = hash_64(&[retracts]);
        if let Some(place) = self.list.iter().position(|fact| fact.id == id) {
            self.list.remove(place);
            return Ok(Taken::Changed);
        }
        if self.early_retractions.len() >= EARLY_RETRACTIONS_MAX {
            self.early_retractions.remove(0);
        }
        self.early_retractions.push(id);
        Ok(Taken::Irrelevant)
    }

    /// Lets go of texts that were erased, and of those that are not needed.
    fn drop_texts(&mut self) {
        let erased = self.list.iter().rposition(|fact| fact.what == What::Erased);
        let mut kept = 0;
        for (place, fact) in self.list.iter_mut().enumerate() {
            let gone = erased.is_some_and(|erased| place < erased);
            match &mut fact.what {
                What::Said { text } if text.is_some() => {
                    if gone || kept >= TEXTS_MAX {
                        *text = None;
                    }
                    kept += 1;
                }
                What::Status { summary, .. } if gone => *summary = None,
                _ => {}
            }
        }
    }
}

/// Whether a fact says something about handovers.
pub fn concerns(event: &CaseEvent) -> bool {
    use FactKind as K;
    match event.kind {
        K::Opened | K::CustomerMessage | K::Reply | K::StatusChanged | K::Assigned | K::Classified => true,
        K::Flagged | K::Promised | K::Merged | K::Erased | K::Retracted => true,
        K::BotReply | K::Call | K::Note | K::Acknowledged | K::PriorityChanged | K::IdentityVerified => false,
        K::InfoMissing | K::AfterSales => false,
    }
}

fn read(event: &CaseEvent) -> Result<Option<What>, Reject> {
    let by_person = event.actor.as_ref().filter(|actor| actor.kind.is_person()).map(|actor| actor.id.clone());
    let data = event.data.as_ref();
    Ok(Some(match event.kind {
        FactKind::Opened | FactKind::CustomerMessage => What::Said { text: event.text.as_deref().map(shortened) },
        FactKind::Reply => What::Replied { by: by_person },
        FactKind::StatusChanged => What::Status {
            to: word(event.to.as_deref().unwrap_or_default(), "status_changed: `to`")?,
            by: by_person,
            summary: data.and_then(|data| data.summary.as_deref()).map(shortened),
        },
        FactKind::Assigned => What::Assigned,
        FactKind::Classified => {
            What::Classified(event.classification.as_ref().and_then(|classification| classification.severity))
        }
        FactKind::Flagged => {
            let (flag, put) = match (event.to.as_deref(), event.from.as_deref()) {
                (Some(put), _) => (put, true),
                (None, Some(taken)) => (taken, false),
                (None, None) => return Err(Reject::new(Code::MissingField, "flagged: neither `from` nor `to`")),
            };
            What::Flagged { flag: word(flag, "flagged")?, put }
        }
        FactKind::Promised => {
            let due_at = data.and_then(|data| data.due_at);
            let missing = || Reject::new(Code::MissingField, "promised: no `due_at`; give the instant promised");
            What::Promised { due_at: due_at.ok_or_else(missing)? }
        }
        // The case that takes another in goes on.
        FactKind::Merged if event.to.as_ref() == Some(&event.case_id) => return Ok(None),
        FactKind::Merged => What::Merged,
        FactKind::Erased => What::Erased,
        FactKind::BotReply
        | FactKind::Call
        | FactKind::Note
        | FactKind::Acknowledged
        | FactKind::PriorityChanged
        | FactKind::IdentityVerified
        | FactKind::InfoMissing
        | FactKind::AfterSales
        | FactKind::Retracted => return Ok(None),
    }))
}

fn word<T: std::str::FromStr<Err = kefu_contracts::UnknownWord>>(text: &str, place: &str) -> Result<T, Reject> {
    text.parse().map_err(|error| Reject::new(Code::InvalidField, format!("{place}: {error}")))
}

fn shortened(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::case_record::tests::fact;

    #[test]
    fn facts_are_kept_in_the_order_of_time_with_those_of_timers_last() {
        let mut facts = Facts::default();
        for (at, cause) in [(5, "timer:close"), (5, "e-2"), (4, "z"), (5, "e-1"), (5, "x")] {
            assert_eq!(facts.take(&fact(at, cause, FactKind::Reply)), Ok(Taken::Changed));
        }
        let order: Vec<&str> = facts.list().iter().map(|fact| fact.cause.as_str()).collect();
        assert_eq!(order, ["z", "e-1", "e-2", "x", "timer:close"]);
    }

    #[test]
    fn a_repetition_changes_nothing_and_a_retraction_takes_back_in_either_order() {
        let reply = fact(5, "e-1", FactKind::Reply);
        let mut retraction = fact(6, "e-2", FactKind::Retracted);
        retraction.retracts = Some(reply.event_id.clone());
        let mut facts = Facts::default();
        assert_eq!(facts.take(&reply), Ok(Taken::Changed));
        assert_eq!(facts.take(&reply), Ok(Taken::Repeated));
        assert_eq!(facts.take(&retraction), Ok(Taken::Changed));
        assert!(facts.list().is_empty());

        let mut early = Facts::default();
        assert_eq!(early.take(&retraction), Ok(Taken::Irrelevant));
        assert_eq!(early.take(&reply), Ok(Taken::Irrelevant));
        assert!(early.list().is_empty());
    }

    #[test]
    fn a_fact_told_again_replaces_what_was_told_before() {
        let mut facts = Facts::default();
        let mut said: Vec<CaseEvent> =
            (1..=6).map(|at| fact(at, &format!("e-{at}"), FactKind::CustomerMessage)).collect();
        for said in &mut said {
            said.text = Some("hello".into());
            assert_eq!(facts.take(said), Ok(Taken::Changed));
        }
        // the last ones have lost their texts, and that makes no difference
        for said in &mut said {
            assert_eq!(facts.take(said), Ok(Taken::Repeated));
            said.context.tier = Some(IMPORTANT_TIER.into());
            said.context.assignee = Some("a-1".into());
            assert_eq!(facts.take(said), Ok(Taken::Changed));
            assert_eq!(facts.take(said), Ok(Taken::Repeated));
        }
        let mut at_once = Facts::default();
        said.iter().for_each(|said| {
            at_once.take(said).unwrap();
        });
        assert_eq!(facts, at_once);
    }

    #[test]
    fn erasure_lets_go_of_the_texts_before_it_also_of_those_that_come_later() {
        let mut facts = Facts::default();
        let mut said = fact(1, "e-1", FactKind::CustomerMessage);
        said.text = Some("my name is".into());
        let mut again = fact(9, "e-3", FactKind::CustomerMessage);
        again.text = Some("hello".into());
        for event in [&fact(5, "e-2", FactKind::Erased), &said, &again] {
            facts.take(event).unwrap();
        }
        let texts: Vec<&What> = facts.list().iter().map(|fact| &fact.what).collect();
        let hello = What::Said { text: Some("hello".into()) };
        assert_eq!(texts, [&What::Said { text: None }, &What::Erased, &hello]);
    }

    #[test]
    fn a_fact_without_what_it_needs_is_refused() {
        for (kind, code) in [
            (FactKind::StatusChanged, Code::InvalidField),
            (FactKind::Promised, Code::MissingField),
            (FactKind::Flagged, Code::MissingField),
            (FactKind::Retracted, Code::MissingField),
        ] {
            let refused = Facts::default().take(&fact(1, "e-1", kind)).unwrap_err();
            assert_eq!(refused.code, code, "{kind}");
        }
    }
}
