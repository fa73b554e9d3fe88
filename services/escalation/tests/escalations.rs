//! Who hears of breaches and of severe cases, which team takes a case, and which orders are stuck.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

mod story;

use kefu_contracts::channel_event::ChannelEvent;
use kefu_contracts::order::OrderEvent;
use kefu_contracts::outbound::{OutboundKind, OutboundMessage};
use kefu_contracts::topic::{CASE_EVENTS, CHANNEL_EVENTS, ESCALATIONS, ORDER_EVENTS, OUTBOUND};
use kefu_contracts::{Channel, Language, OrderStatus};
use kefu_testkit::Driver;
use story::{at, driver, escalation_lines, facts, facts_of, key, play, text};

const CHAIN: &str = r#"
calendars:
  office: {weekly: {mon: ["09:00-18:00"], tue: ["09:00-18:00"]}}
sla: [{name: x, calendar: office, targets: {first_reply: 1h, resolution: 2h}}]
escalation:
  - {match: {severity: [critical]}, immediate: department_head}
  - match: {metric: [first_reply]}
    steps: [{after: 0s, to: agent}, {after: 30m, to: supervisor, repeat: 30m, times: 2}]
  - match: {metric: [resolution]}
    steps: [{after: 0s, to: team_lead}]
teams: {care: {lead: l-1, supervisor: s-1, department_head: h-1}}
staff: [{id: s-1, teams: [care], languages: [en]}]
"#;

fn notices(driver: &Driver) -> Vec<String> {
    let written = driver.written(&OUTBOUND).into_iter();
    let notices = written.filter(|(_, message)| message.kind == OutboundKind::Notice);
    notices.map(|(key, message)| format!("{} {key} {}", text(message.at), ids(&message).len())).collect()
}

