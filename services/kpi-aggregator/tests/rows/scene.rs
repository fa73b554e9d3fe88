//! Facts of cases in few words, and the rows that come of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use kefu_contracts::case_event::{CaseContext, CaseEvent, FactKind, Verdict};
use kefu_contracts::channel_event::{Actor, EventData};
use kefu_contracts::kpi::{Distribution, KpiRow, MetricValue};
use kefu_contracts::sla_event::{SlaEvent, SlaEventKind};
use kefu_contracts::topic::{CASE_EVENTS, KPI, SLA_EVENTS};
use kefu_contracts::{ActorKind, Category, Channel, Metric, Priority, Status, Subtype, Timestamp};
use kefu_policy::{Format, Policies};
use kefu_testkit::Driver;

/// The published metrics of a row.
pub(crate) type Metrics = BTreeMap<String, Option<MetricValue>>;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A driver of the service with a tenant `demo` in `zone`.
pub(crate) fn driver(zone: &str) -> Driver {
    let document = format!("tenant: demo\ntimezone: {zone}\n");
    let (policy, _) = kefu_policy::parse(&document, Format::Yaml).unwrap();
    let mut policies = Policies::default();
    policies.insert(Arc::new(policy));
    Driver::new(&[kefu_kpi_aggregator::service()], policies)
}

/// A fact or a clock's event, as it is sent.
#[derive(Clone, Debug)]
pub(crate) enum Sent {
    Fact(Box<CaseEvent>),
    Clock(Box<SlaEvent>),
}

impl Sent {
    pub(crate) fn at(&self) -> Timestamp {
        match self {
            Sent::Fact(event) => event.at,
            Sent::Clock(event) => event.at,
        }
    }

    /// Gives it to the service at its own instant, or at the clock's if that is later.
    pub(crate) fn give(&self, driver: &mut Driver) {
        self.give_at(driver, self.at());
    }

    pub(crate) fn give_at(&self, driver: &mut Driver, now: Timestamp) {
        match self {
            Sent::Fact(event) => driver.send_at(now, &CASE_EVENTS, &format!("demo/{}", event.case_id), event),
            Sent::Clock(event) => driver.send_at(now, &SLA_EVENTS, &format!("demo/{}", event.case_id), event),
        }
    }
}

fn actor(kind: ActorKind, id: &str) -> Option<Actor> {
    Some(Actor { kind, id: id.to_owned(), name: None })
}

/// Builds facts of one case; each is said to be caused by an event of its own unless told otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    case_id: String,
    channel: Channel,
    count: i64,
    context: CaseContext,
    pub(crate) sent: Vec<Sent>,
}

impl Scene {
    pub(crate) fn new(case_id: &str, channel: Channel) -> Self {
        Self { case_id: case_id.to_owned(), channel, count: 0, context: CaseContext::default(), sent: Vec::new() }
    }

    pub(crate) fn labelled(mut self, shop: &str, product: &str) -> Self {
        self.relabelled(shop, product);
        self
    }

    /// Facts from here on tell of these labels.
    pub(crate) fn relabelled(&mut self, shop: &str, product: &str) -> &mut Self {
        self.context.shop = Some(shop.to_owned());
        self.context.product = Some(product.to_owned());
        self
    }

    fn fact(&mut self, when: Timestamp, kind: FactKind) -> &mut CaseEvent {
        self.count += 1;
        let event = CaseEvent {
            event_id: format!("{}-{}", self.case_id, self.count),
            cause_id: format!("e-{:03}", self.count),
            n: 0,
            case_id: self.case_id.clone(),
            tenant: "demo".to_owned(),
            at: when,
            kind,
            retracts: None,
            actor: None,
            from: None,
            to: None,
            text: None,
            data: None,
            channel: self.channel,
            policy_version: None,
            classification: None,
            context: self.context.clone(),
        };
        self.sent.push(Sent::Fact(Box::new(event)));
        match self.sent.last_mut() {
            Some(Sent::Fact(event)) => event,
            _ => unreachable!("a fact was pushed"),
        }
    }

