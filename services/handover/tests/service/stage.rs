//! A shop with a day and a night shift, its cases and what its people do.

use std::collections::BTreeMap;
use std::sync::Arc;

use kefu_contracts::case_event::{CaseContext, CaseEvent, FactKind};
use kefu_contracts::channel_event::{Actor, ChannelEvent};
use kefu_contracts::command::{Command, CommandResult};
use kefu_contracts::handover::Handover;
use kefu_contracts::id::hash_id;
use kefu_contracts::topic::{CASE_EVENTS, CHANNEL_EVENTS, COMMAND_RESULTS, COMMANDS, HANDOVERS, OUTBOUND};
use kefu_contracts::{ActorKind, Channel, Json, Timestamp};
use kefu_policy::{Format, Policies, parse};
use kefu_testkit::Driver;

/// The shop's shifts: `a-1` and `a-2` by day, `a-3` by night.
pub(crate) const DAY_AND_NIGHT: &str = r#"
  - {team: care, name: day, hours: "09:00-18:00", staff: [a-1, a-2]}
  - {team: care, name: night, hours: "18:00-03:00", staff: [a-3]}
"#;

/// An instant on Monday 2 March 2026 in Shanghai, such as `17:30`; hours from 24 on are of the next day.
pub(crate) fn clock(text: &str) -> Timestamp {
    let (hours, minutes) = text.split_once(':').unwrap();
    let minutes = hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap();
    instant("2026-03-02T00:00:00+08:00").plus_ms(minutes * 60_000)
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn policies(zone: &str, shifts: &str) -> Policies {
    policy_versions(zone, &[(None, shifts)])
}

/// Versions of a policy by their instant of effect.
pub(crate) fn policy_versions(zone: &str, versions: &[(Option<Timestamp>, &str)]) -> Policies {
    let mut policies = Policies::default();
    for (version, (effective_from, shifts)) in (1..).zip(versions) {
        let effective = effective_from.map_or(String::new(), |from| format!("effective_from: {from}\n"));
        let text = format!(
            "tenant: demo\nversion: {version}\n{effective}timezone: {zone}\nteams: {{care: {{supervisor: s-1}}}}\n\
             staff: [{{id: a-7, teams: [care]}}]\nshifts:\n{shifts}"
        );
        let (policy, _) = parse(&text, Format::Yaml).unwrap_or_else(|faults| panic!("{faults:#?}"));
        policies.insert(Arc::new(policy));
    }
    policies
}

/// What comes in.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    Fact(Box<CaseEvent>),
    Command(Command),
}

impl Record {
    pub(crate) fn at(&self) -> Timestamp {
        match self {
            Record::Fact(fact) => fact.at,
            Record::Command(command) => command.at,
        }
    }
}

/// A fact of `case` by `agent`; `assignee` answers for the case after it.
pub(crate) fn fact(at: Timestamp, case: &str, kind: FactKind, agent: &str, assignee: Option<&str>) -> CaseEvent {
    let cause = hash_id(&[case, kind.as_str(), &at.to_string()]);
    CaseEvent {
        event_id: format!("{cause}/0"),
        cause_id: cause,
        n: 0,
        case_id: case.to_owned(),
        tenant: "demo".to_owned(),
        at,
        kind,
        retracts: None,
        actor: Some(Actor { kind: ActorKind::Agent, id: agent.to_owned(), name: None }),
        from: None,
        to: None,
        text: None,
        data: None,
        channel: Channel::Chat,
        policy_version: None,
        classification: None,
        context: CaseContext {
            assignee: assignee.map(str::to_owned),
            team: Some("care".to_owned()),
            ..CaseContext::default()
        },
    }
}

pub(crate) fn assigned(at: &str, case: &str, agent: Option<&str>) -> Record {
    Record::Fact(Box::new(fact(clock(at), case, FactKind::Assigned, "s-1", agent)))
}

pub(crate) fn reply(at: &str, case: &str, agent: &str) -> Record {
    Record::Fact(Box::new(fact(clock(at), case, FactKind::Reply, agent, Some(agent))))
}

pub(crate) fn resolved(at: &str, case: &str, agent: &str) -> Record {
    let to = Some("resolved".to_owned());
    Record::Fact(Box::new(CaseEvent { to, ..fact(clock(at), case, FactKind::StatusChanged, agent, Some(agent)) }))
}

