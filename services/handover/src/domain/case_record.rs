//! What an agent should know of a case, over time: a pure function of the case's facts.
//!
//! An agent who is no longer responsible keeps a record that says so, with the instants of replies and resolutions, so
//! that the figures of a shift stay right.

use std::collections::BTreeMap;

use kefu_contracts::handover::ItemKind;
use kefu_contracts::{Channel, Flag, Severity, Status, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::fact::{Fact, Responsible, What};

/// The most changes kept of a case in one agent's record; the oldest go. A handover looks back over one shift.
const VIEWS_MAX: usize = 64;
/// The most replies and resolutions kept, as for [`VIEWS_MAX`]; a shift's figures need one of each in it.
const INSTANTS_MAX: usize = 64;

/// A case as an agent who answers for it should know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Whether it waits for work: not resolved.
    pub live: bool,
    /// What stands out.
    pub kind: ItemKind,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// What was found or done, else the customer's first words.
    pub summary: Option<String>,
    /// The instant promised to the customer.
    pub due_at: Option<Timestamp>,
    /// The team responsible.
    pub team: Option<String>,
}

/// A case from an instant on; it holds until the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The first instant.
    pub from: Timestamp,
    /// The case; none while the agent does not answer for it, or it is closed.
    pub held: Option<Held>,
}

/// What an agent should know of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseRecord {
    /// The case.
    pub case_id: String,
    /// Where it was opened.
    pub channel: Channel,
    /// The case over time.
    pub views: Vec<View>,
    /// When the agent replied.
    pub replies: Vec<Timestamp>,
    /// When the agent resolved it.
    pub resolutions: Vec<Timestamp>,
}

impl CaseRecord {
    /// A record that says nothing.
    pub fn empty(case_id: &str, channel: Channel) -> Self {
        let case_id = case_id.to_owned();
        Self { case_id, channel, views: Vec::new(), replies: Vec::new(), resolutions: Vec::new() }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.views.is_empty() && self.replies.is_empty() && self.resolutions.is_empty()
    }

    /// The case as the agent answered for it at an instant.
    pub fn held_at(&self, at: Timestamp) -> Option<&Held> {
        let after = self.views.partition_point(|view| view.from <= at);
        self.views.get(after.checked_sub(1)?)?.held.as_ref()
    }

    /// Whether the agent answers for it by all that is known.
    pub fn is_held(&self) -> bool {
        self.views.last().is_some_and(|view| view.held.is_some())
    }

    /// The last instant it speaks of.
    pub fn latest(&self) -> Option<Timestamp> {
        let view = self.views.last().map(|view| view.from);
        view.max(self.replies.last().copied()).max(self.resolutions.last().copied())
    }

    fn see(&mut self, from: Timestamp, held: Option<Held>) {
        if self.views.last().is_some_and(|last| last.from == from) {
            self.views.pop();
        }
        let unchanged = match self.views.last() {
            Some(last) => last.held == held,
            None => held.is_none(),
        };
        if !unchanged {
            self.views.push(View { from, held });
        }
    }

    fn shorten(&mut self) {
        self.views.drain(..self.views.len().saturating_sub(VIEWS_MAX));
        for instants in [&mut self.replies, &mut self.resolutions] {
            instants.drain(..instants.len().saturating_sub(INSTANTS_MAX));
        }
    }
}

/// The record of each agent concerned, from facts in the order of time.
pub fn records(case_id: &str, channel: Channel, facts: &[Fact]) -> BTreeMap<String, CaseRecord> {
    let mut records: BTreeMap<String, CaseRecord> = BTreeMap::new();
    let mut record = |agent: &str, change: &dyn Fn(&mut CaseRecord)| {
        change(records.entry(agent.to_owned()).or_insert_with(|| CaseRecord::empty(case_id, channel)));
    };
    let mut case = Case::default();
    for fact in facts {
        let before = case.responsible.agent.clone();
        case.apply(fact);
        match &fact.what {
            What::Replied { by: Some(agent) } => record(agent, &|record| record.replies.push(fact.at)),
            What::Status { to: Status::Resolved, by: Some(agent), .. } => {
                record(agent, &|record| record.resolutions.push(fact.at));
            }
            _ => {}
        }
        if before != case.responsible.agent
            && let Some(agent) = &before
        {
            record(agent, &|record| record.see(fact.at, None));
        }
        if let Some(agent) = &case.responsible.agent {
            record(agent, &|record| record.see(fact.at, case.held()));
        }
    }
    records.retain(|_, record| {
        record.shorten();
        !record.is_empty()
    });
    records
}

/// A case as far as its facts were applied.
#[derive(Default)]
struct Case {
    known: bool,
    status: Option<Status>,
    merged: bool,
    severity: Option<Severity>,
    words: Option<String>,
    summary: Option<String>,
    flags: Vec<Flag>,
    promise: Option<(Timestamp, String)>,
    important_tier: bool,
    responsible: Responsible,
}

