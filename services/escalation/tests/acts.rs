//! What people do about escalations: they take note of them, end them, and ask for somebody above; and how long a
//! severe case is followed.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

mod story;

use kefu_contracts::channel_event::Actor;
use kefu_contracts::command::Command;
use kefu_contracts::outbound::OutboundKind;
use kefu_contracts::topic::{CASE_EVENTS, COMMAND_RESULTS, COMMANDS, ESCALATIONS, OUTBOUND};
use kefu_contracts::{ActorKind, Json};
use kefu_testkit::Driver;
use serde_json::{Value, json};
use story::{CASE, at, driver, escalation_lines, facts, key, play, text};

const CHAIN: &str = r#"
sla: [{name: x, targets: {first_reply: 1h}}]
escalation:
  - {match: {severity: [critical]}, immediate: department_head, track: 14d}
  - match: {metric: [first_reply]}
    steps: [{after: 0s, to: team_lead, repeat: 10m, times: 3}, {after: 35m, to: supervisor}]
teams: {care: {lead: l-1, supervisor: s-1, department_head: h-1}}
"#;

/// A case that breaches at 10:00.
const UNANSWERED: &str = "02T09:00 opened\n+ classified inquiry\n02T09:01 assigned care a-1";

/// What a person wants at an instant.
struct Wish<'w> {
    at: &'w str,
    kind: &'w str,
    target: String,
    data: Value,
}

impl Wish<'_> {
    fn send(self, driver: &mut Driver) {
        let command = Command {
            command_id: format!("k-{}-{}", self.kind, self.at),
            tenant: "demo".to_owned(),
            kind: self.kind.to_owned(),
            target: self.target,
            actor: Actor { kind: ActorKind::Supervisor, id: "s-1".to_owned(), name: None },
            at: at(self.at),
            data: Json(self.data),
        };
        driver.send_at(command.at, &COMMANDS, &command.key(), &command);
    }
}

/// The target of a command about the escalation of `level`.
fn raised(driver: &Driver, level: i64) -> String {
    let written = driver.written(&ESCALATIONS);
    let (_, escalation) = written.iter().find(|(_, escalation)| escalation.level == level).unwrap();
    format!("{CASE}/{}", escalation.escalation_id)
}

/// Status, code and state of each answer.
fn answers(driver: &Driver) -> Vec<String> {
    let told = driver.written(&COMMAND_RESULTS).into_iter().map(|(_, answer)| {
        let state = answer.body.0["state"].as_str().map(str::to_owned);
        format!("{} {}", answer.status, answer.code.or(state).unwrap_or_default())
    });
    told.collect()
}

fn notices(driver: &Driver) -> Vec<String> {
    let written = driver.written(&OUTBOUND).into_iter();
    let notices = written.filter(|(_, message)| message.kind == OutboundKind::Notice);
    notices.map(|(key, message)| format!("{} {key}", text(message.at))).collect()
}

#[test]
fn who_takes_note_is_not_told_again_and_the_chain_climbs_until_there_is_an_answer() {
    let mut driver = driver(&[CHAIN]);
    play(&mut driver, &facts(UNANSWERED));
    driver.advance_to(at("02T10:12"));
    let target = raised(&driver, 1);
    Wish { at: "02T10:12", kind: "acknowledge", target, data: json!({"note": "on it"}) }.send(&mut driver);
    driver.advance_to(at("02T10:40"));
    play(&mut driver, &facts("02T10:40 reply"));
    driver.run_out();
    assert_eq!(answers(&driver), ["200 acknowledged"]);
    assert_eq!(
        escalation_lines(&driver),
        [
            "02T10:00 sla_breach first_reply level 1 to team_lead: raised r1",
            "02T10:00 sla_breach first_reply level 1 to team_lead: acknowledged r2",
            "02T10:35 sla_breach first_reply level 2 to supervisor: raised r1",
            "02T10:00 sla_breach first_reply level 1 to team_lead: resolved r3",
            "02T10:35 sla_breach first_reply level 2 to supervisor: resolved r2",
        ]
    );
    let told = ["02T10:01 demo/staff/l-1", "02T10:11 demo/staff/l-1", "02T10:36 demo/staff/s-1"];
    assert_eq!(notices(&driver), told);
}

#[test]
fn an_escalation_that_is_cancelled_climbs_no_further() {
    let mut driver = driver(&[CHAIN]);
    play(&mut driver, &facts(UNANSWERED));
    driver.advance_to(at("02T10:05"));
    let target = raised(&driver, 1);
    let wish = |at, kind, data| Wish { at, kind, target: target.clone(), data };
    wish("02T10:05", "cancel", json!({})).send(&mut driver);
    wish("02T10:06", "cancel", json!({"reason": "a test order"})).send(&mut driver);
    wish("02T10:07", "acknowledge", json!({})).send(&mut driver);
    driver.advance_to(at("02T12:00"));
    assert_eq!(answers(&driver), ["422 missing_field", "200 cancelled", "409 conflict"]);
    assert_eq!(
        escalation_lines(&driver),
        [
            "02T10:00 sla_breach first_reply level 1 to team_lead: raised r1",
            "02T10:00 sla_breach first_reply level 1 to team_lead: cancelled r2",
        ]
    );
    assert_eq!(notices(&driver), ["02T10:01 demo/staff/l-1"]);
}