/// A command by `actor`, a supervisor if the id begins with `s`.
pub(crate) fn command(at: Timestamp, kind: &str, actor: &str, target: &str, data: serde_json::Value) -> Record {
    let by = if actor.starts_with('s') { ActorKind::Supervisor } else { ActorKind::Agent };
    Record::Command(Command {
        command_id: format!("{kind} {actor} {at}"),
        tenant: "demo".to_owned(),
        kind: kind.to_owned(),
        target: target.to_owned(),
        actor: Actor { kind: by, id: actor.to_owned(), name: None },
        at,
        data: Json(data),
    })
}

pub(crate) fn handover_id(outgoing: &str, shift_id: &str) -> String {
    hash_id(&["handover", "demo", outgoing, shift_id])
}

/// The handover of `a-1` on Monday.
pub(crate) fn monday() -> String {
    handover_id("a-1", "care/day/2026-03-02")
}

pub(crate) struct Stage {
    driver: Driver,
}

impl Stage {
    pub(crate) fn new(policies: Policies) -> Self {
        Self { driver: Driver::new(&[kefu_handover::service()], policies) }
    }

    /// Plays records at their instants.
    pub(crate) fn play(&mut self, records: &[Record]) -> &mut Self {
        for record in records {
            self.driver.advance_to(record.at().plus_ms(-1));
            self.send(record);
        }
        self
    }

    /// Gives a record at once, whatever its instant.
    pub(crate) fn send(&mut self, record: &Record) -> &mut Self {
        match record {
            Record::Fact(fact) => self.driver.send(&CASE_EVENTS, &format!("demo/{}", fact.case_id), fact),
            Record::Command(command) => self.driver.send(&COMMANDS, &format!("demo/{}", command.target), command),
        }
        self
    }

    pub(crate) fn until(&mut self, at: Timestamp) -> &mut Self {
        self.driver.advance_to(at);
        self
    }

    pub(crate) fn run_out(&mut self) -> &mut Self {
        self.driver.run_out();
        self
    }

    /// The handovers as they stand.
    pub(crate) fn handovers(&self) -> BTreeMap<String, Handover> {
        let last = self.driver.snapshot(&HANDOVERS).into_values();
        last.map(|handover| (handover.handover_id.clone(), handover)).collect()
    }

    pub(crate) fn handover(&self, id: &str) -> Handover {
        self.handovers().remove(id).unwrap_or_else(|| panic!("no handover {id}"))
    }

    /// The answers by command.
    pub(crate) fn answers(&self) -> BTreeMap<String, CommandResult> {
        self.driver.snapshot(&COMMAND_RESULTS)
    }

    /// The statuses of the answers in their order.
    pub(crate) fn statuses(&self) -> Vec<i64> {
        self.driver.written(&COMMAND_RESULTS).into_iter().map(|(_, result)| result.status).collect()
    }

    /// The assignments, by conversation: when and to whom.
    pub(crate) fn assignments(&self) -> BTreeMap<String, ChannelEvent> {
        let events = self.driver.written(&CHANNEL_EVENTS).into_iter();
        let by_conversation: BTreeMap<String, ChannelEvent> =
            events.map(|(_, event)| (event.conversation_id.clone(), event)).collect();
        assert_eq!(by_conversation.len(), self.driver.written(&CHANNEL_EVENTS).len(), "a case moves once");
        by_conversation
    }

    /// The notices: when, to whom, what.
    pub(crate) fn notices(&self) -> Vec<(Timestamp, String, String)> {
        let messages = self.driver.written(&OUTBOUND).into_iter();
        let rows = messages.map(|(key, message)| {
            let news = message.data.and_then(|data| data.0["news"].as_str().map(str::to_owned)).unwrap_or_default();
            (message.at, key, news)
        });
        let mut rows: Vec<_> = rows.collect();
        rows.sort();
        rows
    }

    /// Who was reported for not having come.
    pub(crate) fn missed(&self) -> Vec<String> {
        let messages = self.driver.written(&OUTBOUND).into_iter().filter_map(|(_, message)| message.data);
        messages.filter_map(|data| data.0["agent_id"].as_str().map(str::to_owned)).collect()
    }

    pub(crate) fn dead_letters(&self) -> usize {
        self.driver.dead_letters().len()
    }
}

/// Notices as rows of (when, to whom, what).
pub(crate) fn told(rows: &[(&str, &str, &str)]) -> Vec<(Timestamp, String, String)> {
    let mut rows: Vec<_> =
        rows.iter().map(|(at, to, news)| (clock(at), format!("demo/staff/{to}"), (*news).to_owned())).collect();
    rows.sort();
    rows
}
