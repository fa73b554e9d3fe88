//! Stories of cases as lines of text: what happened, and what the clocks made of it.
//!
//! A line is `<day>T<hour:minute[:second[.ms]]> <what> ...` in March 2026, UTC. A `+` instead of the instant adds a
//! fact to the event of the line before.
#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

use std::sync::Arc;

use kefu_contracts::case_event::{CaseContext, CaseEvent, FactKind, Verdict};
use kefu_contracts::channel_event::{Actor, EventData};
use kefu_contracts::id::hash_id;
use kefu_contracts::sla_event::{SlaEvent, SlaEventKind};
use kefu_contracts::topic::{CASE_EVENTS, ESCALATIONS, SLA_EVENTS};
use kefu_contracts::{ActorKind, Channel, Timestamp};
use kefu_policy::{Format, Policies, parse};
use kefu_testkit::Driver;

pub(crate) const CASE: &str = "c-1#1";

/// An instant such as `02T09:00`, `02T09:00:30` or `02T09:00:00.250`.
pub(crate) fn at(text: &str) -> Timestamp {
    let seconds = if text.len() == 8 { format!("{text}:00") } else { text.to_owned() };
    format!("2026-03-{seconds}Z").parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The inverse of [`at`].
pub(crate) fn text(at: Timestamp) -> String {
    let text = at.to_string();
    let text = text.strip_prefix("2026-03-").unwrap_or(&text).trim_end_matches('Z');
    text.strip_suffix(".000").map_or(text, |text| text.strip_suffix(":00").unwrap_or(text)).to_owned()
}

/// Policies of the tenant `demo`, from documents without its name.
pub(crate) fn policies(documents: &[&str]) -> Policies {
    let mut policies = Policies::default();
    for document in documents {
        let (policy, _) =
            parse(&format!("tenant: demo\n{document}"), Format::Yaml).unwrap_or_else(|faults| panic!("{faults:#?}"));
        policies.insert(Arc::new(policy));
    }
    policies
}

/// The facts of a story.
pub(crate) fn facts(story: &str) -> Vec<CaseEvent> {
    facts_of(CASE, story)
}

/// The facts of a story of another case.
pub(crate) fn facts_of(case_id: &str, story: &str) -> Vec<CaseEvent> {
    let mut facts: Vec<CaseEvent> = Vec::new();
    let mut context = CaseContext { customer_id: Some("u-1".to_owned()), ..CaseContext::default() };
    for line in story.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let when = words.next().unwrap();
        let (instant, cause, n) = match facts.last() {
            Some(last) if when == "+" => (last.at, last.cause_id.clone(), last.n + 1),
            _ => (at(when), format!("e-{:03}", facts.len()), 0),
        };
        let words: Vec<&str> = words.collect();
        let mut fact = fact(case_id, instant, &words, &mut context);
        fact.cause_id = if words[0] == "auto_close" { "timer:auto_close".to_owned() } else { cause };
        fact.n = n;
        fact.event_id = hash_id(&["fact", case_id, &fact.cause_id, &n.to_string(), &instant.ms().to_string()]);
        facts.push(fact);
    }
    facts
}

