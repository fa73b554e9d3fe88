//! A shop in virtual time: facts of cases go in as intake writes them, surveys and follow-ups come out.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part of the scenario")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

use std::collections::BTreeMap;
use std::sync::Arc;

use kefu_contracts::case_event::{CaseContext, CaseEvent, FactKind, Verdict};
use kefu_contracts::channel_event::{Actor, EventData};
use kefu_contracts::command::{Command, CommandResult};
use kefu_contracts::order::OrderEvent;
use kefu_contracts::outbound::OutboundMessage;
use kefu_contracts::survey::{FollowUp, FollowUpState, Survey, SurveyState};
use kefu_contracts::topic::{CASE_EVENTS, COMMAND_RESULTS, COMMANDS, FOLLOW_UPS, ORDER_EVENTS, OUTBOUND, SURVEYS};
use kefu_contracts::{ActorKind, Category, Channel, Json, Language, OrderStatus, Subtype, Timestamp};
use kefu_policy::{Format, Policies};
use kefu_testkit::Driver;

pub const HOUR: i64 = 3_600_000;
pub const DAY: i64 = 24 * HOUR;

/// Monday 2 March 2026, 00:00 UTC.
const BEGIN: i64 = 1_772_409_600_000;

/// The instant `ms` milliseconds after the scenario's begin.
pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(BEGIN + ms)
}

pub fn actor(kind: ActorKind, id: &str) -> Option<Actor> {
    Some(Actor { kind, id: id.to_owned(), name: None })
}

/// Facts of one case, in the order in which they became true.
#[derive(Clone)]
pub struct CaseStory {
    pub case_id: String,
    pub channel: Channel,
    pub context: CaseContext,
    pub facts: Vec<CaseEvent>,
    status: &'static str,
}

impl CaseStory {
    /// A case that `customer` opened on a chat at `ms`.
    pub fn opened(case_id: &str, customer: &str, ms: i64) -> Self {
        Self::opened_on(Channel::Chat, case_id, customer, ms)
    }

    pub fn opened_on(channel: Channel, case_id: &str, customer: &str, ms: i64) -> Self {
        let context = CaseContext {
            customer_id: Some(customer.to_owned()).filter(|id| !id.is_empty()),
            assignee: Some("a-1".to_owned()),
            team: Some("front".to_owned()),
            ..CaseContext::default()
        };
        let mut story = Self { case_id: case_id.to_owned(), channel, context, facts: Vec::new(), status: "open" };
        story.fact(ms, FactKind::Opened, ActorKind::Customer, |_| ());
        story.message(ms)
    }

    pub fn fact(&mut self, ms: i64, kind: FactKind, by: ActorKind, change: impl FnOnce(&mut CaseEvent)) {
        let number = self.facts.len();
        let mut event = CaseEvent {
            event_id: format!("{}/f{number}", self.case_id),
            cause_id: format!("e{number:03}"),
            n: 0,
            case_id: self.case_id.clone(),
            tenant: "demo".to_owned(),
            at: at(ms),
            kind,
            retracts: None,
            actor: actor(by, "x-1"),
            from: None,
            to: None,
            text: None,
            data: None,
            channel: self.channel,
            policy_version: None,
            classification: None,
            context: self.context.clone(),
        };
        change(&mut event);
        self.facts.push(event);
    }

    pub fn message(mut self, ms: i64) -> Self {
        self.fact(ms, FactKind::CustomerMessage, ActorKind::Customer, |_| ());
        self
    }

    pub fn reply(mut self, ms: i64) -> Self {
        self.fact(ms, FactKind::Reply, ActorKind::Agent, |_| ());
        self
    }

    pub fn bot_reply(mut self, ms: i64) -> Self {
        self.fact(ms, FactKind::BotReply, ActorKind::Bot, |_| ());
        self
    }

