//! What late, repeated and retracted facts make of clocks.

mod story;

use kefu_contracts::Channel;
use kefu_contracts::case_event::CaseEvent;
use kefu_contracts::topic::{CASE_EVENTS, SLA_EVENTS};
use story::{at, clock_lines, driver, facts, key, play, retraction};

const REPLIES: &str = "sla: [{name: x, targets: {first_reply: 1h, next_reply: 1h}}]";

#[test]
fn a_late_reply_takes_a_breach_back() {
    let mut driver = driver(&[REPLIES]);
    let facts = facts(
        "
        02T09:00 opened
        + classified inquiry
        02T09:50 reply
        02T10:30 reply
    ",
    );
    for index in [0, 1, 3] {
        driver.send_at(facts[index].at, &CASE_EVENTS, &key(&facts[index]), &facts[index]);
    }
    driver.advance_to(at("02T10:30"));
    driver.send(&CASE_EVENTS, &key(&facts[2]), &facts[2]);
    driver.run_out();
    let events: Vec<_> = driver.written(&SLA_EVENTS).into_iter().map(|(_, event)| event).collect();
    assert_eq!(
        clock_lines(&driver, &[]),
        [
            "02T09:00 first_reply started due 02T10:00",
            "02T10:00 first_reply breached due 02T10:00 used 1h",
            "02T10:30 first_reply ended_late due 02T10:00 used 90m",
            "02T10:00 first_reply breach_retracted due 02T10:00 used 1h (corrected)",
            "02T09:50 first_reply met due 02T10:00 used 50m",
        ]
    );
    assert_eq!(events[1].breach_id, events[3].breach_id);
    assert!(events[1].breach_id.is_some() && events[4].breach_id.is_none());
}

#[test]
fn a_reply_that_is_taken_back_lets_the_clock_run_again() {
    let mut driver = driver(&[REPLIES]);
    let facts = facts(
        "
        02T09:00 opened
        + classified inquiry
        02T09:50 reply
    ",
    );
    play(&mut driver, &facts);
    driver.send(&CASE_EVENTS, &key(&facts[2]), &retraction(&facts[2]));
    driver.run_out();
    assert_eq!(
        clock_lines(&driver, &[]),
        [
            "02T09:00 first_reply started due 02T10:00",
            "02T09:50 first_reply met due 02T10:00 used 50m",
            "02T09:50 first_reply resumed due 02T10:00 used 50m (corrected)",
            "02T10:00 first_reply breached due 02T10:00 used 1h",
        ]
    );
}

#[test]
fn a_late_pause_moves_the_due_instant() {
    let mut driver = driver(&["sla: [{name: x, targets: {resolution: 2h}}]"]);
    let facts = facts(
        "
        02T09:00 opened
        + classified inquiry
        02T09:10 status pending_customer
        02T09:20 message
        + status open
        02T09:30 priority high
    ",
    );
    play(&mut driver, &facts[..2]);
    play(&mut driver, &facts[5..]);
    for fact in &facts[2..5] {
        driver.send(&CASE_EVENTS, &key(fact), fact);
    }
    driver.advance_to(at("02T11:30"));
    assert_eq!(
        clock_lines(&driver, &[]),
        [
            "02T09:00 resolution started due 02T11:00",
            "02T09:10 resolution paused used 10m",
            "02T09:20 resolution resumed due 02T11:10 used 10m",
            "02T11:10 resolution breached due 02T11:10 used 2h",
        ]
    );
}

#[test]
fn the_same_fact_counts_once() {
    let mut driver = driver(&[REPLIES]);
    let facts = facts("02T09:00 opened\n+ classified inquiry\n02T09:50 reply");
    play(&mut driver, &facts);
    driver.send(&CASE_EVENTS, &key(&facts[2]), &facts[2]);
    assert_eq!(clock_lines(&driver, &[]).len(), 2);
}

#[test]
fn a_backlog_breaches_nothing_that_was_answered_in_time() {
    let mut driver = driver(&[REPLIES]);
    let facts = facts(
        "
        02T09:00 opened
        + classified inquiry
        02T09:50 reply
        02T11:00 message
        02T11:10 reply
    ",
    );
    // what was said later arrives first, and time stands still meanwhile
    for index in [0, 1, 4, 3, 2] {
        driver.send(&CASE_EVENTS, &key(&facts[index]), &facts[index]);
    }
    driver.run_out();
    let lines = clock_lines(&driver, &[]);
    assert!(!lines.iter().any(|line| line.contains("breach")), "{lines:#?}");
}

#[test]
fn ids_name_the_clock_and_the_breach_not_the_order_of_arrival() {
    let play_once = || {
        let mut driver = driver(&[REPLIES]);
        play(
            &mut driver,
            &facts("02T09:00 opened\n+ classified inquiry\n02T10:10 reply\n02T10:20 message\n02T10:30 reply"),
        );
        driver.written(&SLA_EVENTS).into_iter().map(|(_, event)| event).collect::<Vec<_>>()
    };
    let events = play_once();
    assert_eq!(events, play_once());
    let clocks: std::collections::BTreeSet<&str> = events.iter().map(|event| event.clock_id.as_str()).collect();
    assert_eq!(clocks.len(), 2);
    let first = &events[0];
    assert_eq!((first.policy.as_str(), first.policy_version, first.calendar.as_str()), ("x", 1, "always"));
    assert_eq!((first.target_ms, first.tenant.as_str(), first.case_id.as_str()), (Some(3_600_000), "demo", "c-1#1"));
}

#[test]
fn a_case_that_turns_out_to_have_begun_on_another_channel_has_the_targets_of_that_one() {
    const CHANNELS: &str = "
sla:
  - {name: mail, match: {channel: [email]}, targets: {first_reply: 2h}}
  - {name: rest, targets: {first_reply: 1h}}
";
    let mut driver = driver(&[CHANNELS]);
    let facts = facts("02T09:00 opened\n+ classified inquiry");
    play(&mut driver, &facts);
    for fact in facts {
        driver.send(&CASE_EVENTS, &key(&fact), &CaseEvent { channel: Channel::Email, ..fact.clone() });
    }
    driver.run_out();
    let lines = clock_lines(&driver, &[]);
    assert_eq!(lines.last().map(String::as_str), Some("02T11:00 first_reply breached due 02T11:00 used 2h"));
    assert_eq!(lines.iter().filter(|line| line.contains("breached")).count(), 1, "{lines:?}");
}
