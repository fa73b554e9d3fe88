//! The facts of a case that decide its clocks, kept small.
//!
//! Owns which facts matter, their order, repetitions and retractions, and that a fact told again replaces what was told
//! of it before. What a fact does to a clock is `clock`'s matter.

mod fields;

use std::cmp::Ordering;

use kefu_contracts::case_event::{CaseEvent, FactKind};
use kefu_contracts::id::hash_64;
use kefu_contracts::{ActorKind, Category, Channel, Code, Priority, Reject, Severity, Status, Subtype, Timestamp};
use kefu_policy::PolicyHistory;
use serde::{Deserialize, Serialize};

use self::fields::{answers, into_itself, is_skewed, priority, promised, status};
use crate::domain::moment::{LATENESS_MS, Moment, Rank};
use crate::domain::names::{Name, Names};

/// The most facts kept of a case. A conversation of people stays far below; a loop between two bots would not.
pub const FACTS_MAX: usize = 4_000;

/// The most retractions kept that came before what they retract, which only happens when a dead letter is sent back.
const EARLY_RETRACTIONS_MAX: usize = 64;

/// The most bytes of a cause's id that decide the order of facts at one instant.
const CAUSE_BYTES_MAX: usize = 256;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// The case began.
    Opened {
        /// Whether the customer opened it.
        by_customer: bool,
    },
    /// The customer wrote or called.
    CustomerMessage,
    /// A person replied.
    Reply {
        /// Whether the reply was stamped shortly before the message it answers.
        skewed: bool,
        /// Whether it makes a promise, and so keeps none.
        promises: bool,
    },
    /// A bot replied.
    BotReply,
    /// Receipt was acknowledged.
    Acknowledged,
    /// The status changed.
    Status {
        /// The new status.
        to: Status,
        /// Whether someone of the shop's staff did it.
        by_person: bool,
    },
    /// An instant was promised.
    Promised {
        /// The instant.
        due_at: Timestamp,
    },
    /// The case went into another.
    Merged,
    /// The case was classified.
    Classified {
        /// The category.
        category: Option<Category>,
        /// The subtype.
        subtype: Option<Subtype>,
        /// The severity.
        severity: Option<Severity>,
        /// The priority known then, which counts as long as no fact told another.
        priority: Option<Priority>,
    },
    /// The priority changed.
    Prioritised(Option<Priority>),
    /// Responsibility moved.
    Assigned {
        /// The team that became responsible; none leaves the team as it is.
        team: Option<Name>,
        /// The agent responsible.
        assignee: Option<Name>,
    },
}

/// A fact of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// When it became true.
    pub at: Timestamp,
    /// What happened.
    pub what: What,
    /// Whether a timer of intake caused it.
    pub by_timer: bool,
    /// The event that caused it.
    pub cause: Name,
    /// Position among the cause's facts.
    pub n: i64,
    /// The customer's tier as known then.
    pub tier: Option<Name>,
    /// Whether it comes after other events of its instant: it answers to them.
    answers: bool,
    /// A hash of the fact's id.
    id: u64,
}

impl Fact {
    /// Its place in the order of time.
    pub fn moment(&self) -> Moment {
        Moment::new(self.at, if self.by_timer { Rank::TimerEvent } else { Rank::Event })
    }

    /// Whether both come from the same event at the same instant.
    pub fn same_event(&self, other: &Fact) -> bool {
        self.at == other.at && self.by_timer == other.by_timer && self.cause == other.cause
    }

    fn is_opening(&self) -> bool {
        matches!(self.what, What::Opened { .. })
    }

    fn order(&self, other: &Fact, names: &Names) -> Ordering {
        let opening_first = || other.is_opening().cmp(&self.is_opening());
        let by_cause = || names.text(self.cause).cmp(names.text(other.cause));
        (self.moment().cmp(&other.moment()))
            .then_with(opening_first)
            .then_with(|| self.answers.cmp(&other.answers))
            .then_with(by_cause)
            .then_with(|| self.n.cmp(&other.n))
            .then_with(|| self.id.cmp(&other.id))
    }
}

/// A reply may be stamped this many milliseconds before the message it answers.
const CLOCK_SKEW_MS: i64 = 5_000;

/// What a received fact did to those that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// They changed.
    Changed,
    /// It had been taken before, and says the same.
    Repeated,
    /// It says nothing about clocks.
    Irrelevant,
}

/// The facts of a case in the order of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    list: Vec<Fact>,
    names: Names,
    early_retractions: Vec<u64>,
}

impl Facts {
    /// The facts in the order of time.
    pub fn list(&self) -> &[Fact] {
        &self.list
    }

    /// The facts up to an instant.
    pub fn until(&self, at: Timestamp) -> Facts {
        let list = self.list.iter().filter(|fact| fact.at <= at).cloned().collect();
        Facts { list, names: self.names.clone(), early_retractions: Vec::new() }
    }

