//! Calendars, pauses and warnings. 2026-03-02 is a Monday.

mod story;

use story::{at, check, clock_lines, driver, facts, play};

const OFFICE: &str = r#"
calendars:
  office:
    weekly: {mon: ["09:00-12:00", "13:30-18:00"], tue: ["09:00-12:00", "13:30-18:00"],
             wed: ["09:00-12:00", "13:30-18:00"], thu: ["09:00-12:00", "13:30-18:00"],
             fri: ["09:00-12:00", "13:30-18:00"]}
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

#[test]
fn a_breach_comes_at_its_time_although_nothing_else_happens() {
    let mut driver = driver(&["sla: [{name: x, targets: {first_reply: 5m}}]"]);
    play(&mut driver, &facts("02T09:00 opened\n+ classified inquiry"));
    driver.advance_to(at("02T09:04:59.999"));
    assert_eq!(clock_lines(&driver, &[]).len(), 1);
    driver.advance_to(at("02T09:05"));
    assert_eq!(clock_lines(&driver, &[])[1], "02T09:05 first_reply breached due 02T09:05 used 5m");
}