#[test]
fn somebody_above_can_be_asked_for_and_again_further_up() {
    let mut driver = driver(&[CHAIN]);
    play(&mut driver, &facts(UNANSWERED));
    let wish = |at, data| Wish { at, kind: "escalate", target: CASE.to_owned(), data };
    wish("02T09:10", json!({"reason": "customer_request"})).send(&mut driver);
    wish("02T09:20", json!({"reason": "customer_request", "to": "department_head"})).send(&mut driver);
    driver.advance_to(at("02T09:30"));
    play(&mut driver, &facts("02T09:30 status closed"));
    driver.run_out();
    assert_eq!(answers(&driver), ["200 raised", "200 raised"]);
    assert_eq!(
        escalation_lines(&driver),
        [
            "02T09:10 customer_request - level 1 to supervisor: raised r1",
            "02T09:10 customer_request - level 1 to department_head: raised r2",
            "02T09:10 customer_request - level 1 to department_head: resolved r3",
        ]
    );
    assert_eq!(notices(&driver), ["02T09:11 demo/staff/s-1", "02T09:21 demo/staff/h-1"]);
}

#[test]
fn what_makes_no_sense_is_refused_with_a_reason() {
    let mut driver = driver(&[CHAIN]);
    play(&mut driver, &facts(UNANSWERED));
    driver.advance_to(at("02T09:05"));
    play(&mut driver, &facts("02T09:05 status closed"));
    for (minute, (kind, target, data)) in [
        ("escalate", "c-9#1", json!({})),
        ("escalate", CASE, json!({})),
        ("acknowledge", "c-1#1/none", json!({})),
        ("acknowledge", "nothing", json!({})),
        ("cancel", "c-1#1/none", json!({"speed": 3})),
    ]
    .into_iter()
    .enumerate()
    {
        let instant = format!("02T09:1{minute}");
        Wish { at: &instant, kind, target: target.to_owned(), data }.send(&mut driver);
    }
    driver.advance_to(at("02T09:30"));
    let mut told = answers(&driver);
    told.sort();
    assert_eq!(told, ["404 not_found", "404 not_found", "409 case_closed", "422 invalid_field", "422 invalid_field"]);
    assert_eq!(escalation_lines(&driver), [""; 0]);
}

#[test]
fn a_bad_role_or_reason_is_named() {
    let mut driver = driver(&[CHAIN]);
    play(&mut driver, &facts(UNANSWERED));
    for (instant, data) in [("02T09:10", json!({"to": "king"})), ("02T09:11", json!({"reason": "sla_breach"}))] {
        Wish { at: instant, kind: "escalate", target: CASE.to_owned(), data }.send(&mut driver);
    }
    driver.advance_to(at("02T09:30"));
    let details: Vec<String> =
        driver.written(&COMMAND_RESULTS).into_iter().map(|(_, answer)| answer.detail.unwrap()).collect();
    assert!(details[0].contains("`king`") && details[0].contains("department_head"), "{details:?}");
    assert!(details[1].contains("`sla_breach`") && details[1].contains("customer_request"), "{details:?}");
}

#[test]
fn the_same_command_again_gets_the_same_answer_and_changes_nothing() {
    let mut driver = driver(&[CHAIN]);
    play(&mut driver, &facts(UNANSWERED));
    for _ in 0..2 {
        Wish { at: "02T09:10", kind: "escalate", target: CASE.to_owned(), data: json!({}) }.send(&mut driver);
    }
    driver.advance_to(at("02T09:30"));
    assert_eq!(escalation_lines(&driver), ["02T09:10 complexity - level 1 to supervisor: raised r1"]);
    let told = driver.written(&COMMAND_RESULTS);
    assert!(told.iter().all(|(_, answer)| answer == &told[0].1) && !told.is_empty());
}

#[test]
fn what_was_done_about_a_breach_goes_with_it() {
    let mut driver = driver(&[CHAIN]);
    let story = facts(&format!("{UNANSWERED}\n02T09:59 reply"));
    play(&mut driver, &story[..3]);
    driver.advance_to(at("02T10:05"));
    let target = raised(&driver, 1);
    Wish { at: "02T10:05", kind: "acknowledge", target, data: json!({}) }.send(&mut driver);
    driver.advance_to(at("02T10:06"));
    driver.send(&CASE_EVENTS, &key(&story[3]), &story[3]);
    driver.advance_to(at("02T10:07"));
    let lines = escalation_lines(&driver);
    assert_eq!(lines.last().unwrap(), "02T10:00 sla_breach first_reply level 1 to team_lead: cancelled r3");
}

#[test]
fn a_severe_case_is_followed_after_it_is_closed() {
    let mut driver = driver(&[CHAIN]);
    let story = "
        02T09:00 opened
        + classified complaint critical
        02T09:01 assigned care a-1
        02T09:10 reply
        02T09:20 status closed
        04T09:00 status open
        04T10:00 status closed
    ";
    play(&mut driver, &facts(story));
    driver.advance_to(at("18T09:59:59"));
    assert_eq!(escalation_lines(&driver), ["02T09:00 severity - level 1 to department_head: raised r1"]);
    // who has it hears that it came back
    assert_eq!(notices(&driver), ["02T09:01 demo/staff/department_head", "04T09:01 demo/staff/department_head"]);
    driver.advance_to(at("18T10:00:01"));
    let lines = escalation_lines(&driver);
    assert_eq!(lines.last().unwrap(), "02T09:00 severity - level 1 to department_head: resolved r2");
}
