//! Calendars, warnings, changes of terms, and what late events make of clocks.
//!
//! 2026-03-02 is a Monday.

mod story;

use kefu_contracts::topic::{CASE_EVENTS, SLA_EVENTS};
use story::{at, check, clock_lines, driver, facts, key, play, retraction};

const OFFICE: &str = r#"
calendars:
  office:
    weekly: {mon: ["09:00-12:00", "13:30-18:00"], tue: ["09:00-12:00", "13:30-18:00"], wed: ["09:00-12:00", "13:30-18:00"],
             thu: ["09:00-12:00", "13:30-18:00"], fri: ["09:00-12:00", "13:30-18:00"]}
    holidays: [{date: 2026-03-04}]
    special: [{date: 2026-03-07, hours: ["10:00-12:00"]}]
sla:
  - {name: office, calendar: office, targets: {first_reply: 3h, resolution: 8h}, warn_at: [0.5]}
"#;

#[test]
fn several_intervals_a_day_a_holiday_and_a_working_saturday_count() {
    check(
        &[OFFICE],
        &["resolution"],
        "
        03T17:00 opened
        + classified inquiry
        09T18:00 status closed
    ",
        "
        03T17:00 resolution started due 05T17:30
        05T13:30 resolution warned due 05T17:30 used 4h
        05T17:30 resolution breached due 05T17:30 used 8h
        09T18:00 resolution ended_late due 05T17:30 used 1530m
    ",
    );
    check(
        &[OFFICE],
        &["first_reply"],
        "
        06T17:00 opened
        + classified inquiry
        07T12:00 reply
    ",
        "
        06T17:00 first_reply started due 07T12:00
        07T10:30 first_reply warned due 07T12:00 used 90m
        07T12:00 first_reply met due 07T12:00 used 3h
    ",
    );
}

#[test]
fn a_target_used_up_at_closing_is_breached_at_the_next_opening() {
    check(
        &[OFFICE],
        &["first_reply"],
        "
        02T09:00 opened
        + classified inquiry
        02T14:00 reply
    ",
        "
        02T09:00 first_reply started due 02T12:00
        02T10:30 first_reply warned due 02T12:00 used 90m
        02T13:30 first_reply breached due 02T12:00 used 3h
        02T14:00 first_reply ended_late due 02T12:00 used 210m
    ",
    );
    // answered at lunch, with the target just used up: in time
    check(
        &[OFFICE],
        &["first_reply"],
        "
        02T09:00 opened
        + classified inquiry
        02T13:30 reply
    ",
        "
        02T09:00 first_reply started due 02T12:00
        02T10:30 first_reply warned due 02T12:00 used 90m
        02T13:30 first_reply met due 02T12:00 used 3h
    ",
    );
    // no breach at night
    check(
        &[OFFICE],
        &["first_reply"],
        "
        02T16:00 opened
        + classified inquiry
        03T10:00:00.001 reply
    ",
        "
        02T16:00 first_reply started due 03T10:00
        02T17:30 first_reply warned due 03T10:00 used 90m
        03T10:00 first_reply breached due 03T10:00 used 3h
        03T10:00:00.001 first_reply ended_late due 03T10:00 used 10800001ms
    ",
    );
}

#[test]
fn a_target_used_up_at_a_pause_is_breached_when_the_clock_runs_again() {
    let policy = "sla: [{name: x, targets: {resolution: 1h}, warn_at: [0.5, 0.9]}]";
    check(
        &[policy],
        &[],
        "
        02T09:00 opened
        + classified inquiry
        02T10:00 status pending_customer
        02T11:00 message
        + status open
        02T11:00:00.001 status resolved
    ",
        "
        02T09:00 resolution started due 02T10:00
        02T09:30 resolution warned due 02T10:00 used 30m
        02T09:54 resolution warned due 02T10:00 used 54m
        02T10:00 resolution paused used 1h
        02T11:00 resolution resumed due 02T10:00 used 1h
        02T11:00 resolution breached due 02T10:00 used 1h
        02T11:00:00.001 resolution ended_late due 02T10:00 used 3600001ms
    ",
    );
    // a warning at a pause waits likewise
    check(
        &[policy],
        &[],
        "
        02T09:00 opened
        + classified inquiry
        02T09:30 status pending_customer
        02T10:00 message
        + status open
        02T10:10 status resolved
    ",
        "
        02T09:00 resolution started due 02T10:00
        02T09:30 resolution paused used 30m
        02T10:00 resolution resumed due 02T10:30 used 30m
        02T10:00 resolution warned due 02T10:30 used 30m
        02T10:10 resolution met due 02T10:30 used 40m
    ",
    );
}