fn fact(case_id: &str, at_: Timestamp, words: &[&str], context: &mut CaseContext) -> CaseEvent {
    let mut fact = CaseEvent {
        event_id: String::new(),
        cause_id: String::new(),
        n: 0,
        case_id: case_id.to_owned(),
        tenant: "demo".to_owned(),
        at: at_,
        kind: FactKind::Note,
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
    };
    let word = |n: usize| words.get(n).copied();
    let actor = |kind| Some(Actor { kind, id: "x".to_owned(), name: None });
    let named = |n: usize, otherwise| actor(word(n).map_or(otherwise, |kind| kind.parse().unwrap()));
    match words[0] {
        "opened" => (fact.kind, fact.actor) = (FactKind::Opened, named(1, ActorKind::Customer)),
        "message" => {
            (fact.kind, fact.actor) = (FactKind::CustomerMessage, actor(ActorKind::Customer));
            fact.text = Some(words[1..].join(" "));
        }
        "reply" => (fact.kind, fact.actor) = (FactKind::Reply, actor(ActorKind::Agent)),
        "promising_reply" => {
            (fact.kind, fact.actor) = (FactKind::Reply, actor(ActorKind::Agent));
            fact.data = Some(EventData { due_at: Some(at(words[1])), ..EventData::default() });
        }
        "skewed_reply" => {
            (fact.kind, fact.actor) = (FactKind::Reply, actor(ActorKind::Agent));
            fact.data = Some(EventData { reason: Some("clock_skew".to_owned()), ..EventData::default() });
        }
        "bot_reply" => (fact.kind, fact.actor) = (FactKind::BotReply, actor(ActorKind::Bot)),
        "note" => fact.kind = FactKind::Note,
        "acknowledged" => fact.kind = FactKind::Acknowledged,
        "status" | "auto_close" => {
            fact.kind = FactKind::StatusChanged;
            fact.to = Some(word(1).unwrap_or("closed").to_owned());
            fact.actor = if words[0] == "status" { named(2, ActorKind::Agent) } else { None };
        }
        "classified" => {
            fact.kind = FactKind::Classified;
            let category = word(1).map(|word| word.parse().unwrap());
            let severity = word(2).map(|word| word.parse().unwrap());
            context.priority = word(3).map(|word| word.parse().unwrap()).or(context.priority);
            fact.classification = Some(Verdict { category, severity, ..Verdict::default() });
        }
        "priority" => {
            fact.kind = FactKind::PriorityChanged;
            fact.to = word(1).map(str::to_owned);
            context.priority = word(1).map(|word| word.parse().unwrap());
        }
        "assigned" => {
            fact.kind = FactKind::Assigned;
            fact.actor = actor(ActorKind::Agent);
            fact.data = Some(EventData { team: word(1).map(str::to_owned), ..EventData::default() });
            fact.to = word(2).map(str::to_owned);
        }
        "promised" => {
            (fact.kind, fact.actor) = (FactKind::Promised, actor(ActorKind::Agent));
            fact.data = Some(EventData { due_at: Some(at(words[1])), ..EventData::default() });
        }
        "merged" => (fact.kind, fact.to) = (FactKind::Merged, word(1).map(str::to_owned)),
        other => panic!("no fact is called {other}"),
    }
    fact.context = context.clone();
    fact
}

/// The record that takes a fact back.
pub(crate) fn retraction(of: &CaseEvent) -> CaseEvent {
    CaseEvent {
        event_id: hash_id(&["retraction", &of.event_id]),
        kind: FactKind::Retracted,
        retracts: Some(of.event_id.clone()),
        ..of.clone()
    }
}

pub(crate) fn key(fact: &CaseEvent) -> String {
    format!("demo/{}", fact.case_id)
}

/// A driver of the service.
pub(crate) fn driver(policies: &[&str]) -> Driver {
    Driver::new(&[kefu_escalation::service()], self::policies(policies))
}

/// Plays facts in their order, each at its time, until everything up to the last has arrived.
pub(crate) fn play(driver: &mut Driver, facts: &[CaseEvent]) {
    for fact in facts {
        driver.send_at(fact.at, &CASE_EVENTS, &key(fact), fact);
    }
    if let Some(last) = facts.last() {
        driver.advance_to(last.at);
    }
}

/// What happened to the clocks of `metrics` (all if empty), as lines.
pub(crate) fn clock_lines(driver: &Driver, metrics: &[&str]) -> Vec<String> {
    let events = driver.written(&SLA_EVENTS).into_iter().map(|(_, event)| event);
    let chosen = events.filter(|event| metrics.is_empty() || metrics.contains(&event.metric.as_str()));
    chosen.map(|event| clock_line(&event)).collect()
}

pub(crate) fn clock_line(event: &SlaEvent) -> String {
    let mut line = format!("{} {} {}", text(event.at), event.metric, event.event);
    if let Some(due_at) = event.due_at {
        line += &format!(" due {}", text(due_at));
    }
    if event.event != SlaEventKind::Started {
        line += &format!(" used {}", length(event.elapsed_ms));
    }
    if let Some(reason) = &event.reason {
        line += &format!(" ({reason})");
    }
    line
}

pub(crate) fn length(ms: i64) -> String {
    match ms {
        ms if ms % 3_600_000 == 0 && ms > 0 => format!("{}h", ms / 3_600_000),
        ms if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}

/// The snapshots of escalations, as lines.
pub(crate) fn escalation_lines(driver: &Driver) -> Vec<String> {
    let written = driver.written(&ESCALATIONS).into_iter().map(|(_, escalation)| escalation);
    let lines = written.map(|escalation| {
        let metric = escalation.metric.map_or("-", |metric| metric.as_str());
        format!(
            "{} {} {} level {} to {}: {} r{}",
            text(escalation.raised_at),
            escalation.reason,
            metric,
            escalation.level,
            escalation.to,
            escalation.state,
            escalation.revision
        )
    });
    lines.collect()
}

/// Checks that a story leads to these lines about `metrics`.
pub(crate) fn check(policies: &[&str], metrics: &[&str], story: &str, expected: &str) {
    let mut driver = driver(policies);
    play(&mut driver, &facts(story));
    driver.run_out();
    assert_eq!(driver.dead_letters(), []);
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let found = clock_lines(&driver, metrics);
    assert_eq!(found, expected, "\nfound:\n{}\n", found.join("\n"));
}