impl Case {
    fn apply(&mut self, fact: &Fact) {
        self.important_tier = fact.important;
        if let Some(responsible) = &fact.responsible
            && (!self.known || fact.what == What::Assigned)
        {
            self.responsible.clone_from(responsible);
        }
        self.known = true;
        match &fact.what {
            What::Said { text } => self.words = self.words.take().or_else(|| text.clone()),
            What::Replied { .. } => {
                // What is said with a promise does not fulfil it.
                self.promise = self.promise.take().filter(|(_, cause)| *cause == fact.cause);
            }
            What::Status { to, summary, .. } => {
                self.status = Some(*to);
                self.summary = summary.clone().or_else(|| self.summary.take());
                if !to.is_live() {
                    self.promise = None;
                }
            }
            What::Assigned | What::Erased => {}
            What::Classified(severity) => self.severity = *severity,
            What::Flagged { flag, put } => {
                self.flags.retain(|other| other != flag);
                if *put {
                    self.flags.push(*flag);
                }
            }
            What::Promised { due_at } => {
                let live = self.status.is_none_or(Status::is_live);
                self.promise = live.then(|| (*due_at, fact.cause.clone()));
            }
            What::Merged => self.merged = true,
        }
    }

    fn held(&self) -> Option<Held> {
        let status = self.status.unwrap_or(Status::Open);
        if self.merged || status == Status::Closed {
            return None;
        }
        Some(Held {
            live: status.is_live(),
            kind: self.kind(),
            severity: self.severity,
            summary: self.summary.clone().or_else(|| self.words.clone()),
            due_at: self.promise.as_ref().map(|(due_at, _)| *due_at),
            team: self.responsible.team.clone(),
        })
    }