#[test]
fn at_one_instant_events_come_before_breaches_and_automatic_closing_after_them() {
    let policy = "sla: [{name: x, targets: {requester_wait: 1h}, pause_on: {requester_wait: []}}]";
    check(
        &[policy],
        &[],
        "
        02T09:00 opened
        + classified inquiry
        02T10:00 status closed
    ",
        "
        02T09:00 requester_wait started due 02T10:00
        02T10:00 requester_wait met due 02T10:00 used 1h
    ",
    );
    check(
        &[policy],
        &[],
        "
        02T09:00 opened
        + classified inquiry
        02T09:01 status resolved
        02T10:00 auto_close
    ",
        "
        02T09:00 requester_wait started due 02T10:00
        02T10:00 requester_wait breached due 02T10:00 used 1h
        02T10:00 requester_wait ended_late due 02T10:00 used 1h
    ",
    );
}

#[test]
fn a_clock_crosses_the_change_to_summer_time() {
    let policy = r#"
calendars: {berlin: {timezone: Europe/Berlin, weekly: {sat: ["22:00-06:00"]}}}
sla: [{name: x, calendar: berlin, targets: {resolution: 6h}}]
"#;
    // 22:00 to 06:00 has seven hours in that night
    check(
        &[policy],
        &[],
        "
        28T21:00 opened
        + classified inquiry
        29T03:00 status resolved
    ",
        "
        28T21:00 resolution started due 29T03:00
        29T03:00 resolution met due 29T03:00 used 6h
    ",
    );
}

const PRIORITIES: &str = "
sla:
  - {name: high, match: {priority: [high]}, targets: {resolution: 2h}, warn_at: [0.5]}
  - {name: low, match: {priority: [low]}, targets: {acknowledge: 1m}}
  - {name: rest, targets: {resolution: 8h}, warn_at: [0.5]}
";

#[test]
fn a_change_of_priority_moves_the_due_instant_with_the_pauses_kept() {
    check(
        &[PRIORITIES],
        &["resolution"],
        "
        02T09:00 opened
        + classified inquiry
        02T09:30 status pending_customer
        02T11:30 message
        + status open
        02T12:00 priority high
        02T12:30 status pending_customer
        02T13:00 priority normal
        02T14:00 message
        + status open
        02T15:00 status resolved
    ",
        "
        02T09:00 resolution started due 02T17:00
        02T09:30 resolution paused used 30m
        02T11:30 resolution resumed due 02T19:00 used 30m
        02T12:00 resolution due_changed due 02T13:00 used 1h
        02T12:00 resolution warned due 02T13:00 used 1h
        02T12:30 resolution paused used 90m
        02T14:00 resolution resumed due 02T20:30 used 90m
        02T15:00 resolution met due 02T20:30 used 150m
    ",
    );
}

#[test]
fn a_change_that_is_exceeded_breaches_at_the_change_and_can_be_left_behind() {
    check(
        &[PRIORITIES],
        &["resolution"],
        "
        02T09:00 opened
        + classified inquiry
        02T12:00 priority high
        02T12:10 priority normal
        02T12:20 status resolved
    ",
        "
        02T09:00 resolution started due 02T17:00
        02T12:00 resolution due_changed due 02T11:00 used 3h
        02T12:00 resolution warned due 02T11:00 used 3h
        02T12:00 resolution breached due 02T11:00 used 3h (policy_applied)
        02T12:10 resolution due_changed due 02T17:00 used 190m
        02T12:20 resolution met due 02T17:00 used 200m
    ",
    );
    // breached by its own target: no change makes up for that
    check(
        &[PRIORITIES],
        &["resolution"],
        "
        02T09:00 opened
        + classified inquiry minor high
        02T11:30 priority normal
        02T12:20 status resolved
    ",
        "
        02T09:00 resolution started due 02T11:00
        02T10:00 resolution warned due 02T11:00 used 1h
        02T11:00 resolution breached due 02T11:00 used 2h
        02T11:30 resolution due_changed due 02T17:00 used 150m
        02T12:20 resolution ended_late due 02T17:00 used 200m
    ",
    );
}