    pub fn status(mut self, ms: i64, to: &'static str, by: ActorKind, reason: Option<&str>) -> Self {
        let from = std::mem::replace(&mut self.status, to);
        let reason = reason.map(str::to_owned);
        self.fact(ms, FactKind::StatusChanged, by, |event| {
            (event.from, event.to) = (Some(from.to_owned()), Some(to.to_owned()));
            event.data = Some(EventData { reason, ..EventData::default() });
        });
        self
    }

    pub fn resolved(self, ms: i64) -> Self {
        self.status(ms, "resolved", ActorKind::Agent, None)
    }

    /// Taken up again by a message of the customer.
    pub fn reopened(self, ms: i64) -> Self {
        self.message(ms).status(ms, "open", ActorKind::Customer, None)
    }

    pub fn classified(mut self, ms: i64, category: Category, subtype: Subtype, language: Language) -> Self {
        self.fact(ms, FactKind::Classified, ActorKind::System, |event| {
            event.classification = Some(Verdict {
                category: Some(category),
                subtype: Some(subtype),
                language: Some(language),
                ..Verdict::default()
            });
        });
        self
    }

    pub fn complaint(self, ms: i64) -> Self {
        self.classified(ms, Category::Complaint, Subtype::Quality, Language::ZhHans)
    }

    pub fn completed(mut self, ms: i64, order_id: &str) -> Self {
        self.fact(ms, FactKind::AfterSales, ActorKind::Agent, |event| {
            event.to = Some("completed".to_owned());
            event.data = Some(EventData { order_id: Some(order_id.to_owned()), ..EventData::default() });
        });
        self
    }

    pub fn flagged(mut self, ms: i64, put: bool) -> Self {
        self.fact(ms, FactKind::Flagged, ActorKind::Agent, |event| {
            let flag = Some("important".to_owned());
            if put { event.to = flag } else { event.from = flag }
        });
        self
    }

    /// The fact at `place` turns out not to be true.
    pub fn retracted(mut self, ms: i64, place: usize) -> Self {
        let retracted = self.facts[place].clone();
        self.fact(ms, FactKind::Retracted, ActorKind::System, |event| {
            event.at = retracted.at;
            event.retracts = Some(retracted.event_id);
        });
        self
    }
}

/// An order of `customer` reaches `status` at `ms`.
pub fn order_event(order_id: &str, customer: &str, ms: i64, status: OrderStatus) -> OrderEvent {
    OrderEvent {
        event_id: format!("{order_id}/{status}/{ms}"),
        tenant: "demo".to_owned(),
        order_id: order_id.to_owned(),
        customer_id: customer.to_owned(),
        occurred_at: at(ms),
        status,
        items: Vec::new(),
        currency: None,
        amount: None,
        carrier: None,
        tracking_no: None,
    }
}

/// The service with the shop's policy.
pub struct Shop {
    pub driver: Driver,
}

impl Shop {
    pub fn new() -> Self {
        Self::with_policy("")
    }

    /// With the sections of `yaml` in its policy.
    pub fn with_policy(yaml: &str) -> Self {
        let text = format!("tenant: demo\nversion: 1\nteams: {{front: {{lead: lead-1}}}}\n{yaml}");
        let (policy, _) = kefu_policy::parse(&text, Format::Yaml).unwrap_or_else(|faults| panic!("{faults:?}"));
        let mut policies = Policies::default();
        policies.insert(Arc::new(policy));
        Self { driver: Driver::new(&[kefu_satisfaction_survey::service()], policies) }
    }

    /// Plays facts in the order of their instants; afterwards it is shortly after the last.
    pub fn play(&mut self, stories: &[CaseStory]) {
        // what a fact leads to is decided when everything of its instant has arrived
        if let Some(last) = self.hear(stories) {
            self.driver.advance_to(last);
        }
    }