    /// The first instant after `at` at which there is a fact.
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.list.iter().map(|fact| fact.at).filter(|next| *next > at).min()
    }

    /// Until when a reply that opened the case may still turn out to answer the customer's first message, of which its
    /// clock ran ahead; none if the customer opened it.
    pub fn unsettled_until(&self) -> Option<Timestamp> {
        let opening = self.list.iter().find(|fact| fact.is_opening())?;
        let by_customer = matches!(opening.what, What::Opened { by_customer: true });
        (!by_customer).then(|| opening.at.plus_ms(CLOCK_SKEW_MS))
    }

    /// The texts that facts name.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Whether `event` says something that [`Facts::take`] would keep.
    pub fn concern(event: &CaseEvent) -> bool {
        use FactKind as K;
        match event.kind {
            K::Opened | K::CustomerMessage | K::Reply | K::BotReply | K::Acknowledged | K::StatusChanged => true,
            K::Assigned | K::Classified | K::PriorityChanged | K::Promised | K::Merged | K::Retracted => true,
            K::Call | K::Note | K::Flagged | K::IdentityVerified | K::InfoMissing | K::AfterSales | K::Erased => false,
        }
    }

    /// Takes a fact in, wherever it belongs in the order of time. One that is told again under its id, because what
    /// the case was then turned out to be another, replaces what was told before.
    ///
    /// # Errors
    /// If a field is missing or the case has more facts than are kept.
    pub fn take(&mut self, event: &CaseEvent) -> Result<Taken, Reject> {
        if event.kind == FactKind::Retracted {
            return self.retract(event);
        }
        let id = hash_64(&[&event.event_id]);
        if let Some(early) = self.early_retractions.iter().position(|retracted| *retracted == id) {
            self.early_retractions.swap_remove(early);
            return Ok(Taken::Changed);
        }
        let Some(what) = self.read(event)? else { return Ok(Taken::Irrelevant) };
        let known = self.list.iter().position(|fact| fact.id == id);
        if known.is_none() && self.list.len() >= FACTS_MAX {
            let detail = format!("case `{}` has {FACTS_MAX} facts, its clocks take no more; close it", event.case_id);
            return Err(Reject::new(Code::TooLarge, detail));
        }
        let cause = self.cause(&event.cause_id);
        let tier = event.context.tier.as_deref().map(|tier| self.names.keep(tier));
        let by_timer = event.cause_id.starts_with("timer:");
        let answers = answers(event);
        let fact = Fact { at: event.at, what, by_timer, cause, n: event.n, tier, answers, id };
        let before = known.map(|place| self.list.remove(place));
        let place = self.list.partition_point(|other| other.order(&fact, &self.names).is_lt());
        self.list.insert(place, fact);
        Ok(if before == Some(fact) { Taken::Repeated } else { Taken::Changed })
    }

    /// When the case was closed, if it is.
    pub fn closed_at(&self) -> Option<Timestamp> {
        let last = self.list.iter().rev().find(|fact| matches!(fact.what, What::Status { .. }))?;
        matches!(last.what, What::Status { to: Status::Closed, .. }).then_some(last.at)
    }

    /// Where the case stands at an instant; none if it has not begun.
    pub fn status_at(&self, at: Timestamp) -> Option<Status> {
        let begun = self.list.iter().filter(|fact| fact.at <= at);
        begun.fold(None, |status, fact| match fact.what {
            What::Opened { .. } => status.or(Some(Status::Open)),
            What::Status { to, .. } => Some(to),
            What::Merged => Some(Status::Closed),
            _ => status,
        })
    }

    /// Forgets what is not about its beginning and its states.
    pub fn forget_all_but_life(&mut self) {
        self.list.retain(|fact| matches!(fact.what, What::Opened { .. } | What::Status { .. }));
        self.list.shrink_to_fit();
    }

    /// As [`Facts::take`], for a case that came in on `channel`, which becomes the fact's: all facts are told again if
    /// the case turns out to have begun on another one, and then none of them says the same.
    ///
    /// # Errors
    /// As for [`Facts::take`].
    pub fn take_from(&mut self, event: &CaseEvent, channel: &mut Channel) -> Result<Taken, Reject> {
        let taken = self.take(event)?;
        let moved = std::mem::replace(channel, event.channel) != event.channel;
        Ok(if moved && taken == Taken::Repeated { Taken::Changed } else { taken })
    }

    /// When a case that ended at `ended_at` can be forgotten. Facts without an opening belong to one that was.
    pub fn forgotten_at(&self, ended_at: Option<Timestamp>, history: &PolicyHistory) -> Option<Timestamp> {
        let ended_at = ended_at.map(|at| at.plus_ms(history.in_force(at.ms()).reopen_window_ms));
        ended_at.max(self.orphaned_at()).map(|at| at.plus_ms(LATENESS_MS))
    }

    /// The last fact's instant, if no fact says that the case began.
    fn orphaned_at(&self) -> Option<Timestamp> {
        let begun = self.list.iter().any(Fact::is_opening);
        self.list.last().filter(|_| !begun).map(|last| last.at)
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

    /// Facts of one event share the text of its id.
    fn cause(&mut self, cause_id: &str) -> Name {
        let mut end = cause_id.len().min(CAUSE_BYTES_MAX);
        while !cause_id.is_char_boundary(end) {
            end -= 1;
        }
        self.names.keep(cause_id.get(..end).unwrap_or_default())
    }

    fn read(&mut self, event: &CaseEvent) -> Result<Option<What>, Reject> {
        let by = event.actor.as_ref().map(|actor| actor.kind);
        Ok(Some(match event.kind {
            FactKind::Opened => What::Opened { by_customer: by == Some(ActorKind::Customer) },
            FactKind::CustomerMessage => What::CustomerMessage,
            FactKind::Reply => {
                let promises = event.data.as_ref().is_some_and(|data| data.due_at.is_some());
                What::Reply { skewed: is_skewed(event), promises }
            }
            FactKind::BotReply => What::BotReply,
            FactKind::Acknowledged => What::Acknowledged,
            FactKind::StatusChanged => {
                What::Status { to: status(event)?, by_person: by.is_some_and(ActorKind::is_person) }
            }
            FactKind::Promised => What::Promised { due_at: promised(event)? },
            // The case that takes another in keeps its clocks.
            FactKind::Merged if into_itself(event) => return Ok(None),
            FactKind::Merged => What::Merged,
            FactKind::Classified => {
                let verdict = event.classification.clone().unwrap_or_default();
                What::Classified {
                    category: verdict.category,
                    subtype: verdict.subtype,
                    severity: verdict.severity,
                    priority: event.context.priority,
                }
            }
            FactKind::PriorityChanged => What::Prioritised(priority(event)?),
            FactKind::Assigned => {
                let team = event.data.as_ref().and_then(|data| data.team.as_deref());
                What::Assigned {
                    team: team.map(|team| self.names.keep(team)),
                    assignee: event.to.as_deref().map(|agent| self.names.keep(agent)),
                }
            }
            _ => return Ok(None),
        }))
    }
}