#[test]
fn flapping_between_priorities_buys_no_time_and_warns_once() {
    check(
        &[PRIORITIES],
        &["resolution"],
        "
        02T09:00 opened
        + classified inquiry minor high
        02T10:10 priority normal
        02T10:20 priority high
        02T10:30 priority normal
        02T10:40 priority high
        02T12:00 status resolved
    ",
        "
        02T09:00 resolution started due 02T11:00
        02T10:00 resolution warned due 02T11:00 used 1h
        02T10:10 resolution due_changed due 02T17:00 used 70m
        02T10:20 resolution due_changed due 02T11:00 used 80m
        02T10:30 resolution due_changed due 02T17:00 used 90m
        02T10:40 resolution due_changed due 02T11:00 used 100m
        02T11:00 resolution breached due 02T11:00 used 2h
        02T12:00 resolution ended_late due 02T11:00 used 3h
    ",
    );
}

#[test]
fn a_metric_without_a_target_has_no_clock_until_a_change_gives_one() {
    check(
        &[PRIORITIES],
        &["resolution"],
        "
        02T09:00 opened
        + classified inquiry minor low
        02T10:00 priority normal
        02T11:00 priority low
        02T12:00 priority high
        02T13:00 status resolved
    ",
        "
        02T09:00 resolution started due 02T17:00
        02T11:00 resolution cancelled due 02T17:00 used 2h (policy)
        02T09:00 resolution started due 02T11:00
        02T12:00 resolution warned due 02T11:00 used 3h
        02T12:00 resolution breached due 02T11:00 used 3h (policy_applied)
        02T13:00 resolution ended_late due 02T11:00 used 4h
    ",
    );
}

#[test]
fn a_policy_takes_effect_at_its_instant_before_the_events_of_that_instant() {
    let first = "version: 1\nsla: [{name: a, targets: {first_reply: 2h}}]";
    let second = "version: 2\neffective_from: 2026-03-02T10:00:00Z\nsla: [{name: b, targets: {first_reply: 90m}}]";
    check(
        &[first, second],
        &[],
        "
        02T09:00 opened
        + classified inquiry
        02T10:00 reply
    ",
        "
        02T09:00 first_reply started due 02T11:00
        02T10:00 first_reply due_changed due 02T10:30 used 1h
        02T10:00 first_reply met due 02T10:30 used 1h
    ",
    );
    let pausing = "version: 2\neffective_from: 2026-03-02T10:00:00Z
sla: [{name: b, targets: {resolution: 2h}, pause_on: {resolution: [open]}}]";
    let first = "version: 1\nsla: [{name: a, targets: {resolution: 2h}}]";
    check(
        &[first, pausing],
        &[],
        "
        02T09:00 opened
        + classified inquiry
        02T10:30 status pending_customer
        02T11:00 status resolved
    ",
        "
        02T09:00 resolution started due 02T11:00
        02T10:00 resolution paused used 0m
        02T10:30 resolution resumed due 02T12:30 used 0m
        02T11:00 resolution met due 02T12:30 used 30m
    ",
    );
}

#[test]
fn a_breach_comes_at_its_time_although_nothing_else_happens() {
    let mut driver = driver(&["sla: [{name: x, targets: {first_reply: 5m}}]"]);
    play(&mut driver, &facts("02T09:00 opened\n+ classified inquiry"));
    driver.advance_to(at("02T09:04:59.999"));
    assert_eq!(clock_lines(&driver, &[]).len(), 1);
    driver.advance_to(at("02T09:05"));
    assert_eq!(clock_lines(&driver, &[])[1], "02T09:05 first_reply breached due 02T09:05 used 5m");
}

#[test]
fn clocks_wait_for_the_first_classification_and_start_with_it() {
    let mut driver = driver(&[PRIORITIES]);
    let facts = facts(
        "
        02T09:00 opened
        + acknowledged
        02T09:00:01 classified complaint major low
    ",
    );
    play(&mut driver, &facts[..2]);
    driver.advance_to(at("02T09:00:00.900"));
    assert_eq!(clock_lines(&driver, &[]), [""; 0]);
    play(&mut driver, &facts[2..]);
    let expected = ["02T09:00 acknowledge started due 02T09:01", "02T09:00 acknowledge met due 02T09:01 used 0m"];
    assert_eq!(clock_lines(&driver, &[]), expected);
}

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
    driver.send(&CASE_EVENTS, &key(&facts[2]), &facts[2]);
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