    /// What stands out most: what people marked, then what has a deadline, then who the customer is.
    fn kind(&self) -> ItemKind {
        if self.flags.contains(&Flag::SpecialAttention) {
            ItemKind::SpecialAttention
        } else if self.promise.is_some() {
            ItemKind::Promised
        } else if self.important_tier || self.flags.contains(&Flag::Important) {
            ItemKind::ImportantCustomer
        } else {
            ItemKind::Unresolved
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use kefu_contracts::ActorKind;
    use kefu_contracts::case_event::{CaseContext, CaseEvent, FactKind};
    use kefu_contracts::channel_event::{Actor, EventData};
    use proptest::prelude::*;

    use super::*;
    use crate::domain::fact::Facts;

    /// A fact of the case `c-1#1`, without content.
    pub(crate) fn fact(at_ms: i64, cause: &str, kind: FactKind) -> CaseEvent {
        CaseEvent {
            event_id: format!("{cause}/{kind}"),
            cause_id: cause.to_owned(),
            n: 0,
            case_id: "c-1#1".to_owned(),
            tenant: "demo".to_owned(),
            at: Timestamp::from_ms(at_ms),
            kind,
            retracts: None,
            actor: None,
            from: None,
            to: None,
            text: None,
            data: None,
            channel: Channel::Chat,
            policy_version: None,
            classification: None,
            context: CaseContext::default(),
        }
    }

    pub(crate) fn assigned(at_ms: i64, cause: &str, agent: Option<&str>) -> CaseEvent {
        let mut event = fact(at_ms, cause, FactKind::Assigned);
        event.context.assignee = agent.map(str::to_owned);
        event.context.team = Some("care".to_owned());
        event
    }

    pub(crate) fn by_agent(mut event: CaseEvent, agent: &str) -> CaseEvent {
        event.actor = Some(Actor { kind: ActorKind::Agent, id: agent.to_owned(), name: None });
        event
    }

    pub(crate) fn status(at_ms: i64, cause: &str, to: Status) -> CaseEvent {
        let mut event = fact(at_ms, cause, FactKind::StatusChanged);
        event.to = Some(to.as_str().to_owned());
        event
    }

    fn of(events: &[CaseEvent]) -> BTreeMap<String, CaseRecord> {
        let mut facts = Facts::default();
        for event in events {
            facts.take(event).unwrap();
        }
        records("c-1#1", Channel::Chat, facts.list())
    }

    fn flagged(at_ms: i64, cause: &str, flag: Flag, put: bool) -> CaseEvent {
        let mut event = fact(at_ms, cause, FactKind::Flagged);
        *(if put { &mut event.to } else { &mut event.from }) = Some(flag.as_str().to_owned());
        event
    }

    fn promised(at_ms: i64, cause: &str, due_ms: i64) -> CaseEvent {
        let mut event = fact(at_ms, cause, FactKind::Promised);
        event.data = Some(EventData { due_at: Some(Timestamp::from_ms(due_ms)), ..EventData::default() });
        event
    }

    /// A case with an important customer, two agents one after the other, and a promise.
    fn story() -> Vec<CaseEvent> {
        let mut opened = fact(1, "e-1", FactKind::Opened);
        opened.text = Some("the coat has a hole".to_owned());
        opened.context.tier = Some("vip".to_owned());
        let mut resolved = by_agent(status(60, "e-6", Status::Resolved), "a-2");
        resolved.data = Some(EventData { summary: Some("sent anew".to_owned()), ..EventData::default() });
        let mut story = vec![
            opened,
            assigned(10, "e-2", Some("a-1")),
            by_agent(fact(20, "e-3", FactKind::Reply), "a-1"),
            promised(30, "e-4", 99),
            by_agent(fact(30, "e-4", FactKind::Reply), "a-1"),
            assigned(40, "e-5", Some("a-2")),
            flagged(50, "e-5a", Flag::SpecialAttention, true),
            resolved,
            status(70, "timer:close", Status::Closed),
        ];
        for event in story.iter_mut().skip(1) {
            event.context.tier = Some("vip".to_owned());
        }
        story
    }

    #[test]
    fn each_agent_sees_the_case_while_answering_for_it() {
        let records = of(&story());
        // agent, instant, what is seen: kind, whether live, promise, summary
        type Seen = (ItemKind, bool, Option<i64>, &'static str);
        let rows: [(&str, i64, Option<Seen>); 9] = [
            ("a-1", 9, None),
            ("a-1", 10, Some((ItemKind::ImportantCustomer, true, None, "the coat has a hole"))),
            ("a-1", 30, Some((ItemKind::Promised, true, Some(99), "the coat has a hole"))),
            ("a-1", 40, None),
            ("a-2", 39, None),
            ("a-2", 40, Some((ItemKind::Promised, true, Some(99), "the coat has a hole"))),
            ("a-2", 50, Some((ItemKind::SpecialAttention, true, Some(99), "the coat has a hole"))),
            ("a-2", 60, Some((ItemKind::SpecialAttention, false, None, "sent anew"))),
            ("a-2", 70, None),
        ];
        for (agent, at, seen) in rows {
            let held = records[agent].held_at(Timestamp::from_ms(at));
            let held = held.map(|held| (held.kind, held.live, held.due_at.map(Timestamp::ms), held.summary.clone()));
            let seen = seen.map(|(kind, live, due, summary)| (kind, live, due, Some(summary.to_owned())));
            assert_eq!(held, seen, "{agent} at {at}");
        }
        let ms = |instants: &[Timestamp]| instants.iter().map(|at| at.ms()).collect::<Vec<_>>();
        assert_eq!(ms(&records["a-1"].replies), [20, 30]);
        assert_eq!(ms(&records["a-2"].resolutions), [60]);
    }

    #[test]
    fn a_reply_after_a_promise_fulfils_it() {
        let mut events = story();
        events.truncate(5);
        let mut reply = by_agent(fact(35, "e-9", FactKind::Reply), "a-1");
        reply.context.tier = Some("vip".to_owned());
        events.push(reply);
        let records = of(&events);
        assert_eq!(records["a-1"].held_at(Timestamp::from_ms(34)).unwrap().kind, ItemKind::Promised);
        assert_eq!(records["a-1"].held_at(Timestamp::from_ms(35)).unwrap().kind, ItemKind::ImportantCustomer);
    }

    #[test]
    fn a_flag_taken_and_a_queue_are_seen() {
        let records = of(&[
            assigned(1, "e-1", Some("a-1")),
            flagged(2, "e-2", Flag::Important, true),
            flagged(3, "e-3", Flag::Important, false),
            assigned(4, "e-4", None),
        ]);
        let kind = |at| records["a-1"].held_at(Timestamp::from_ms(at)).map(|held| held.kind);
        let unresolved = Some(ItemKind::Unresolved);
        assert_eq!(
            [kind(1), kind(2), kind(3), kind(4)],
            [unresolved, Some(ItemKind::ImportantCustomer), unresolved, None]
        );
    }

    #[test]
    fn a_merged_case_is_nobodys() {
        let records = of(&[assigned(1, "e-1", Some("a-1")), fact(2, "e-2", FactKind::Merged)]);
        assert!(!records["a-1"].is_held() && records["a-1"].held_at(Timestamp::from_ms(1)).is_some());
    }

    #[test]
    fn a_case_that_was_forgotten_and_comes_back_is_its_assignees() {
        let mut reopened = status(5, "e-1", Status::Open);
        reopened.context.assignee = Some("a-1".to_owned());
        assert!(of(&[reopened])["a-1"].is_held());
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_does_not_matter(order in Just((0..9).collect::<Vec<usize>>()).prop_shuffle()) {
            let story = story();
            let shuffled: Vec<CaseEvent> = order.iter().map(|place| story[*place].clone()).collect();
            prop_assert_eq!(of(&shuffled), of(&story));
        }
    }
}
