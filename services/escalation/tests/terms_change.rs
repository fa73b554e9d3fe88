//! Changes of priority and policy, and the first classification.

mod story;

use story::{at, check, clock_lines, driver, facts, play};

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