#[cfg(test)]
mod tests {
    use kefu_contracts::case_event::CaseContext;

    use super::*;

    fn classified(tier: Option<&str>, priority: Option<Priority>) -> CaseEvent {
        CaseEvent {
            event_id: "f-1".to_owned(),
            cause_id: "e-1".to_owned(),
            n: 0,
            case_id: "c-1#1".to_owned(),
            tenant: "demo".to_owned(),
            at: Timestamp::from_ms(5),
            kind: FactKind::Classified,
            retracts: None,
            actor: None,
            from: None,
            to: None,
            text: None,
            data: None,
            channel: Channel::Chat,
            policy_version: None,
            classification: None,
            context: CaseContext { tier: tier.map(str::to_owned), priority, ..CaseContext::default() },
        }
    }

    #[test]
    fn a_fact_told_again_replaces_what_was_told_before() {
        let mut facts = Facts::default();
        for (tier, priority, taken) in [
            (None, None, Taken::Changed),
            (None, None, Taken::Repeated),
            (Some("vip"), None, Taken::Changed),
            (Some("vip"), Some(Priority::High), Taken::Changed),
            (Some("vip"), Some(Priority::High), Taken::Repeated),
            (None, Some(Priority::High), Taken::Changed),
        ] {
            assert_eq!(facts.take(&classified(tier, priority)), Ok(taken), "{tier:?} {priority:?}");
            let [kept] = facts.list() else { panic!("{} facts", facts.list().len()) };
            assert_eq!(kept.tier.map(|tier| facts.names().text(tier)), tier);
            assert!(matches!(kept.what, What::Classified { priority: kept, .. } if kept == priority));
        }
    }

    #[test]
    fn a_full_case_still_hears_what_is_told_again() {
        let mut facts = Facts::default();
        for n in 0..FACTS_MAX {
            let one = CaseEvent { event_id: format!("f-{n}"), n: n as i64, ..classified(None, None) };
            assert_eq!(facts.take(&one), Ok(Taken::Changed));
        }
        let more = CaseEvent { event_id: "more".to_owned(), ..classified(None, None) };
        assert_eq!(facts.take(&more).unwrap_err().code, Code::TooLarge);
        let again = CaseEvent { event_id: "f-7".to_owned(), n: 7, ..classified(Some("vip"), None) };
        assert_eq!(facts.take(&again), Ok(Taken::Changed));
        assert_eq!(facts.list().len(), FACTS_MAX);
    }
}