    /// The customer writes and the case opens.
    pub(crate) fn opened(&mut self, when: Timestamp) -> &mut Self {
        self.fact(when, FactKind::Opened).actor = actor(ActorKind::Customer, "u-1");
        self.asks(when)
    }

    pub(crate) fn opened_by_agent(&mut self, when: Timestamp, agent: &str) -> &mut Self {
        self.fact(when, FactKind::Opened).actor = actor(ActorKind::Agent, agent);
        self
    }

    pub(crate) fn asks(&mut self, when: Timestamp) -> &mut Self {
        self.fact(when, FactKind::CustomerMessage).actor = actor(ActorKind::Customer, "u-1");
        self
    }

    pub(crate) fn replies(&mut self, when: Timestamp, agent: &str) -> &mut Self {
        self.fact(when, FactKind::Reply).actor = actor(ActorKind::Agent, agent);
        self
    }

    pub(crate) fn bot_replies(&mut self, when: Timestamp) -> &mut Self {
        self.fact(when, FactKind::BotReply).actor = actor(ActorKind::Bot, "bot");
        self
    }

    pub(crate) fn acknowledged(&mut self, when: Timestamp) -> &mut Self {
        self.fact(when, FactKind::Acknowledged);
        self
    }

    pub(crate) fn status(&mut self, when: Timestamp, by: ActorKind, from: Status, to: Status) -> &mut Self {
        let fact = self.fact(when, FactKind::StatusChanged);
        fact.actor = actor(by, "a-1");
        fact.from = Some(from.to_string());
        fact.to = Some(to.to_string());
        self
    }

    /// The customer's thanks close the case: one event, two facts.
    pub(crate) fn thanked(&mut self, when: Timestamp) -> &mut Self {
        self.asks(when).status(when, ActorKind::Customer, Status::Resolved, Status::Closed).as_one_event()
    }

    /// The customer's words open the case again: one event, two facts.
    pub(crate) fn comes_back(&mut self, when: Timestamp, from: Status) -> &mut Self {
        self.asks(when).status(when, ActorKind::Customer, from, Status::Open).as_one_event()
    }

    fn as_one_event(&mut self) -> &mut Self {
        if let [.., Sent::Fact(words), Sent::Fact(status)] = self.sent.as_mut_slice() {
            status.cause_id.clone_from(&words.cause_id);
            status.n = 1;
        }
        self
    }

    pub(crate) fn closed_because(&mut self, when: Timestamp, from: Status, reason: &str) -> &mut Self {
        self.status(when, ActorKind::Agent, from, Status::Closed);
        if let Some(Sent::Fact(event)) = self.sent.last_mut() {
            event.data = Some(EventData { reason: Some(reason.to_owned()), ..EventData::default() });
        }
        self
    }

    pub(crate) fn classified(&mut self, when: Timestamp, category: Category, subtype: Subtype) -> &mut Self {
        let verdict = Verdict { category: Some(category), subtype: Some(subtype), ..Verdict::default() };
        self.fact(when, FactKind::Classified).classification = Some(verdict);
        self
    }

    pub(crate) fn priority(&mut self, when: Timestamp, to: Priority) -> &mut Self {
        self.fact(when, FactKind::PriorityChanged).to = Some(to.to_string());
        self
    }

    pub(crate) fn assigned(&mut self, when: Timestamp, agent: &str, team: &str) -> &mut Self {
        let fact = self.fact(when, FactKind::Assigned);
        fact.to = Some(agent.to_owned());
        fact.data = Some(EventData { team: Some(team.to_owned()), ..EventData::default() });
        self
    }

    pub(crate) fn merged(&mut self, when: Timestamp) -> &mut Self {
        self.fact(when, FactKind::Merged);
        self
    }

    pub(crate) fn called(&mut self, when: Timestamp, agent: Option<&str>, outcome: &str, wait_ms: i64) -> &mut Self {
        let fact = self.fact(when, FactKind::Call);
        fact.actor = agent.map_or_else(|| actor(ActorKind::Customer, "u-1"), |agent| actor(ActorKind::Agent, agent));
        fact.data = Some(EventData {
            direction: Some("inbound".to_owned()),
            outcome: Some(outcome.to_owned()),
            wait_ms: Some(wait_ms),
            ..EventData::default()
        });
        self
    }