fn ids(message: &OutboundMessage) -> Vec<String> {
    let data = message.data.clone().unwrap().0;
    let ids = data["escalation_ids"].as_array().unwrap();
    ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn check(story: &str, escalations: &[&str], told: &[&str]) {
    let mut driver = driver(&[CHAIN]);
    play(&mut driver, &facts(story));
    driver.run_out();
    assert_eq!(escalation_lines(&driver), escalations);
    assert_eq!(notices(&driver), told);
}

#[test]
fn a_breach_climbs_the_chain_until_it_is_answered() {
    check(
        "
        02T09:00 opened
        + classified inquiry
        02T09:01 assigned care a-1
        02T11:10 reply
        02T11:11 status resolved
        ",
        &[
            "02T10:00 sla_breach first_reply level 1 to agent: raised r1",
            "02T10:30 sla_breach first_reply level 2 to supervisor: raised r1",
            "02T11:00 sla_breach resolution level 1 to team_lead: raised r1",
            "02T10:00 sla_breach first_reply level 1 to agent: resolved r2",
            "02T10:30 sla_breach first_reply level 2 to supervisor: resolved r2",
            "02T11:00 sla_breach resolution level 1 to team_lead: resolved r2",
        ],
        &[
            "02T10:01 demo/staff/a-1 1",
            "02T10:31 demo/staff/s-1 1",
            "02T11:01 demo/staff/l-1 1",
            "02T11:01 demo/staff/s-1 1",
        ],
    );
}

#[test]
fn steps_count_business_time_so_nobody_is_called_at_night() {
    check(
        "
        02T17:00 opened
        + classified inquiry
        02T17:01 assigned care a-1
        03T09:40 reply
        + status closed
        ",
        &[
            "03T09:00 sla_breach first_reply level 1 to agent: raised r1",
            "03T09:30 sla_breach first_reply level 2 to supervisor: raised r1",
            "03T09:00 sla_breach first_reply level 1 to agent: resolved r2",
            "03T09:30 sla_breach first_reply level 2 to supervisor: resolved r2",
        ],
        &["03T09:01 demo/staff/a-1 1", "03T09:31 demo/staff/s-1 1"],
    );
}

#[test]
fn a_merged_case_does_not_escalate_any_more() {
    check(
        "
        02T09:00 opened
        + classified inquiry
        02T10:10 merged c-9#1
        + status closed
        ",
        &[
            "02T10:00 sla_breach first_reply level 1 to agent: raised r1",
            "02T10:00 sla_breach first_reply level 1 to agent: cancelled r2",
        ],
        // a case without a team: the role itself is told
        &["02T10:01 demo/staff/agent 1"],
    );
}

#[test]
fn a_severe_case_goes_to_the_top_at_once_and_stays_there_until_it_is_closed() {
    check(
        "
        02T09:00 opened
        + assigned care a-1
        + classified complaint critical
        02T09:10 reply
        02T09:20 status resolved
        02T09:30 status closed
        02T09:40 status open
        02T09:41 classified complaint major
        02T09:42 classified complaint critical
        02T09:50 status closed
        ",
        &[
            "02T09:00 severity - level 1 to department_head: raised r1",
            "02T09:00 severity - level 1 to department_head: resolved r2",
            "02T09:00 severity - level 1 to department_head: raised r3",
            "02T09:00 severity - level 1 to department_head: resolved r4",
        ],
        &["02T09:01 demo/staff/h-1 1", "02T09:41 demo/staff/h-1 1"],
    );
}

#[test]
fn a_regulators_complaint_goes_to_the_top_at_once() {
    let policy = "escalation: [{match: {channel: [regulator]}, immediate: department_head}]\nsla: []";
    let mut driver = driver(&[policy]);
    let mut facts = facts("02T09:00 opened\n+ classified complaint");
    facts.iter_mut().for_each(|fact| fact.channel = Channel::Regulator);
    play(&mut driver, &facts);
    assert_eq!(escalation_lines(&driver), ["02T09:00 regulator - level 1 to department_head: raised r1"]);
}

#[test]
fn an_escalation_whose_breach_is_retracted_is_cancelled() {
    let mut driver = driver(&[CHAIN]);
    let facts = facts("02T09:00 opened\n+ classified inquiry\n02T09:30 reply");
    play(&mut driver, &facts[..2]);
    driver.advance_to(at("02T10:05"));
    driver.send(&CASE_EVENTS, &key(&facts[2]), &facts[2]);
    driver.advance_to(at("02T10:06"));
    assert_eq!(
        escalation_lines(&driver),
        [
            "02T10:00 sla_breach first_reply level 1 to agent: raised r1",
            "02T10:00 sla_breach first_reply level 1 to agent: cancelled r2",
        ]
    );
    let escalation = driver.written(&ESCALATIONS).remove(0);
    let id = &escalation.1.escalation_id;
    assert_eq!(escalation.0, format!("demo/c-1#1/{id}"));
    assert_eq!(escalation.1.due_at, Some(at("02T10:00")));
}

#[test]
fn ten_thousand_cases_due_at_one_instant_breach_once_each_and_lead_to_one_notice() {
    let mut driver = driver(&[CHAIN]);
    for case in 0..10_000 {
        let story = "02T09:00 opened\n+ classified inquiry\n+ assigned care a-1";
        play(&mut driver, &facts_of(&format!("c-{case}#1"), story));
    }
    driver.advance_to(at("02T10:20"));
    assert_eq!(driver.written(&ESCALATIONS).len(), 10_000);
    assert_eq!(notices(&driver), ["02T10:01 demo/staff/a-1 10000"]);
    let (_, message) = driver.written(&OUTBOUND).remove(0);
    let raised: std::collections::BTreeSet<String> =
        driver.written(&ESCALATIONS).into_iter().map(|(_, escalation)| escalation.escalation_id).collect();
    assert_eq!(ids(&message).into_iter().collect::<std::collections::BTreeSet<_>>(), raised);
    assert_eq!((message.recipient.kind.as_str(), message.recipient.id.as_str()), ("agent", "a-1"));
}

const ROUTES: &str = "
sla: []
routing:
  - {match: {category: [complaint], keywords: [broken]}, team: repairs}
  - {match: {category: [after_sales]}, team: care, department: warehouse, expected: 8h}
teams: {care: {lead: l-1}, repairs: {lead: r-1}}
";

fn routed(driver: &Driver) -> Vec<String> {
    let line = |(key, event): (String, ChannelEvent)| {
        let to = event.data.team.or(event.data.department).unwrap_or_default();
        format!("{key} {} {} {to}", text(event.occurred_at), event.kind)
    };
    driver.written(&CHANNEL_EVENTS).into_iter().map(line).collect()
}

#[test]
fn the_first_classification_with_a_rule_routes_a_case_once() {
    let mut driver = driver(&[ROUTES]);
    play(
        &mut driver,
        &facts(
            "
        02T09:00 opened
        + message my jacket
        + classified inquiry
        02T09:05 classified after_sales
        02T09:10 classified inquiry
        02T09:15 classified after_sales
    ",
        ),
    );
    assert_eq!(
        routed(&driver),
        ["demo/c-1 02T09:05 assigned care", "demo/c-1 02T09:05 department_consulted warehouse"]
    );
    let messages = driver.written(&OUTBOUND);
    let [(key, message)] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!(
        (key.as_str(), message.kind, message.language),
        ("demo/c-1", OutboundKind::ExpectedTime, Language::Other)
    );
    assert!(message.text.contains("8 hours"), "{}", message.text);
    assert_eq!(message.recipient.id, "u-1");
}

#[test]
fn a_rule_may_ask_for_the_customers_words() {
    for (words, expected) in [("it came Broken", vec!["demo/c-1 02T09:00 assigned repairs"]), ("it came late", vec![])]
    {
        let mut driver = driver(&[ROUTES]);
        play(&mut driver, &facts(&format!("02T09:00 opened\n+ message {words}\n+ classified complaint")));
        assert_eq!(routed(&driver), expected, "{words}");
    }
}

fn order(second: u32, status: OrderStatus) -> OrderEvent {
    OrderEvent {
        event_id: format!("o-{second}-{status}"),
        tenant: "demo".to_owned(),
        order_id: "A1".to_owned(),
        customer_id: "u-1".to_owned(),
        occurred_at: at("02T09:00").plus_ms(i64::from(second) * 1_000),
        status,
        items: Vec::new(),
        currency: None,
        amount: None,
        carrier: None,
        tracking_no: None,
    }
}

fn stuck(orders: &[OrderEvent]) -> Vec<String> {
    let mut driver = driver(&["sla: []\norders: {stuck_after: {paid: 48h, shipped: 7d}}"]);
    for order in orders {
        driver.send(&ORDER_EVENTS, "demo/A1", order);
    }
    driver.run_out();
    let events = driver.written(&CHANNEL_EVENTS).into_iter();
    let line = |(key, event): (String, ChannelEvent)| {
        let data = event.data;
        let (reason, order_id) = (data.reason.unwrap_or_default(), data.order_id.unwrap_or_default());
        format!("{key} {} {} {reason} {order_id}", text(event.occurred_at), event.kind)
    };
    events.map(line).collect()
}

#[test]
fn an_order_without_progress_opens_a_case_once_for_each_status() {
    use OrderStatus::{Paid, Placed, Shipped};
    let late = "demo/order:A1 04T09:00:10 case_opened stuck_order A1";
    let lost = "demo/order:A1 09T09:00:20 case_opened stuck_order A1";
    assert_eq!(stuck(&[order(0, Placed)]), [""; 0]);
    assert_eq!(stuck(&[order(0, Placed), order(10, Paid)]), [late]);
    assert_eq!(stuck(&[order(0, Placed), order(10, Paid), order(20, Shipped)]), [lost]);
    assert_eq!(stuck(&[order(20, Shipped), order(10, Paid), order(0, Placed)]), [lost]);
}
