//! Events for tests, and what the service made of them.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    reason = "each test uses a part, and stops when it cannot go on"
)]

use std::collections::BTreeMap;

use kefu_contracts::case::Case;
use kefu_contracts::case_event::{CaseEvent, FactKind};
use kefu_contracts::channel_event::{Actor, ChannelEvent, CustomerInfo, EventData};
use kefu_contracts::classification::{Classification, ExtractedFact};
use kefu_contracts::topic::{CASE_EVENTS, CASES, CHANNEL_EVENTS, CLASSIFICATIONS};
use kefu_contracts::{ActorKind, Category, Channel, Language, Priority, Severity, Subtype, Timestamp};
use kefu_policy::Policies;
use kefu_testkit::Driver;

pub const START: i64 = 1_772_413_200_000;
pub const SECOND: i64 = 1_000;
pub const HOUR: i64 = 3_600_000;

pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(START + ms)
}

pub fn driver() -> Driver {
    Driver::new(&[kefu_intake::service()], Policies::default())
}

pub fn text(text: &str) -> EventData {
    EventData { text: Some(text.to_owned()), ..EventData::default() }
}

pub fn event(id: &str, ms: i64, by: ActorKind, kind: &str, data: EventData) -> ChannelEvent {
    let actor_id = if by == ActorKind::Customer { "u-1" } else { "a-1" };
    ChannelEvent {
        event_id: id.to_owned(),
        tenant: "demo".to_owned(),
        conversation_id: "c-1".to_owned(),
        channel: Channel::Chat,
        occurred_at: at(ms),
        kind: kind.to_owned(),
        actor: Actor { kind: by, id: actor_id.to_owned(), name: None },
        data,
        customer: None,
        order_ids: Vec::new(),
        attributes: BTreeMap::new(),
    }
}

pub fn customer(id: &str, ms: i64, said: &str) -> ChannelEvent {
    event(id, ms, ActorKind::Customer, "message", text(said))
}

pub fn agent(id: &str, ms: i64, kind: &str, data: EventData) -> ChannelEvent {
    event(id, ms, ActorKind::Agent, kind, data)
}

pub fn info(phone: &str) -> Option<CustomerInfo> {
    Some(CustomerInfo { id: "u-1".to_owned(), phone: Some(phone.to_owned()), ..CustomerInfo::default() })
}

pub fn verdict(case_id: &str, ms: i64, revision: i64, category: Category, facts: &[(&str, &str)]) -> Classification {
    let facts = facts.iter().map(|(kind, value)| ExtractedFact {
        kind: (*kind).to_owned(),
        value: (*value).to_owned(),
        start: 0,
        end: 1,
    });
    Classification {
        case_id: case_id.to_owned(),
        tenant: "demo".to_owned(),
        at: at(ms),
        category: Some(category),
        subtype: Some(if category == Category::Complaint { Subtype::Quality } else { Subtype::ProductInfo }),
        confidence: 0.75,
        alternatives: Vec::new(),
        severity: (category == Category::Complaint).then_some(Severity::Major),
        priority: if category == Category::Complaint { Priority::High } else { Priority::Normal },
        sentiment: 0.0,
        language: Language::En,
        facts: facts.collect(),
        rules: Vec::new(),
        model_version: "m-1".to_owned(),
        revision,
    }
}

pub trait Scenario {
    fn event(&mut self, event: &ChannelEvent);
    fn late(&mut self, event: &ChannelEvent);
    fn classify(&mut self, verdict: &Classification);
    fn case(&self, case_id: &str) -> Case;
    fn facts(&self) -> Vec<CaseEvent>;
    fn kinds(&self) -> Vec<(i64, &'static str, Option<String>)>;
}

impl Scenario for Driver {
    fn event(&mut self, event: &ChannelEvent) {
        let key = format!("{}/{}", event.tenant, event.conversation_id);
        self.send_at(event.occurred_at, &CHANNEL_EVENTS, &key, event);
    }

    fn late(&mut self, event: &ChannelEvent) {
        let key = format!("{}/{}", event.tenant, event.conversation_id);
        self.send(&CHANNEL_EVENTS, &key, event);
    }

    fn classify(&mut self, verdict: &Classification) {
        self.send(&CLASSIFICATIONS, &format!("demo/{}", verdict.case_id), verdict);
    }

    fn case(&self, case_id: &str) -> Case {
        self.snapshot(&CASES).remove(&format!("demo/{case_id}")).expect("the case is there")
    }

    /// The facts that are true in the end, in the order consumers use.
    fn facts(&self) -> Vec<CaseEvent> {
        let mut facts: BTreeMap<String, CaseEvent> = BTreeMap::new();
        for (_, fact) in self.written(&CASE_EVENTS) {
            if fact.kind == FactKind::Retracted {
                let retracted = fact.retracts.expect("a retraction names what it retracts");
                assert!(facts.remove(&retracted).is_some(), "a fact was retracted that was not told");
            } else {
                facts.insert(fact.event_id.clone(), fact);
            }
        }
        let mut facts: Vec<CaseEvent> = facts.into_values().collect();
        facts.sort_by(|one, other| {
            (one.at, &one.cause_id, one.n, &one.event_id).cmp(&(other.at, &other.cause_id, other.n, &other.event_id))
        });
        facts
    }

    fn kinds(&self) -> Vec<(i64, &'static str, Option<String>)> {
        let facts = self.facts().into_iter();
        facts.map(|fact| (fact.at.ms() - START, fact.kind.as_str(), fact.to)).collect()
    }
}