    /// As [`Shop::play`], but the last instant is not over yet; gives that instant.
    pub fn hear(&mut self, stories: &[CaseStory]) -> Option<Timestamp> {
        let mut facts: Vec<&CaseEvent> = stories.iter().flat_map(|story| &story.facts).collect();
        facts.sort_by_key(|fact| fact.at);
        facts.iter().for_each(|fact| self.tell(fact, true));
        facts.last().map(|fact| fact.at)
    }

    /// Takes a fact in; time moves to its instant if `in_time`.
    pub fn tell(&mut self, fact: &CaseEvent, in_time: bool) {
        let key = format!("demo/{}", fact.case_id);
        if in_time {
            self.driver.send_at(fact.at, &CASE_EVENTS, &key, fact);
        } else {
            self.driver.send(&CASE_EVENTS, &key, fact);
        }
    }

    /// Sends a command at `ms` and gives its answer.
    pub fn command(&mut self, id: &str, kind: &str, target: &str, ms: i64, data: serde_json::Value) -> CommandResult {
        let command = Command {
            command_id: id.to_owned(),
            tenant: "demo".to_owned(),
            kind: kind.to_owned(),
            target: target.to_owned(),
            actor: Actor { kind: ActorKind::Customer, id: "u-1".to_owned(), name: None },
            at: at(ms),
            data: Json(data),
        };
        let before = self.results(id).len();
        self.driver.send_at(command.at, &COMMANDS, &format!("demo/{target}"), &command);
        self.driver.advance_to(command.at);
        let mut results = self.results(id);
        assert_eq!(results.len(), before + 1, "one answer to each command");
        results.pop().unwrap()
    }

    fn results(&self, id: &str) -> Vec<CommandResult> {
        let written = self.driver.written(&COMMAND_RESULTS);
        written.into_iter().map(|(_, result)| result).filter(|result| result.command_id == id).collect()
    }

    /// Tells at `ms` how far an order of `customer` is.
    pub fn order(&mut self, order_id: &str, customer: &str, ms: i64, status: OrderStatus) {
        let event = order_event(order_id, customer, ms, status);
        self.driver.send_at(event.occurred_at, &ORDER_EVENTS, &format!("demo/{order_id}"), &event);
    }

    pub fn advance(&mut self, ms: i64) {
        self.driver.advance_to(at(ms));
    }

    /// The surveys as they stand, by case and resolution.
    pub fn surveys(&self) -> BTreeMap<(String, i64), Survey> {
        let surveys = self.driver.snapshot(&SURVEYS).into_values();
        surveys.map(|survey| ((survey.case_id.clone(), survey.resolution_no), survey)).collect()
    }

    pub fn survey(&self, case_id: &str, no: i64) -> Survey {
        self.surveys().remove(&(case_id.to_owned(), no)).unwrap_or_else(|| panic!("no survey {no} of {case_id}"))
    }

    /// State and reason of each survey, as `case/no state reason`.
    pub fn states(&self) -> Vec<String> {
        let surveys = self.surveys();
        let lines = surveys.into_iter().map(|((case, no), survey)| {
            format!("{case}/{no} {} {}", survey.state, survey.reason.unwrap_or_default()).trim_end().to_owned()
        });
        lines.collect()
    }

    pub fn outbound(&self) -> Vec<OutboundMessage> {
        self.driver.written(&OUTBOUND).into_iter().map(|(_, message)| message).collect()
    }

    pub fn follow_ups(&self) -> Vec<FollowUp> {
        let mut follow_ups: Vec<FollowUp> = self.driver.snapshot(&FOLLOW_UPS).into_values().collect();
        follow_ups.sort_by(|one, other| (one.due_at, &one.follow_up_id).cmp(&(other.due_at, &other.follow_up_id)));
        follow_ups
    }

    pub fn follow_up_states(&self) -> Vec<(FollowUpState, i64)> {
        self.follow_ups().into_iter().map(|known| (known.state, known.due_at.ms() - BEGIN)).collect()
    }

    pub fn survey_state(&self, case_id: &str, no: i64) -> SurveyState {
        self.survey(case_id, no).state
    }
}