    pub(crate) fn noted(&mut self, when: Timestamp) -> &mut Self {
        self.fact(when, FactKind::Note);
        self
    }

    fn last_fact(&self) -> CaseEvent {
        let last = self.sent.iter().rev().find_map(|sent| match sent {
            Sent::Fact(event) => Some((**event).clone()),
            Sent::Clock(_) => None,
        });
        last.unwrap()
    }

    /// Takes back the fact sent last.
    pub(crate) fn retracted(&mut self, when: Timestamp) -> &mut Self {
        let last = self.last_fact().event_id;
        self.fact(when, FactKind::Retracted).retracts = Some(last);
        self
    }

    /// Tells the fact sent last again, with another actor and the labels of now.
    pub(crate) fn told_again_by(&mut self, agent: &str) -> &mut Self {
        let last = self.last_fact();
        let again = CaseEvent { actor: actor(ActorKind::Agent, agent), context: self.context.clone(), ..last };
        self.sent.push(Sent::Fact(Box::new(again)));
        self
    }

    pub(crate) fn clock(&mut self, when: Timestamp, metric: Metric, event: SlaEventKind, elapsed_ms: i64) -> &mut Self {
        self.sent.push(Sent::Clock(Box::new(SlaEvent {
            case_id: self.case_id.clone(),
            tenant: "demo".to_owned(),
            clock_id: format!("{}-{metric}", self.case_id),
            metric,
            event,
            at: when,
            due_at: None,
            elapsed_ms,
            target_ms: Some(60_000),
            policy: "p".to_owned(),
            policy_version: 1,
            calendar: "always".to_owned(),
            breach_id: Some(format!("{}-{metric}-breach-{when}", self.case_id)),
            reason: None,
        })));
        self
    }

    /// Takes back all that was said of a clock: it never was.
    pub(crate) fn clock_never_was(&mut self, when: Timestamp, metric: Metric) -> &mut Self {
        self.clock(when, metric, SlaEventKind::Cancelled, 0);
        if let Some(Sent::Clock(event)) = self.sent.last_mut() {
            event.reason = Some("corrected".to_owned());
        }
        self
    }

    pub(crate) fn give(&self, driver: &mut Driver) {
        for sent in &self.sent {
            sent.give(driver);
        }
    }
}

/// The last published row of each key, without its revision.
pub(crate) fn rows(driver: &Driver) -> BTreeMap<String, KpiRow> {
    let mut rows = driver.snapshot(&KPI);
    for row in rows.values_mut() {
        row.revision = 0;
    }
    rows
}

/// The last published metrics of a row; empty if there is none.
pub(crate) fn metrics(driver: &Driver, key: &str) -> Metrics {
    driver.snapshot(&KPI).remove(key).map(|row| row.metrics).unwrap_or_default()
}

/// A metric that is a number.
pub(crate) fn number(metrics: &Metrics, name: &str) -> Option<f64> {
    match metrics.get(name) {
        Some(Some(MetricValue::Number(number))) => Some(*number),
        _ => None,
    }
}

/// Number of values and sum of a distribution.
pub(crate) fn timing(metrics: &Metrics, name: &str) -> Option<(i64, i64)> {
    match metrics.get(name) {
        Some(Some(MetricValue::Distribution(Distribution { count, sum, .. }))) => Some((*count, *sum)),
        _ => None,
    }
}

/// Asserts the numbers of a row, those named and no others but the ones ignored.
pub(crate) fn assert_counts(metrics: &Metrics, expected: &[(&str, f64)]) {
    let found: Vec<(&str, f64)> = metrics
        .iter()
        .filter_map(|(name, value)| match value {
            Some(MetricValue::Number(number)) => Some((name.as_str(), *number)),
            _ => None,
        })
        .collect();
    let mut expected = expected.to_vec();
    expected.sort_by_key(|(name, _)| *name);
    assert_eq!(found, expected);
}
