//! The clocks of receipt and replies: what starts and stops each.

mod story;

use story::check;

const CHAT: &str = "
sla:
  - name: chat
    targets: {acknowledge: 30s, first_reply: 5m, next_reply: 15m, periodic_update: 4h,
              requester_wait: 48h, agent_work: 8h, resolution: 24h}
";

#[test]
fn acknowledge_is_met_by_the_acknowledgement() {
    let metrics = &["acknowledge"];
    check(
        &[CHAT],
        metrics,
        "
        02T09:00 opened
        + message
        + acknowledged
        02T09:00 classified inquiry
    ",
        "
        02T09:00 acknowledge started due 02T09:00:30
        02T09:00 acknowledge met due 02T09:00:30 used 0m
    ",
    );
}

#[test]
fn acknowledge_is_met_by_any_reply_and_cancelled_by_closing() {
    let metrics = &["acknowledge"];
    check(
        &[CHAT],
        metrics,
        "
        02T09:00 opened
        + classified inquiry
        02T09:00:30 bot_reply
    ",
        "
        02T09:00 acknowledge started due 02T09:00:30
        02T09:00:30 acknowledge met due 02T09:00:30 used 30s
    ",
    );
    check(
        &[CHAT],
        metrics,
        "
        02T09:00 opened
        + classified inquiry
        02T09:00:20 status closed
    ",
        "
        02T09:00 acknowledge started due 02T09:00:30
        02T09:00:20 acknowledge cancelled due 02T09:00:30 used 20s (closed)
    ",
    );
    check(
        &[CHAT],
        metrics,
        "
        02T09:00 opened agent
        + classified inquiry
        02T09:05 message
    ",
        "",
    );
}

#[test]
fn first_reply_runs_from_the_opening_to_the_first_reply_by_a_person() {
    let metrics = &["first_reply"];
    check(
        &[CHAT],
        metrics,
        "
        02T09:00 opened
        + message
        + classified inquiry
        02T09:01 bot_reply
        02T09:02 note
        02T09:03 message
        02T09:05 reply
        02T09:06 reply
    ",
        "
        02T09:00 first_reply started due 02T09:05
        02T09:05 first_reply met due 02T09:05 used 5m
    ",
    );
    check(
        &[CHAT],
        metrics,
        "
        02T09:00 opened
        + classified inquiry
        02T09:05:00.001 reply
    ",
        "
        02T09:00 first_reply started due 02T09:05
        02T09:05 first_reply breached due 02T09:05 used 5m
        02T09:05:00.001 first_reply ended_late due 02T09:05 used 300001ms
    ",
    );
}

#[test]
fn first_reply_of_an_agents_case_runs_from_the_customers_first_message() {
    check(
        &[CHAT],
        &["first_reply", "next_reply"],
        "
        02T09:00 opened agent
        + reply
        + classified inquiry
        02T10:00 message
        02T10:04 reply
        02T10:10 message
        02T10:11 reply
    ",
        "
        02T10:00 first_reply started due 02T10:05
        02T10:04 first_reply met due 02T10:05 used 4m
        02T10:10 next_reply started due 02T10:25
        02T10:11 next_reply met due 02T10:25 used 1m
    ",
    );
}

#[test]
fn a_case_that_a_bot_solved_waits_for_a_person_from_its_reopening() {
    check(
        &[CHAT],
        &["first_reply"],
        "
        02T09:00 opened
        + message
        + classified inquiry
        02T09:01 bot_reply
        02T09:02 status resolved bot
        02T11:00 message
        + status open
        02T11:07 reply
    ",
        "
        02T09:00 first_reply started due 02T09:05
        02T09:02 first_reply cancelled due 02T09:05 used 2m (resolved_by_bot)
        02T11:00 first_reply started due 02T11:05
        02T11:05 first_reply breached due 02T11:05 used 5m
        02T11:07 first_reply ended_late due 02T11:05 used 7m
    ",
    );
}

#[test]
fn first_reply_pauses_while_a_person_resolved_it_and_ends_with_closing() {
    check(
        &[CHAT],
        &["first_reply"],
        "
        02T09:00 opened
        + classified inquiry
        02T09:02 status resolved agent
        02T11:00 message
        + status open
        02T11:01 status closed customer
        02T11:02 message
        + status open
        02T11:03 reply
    ",
        "
        02T09:00 first_reply started due 02T09:05
        02T09:02 first_reply paused used 2m
        02T11:00 first_reply resumed due 02T11:03 used 2m
        02T11:01 first_reply cancelled due 02T11:03 used 3m (closed)
        02T11:02 first_reply started due 02T11:07
        02T11:03 first_reply met due 02T11:07 used 1m
    ",
    );
}

#[test]
fn next_reply_runs_from_the_oldest_message_that_waits() {
    let metrics = &["next_reply"];
    check(
        &[CHAT],
        metrics,
        "
        02T09:00 opened
        + message
        + classified inquiry
        02T09:01 message
        02T09:30 reply
        02T09:40 message
        02T09:50 message
        02T09:54 bot_reply
        02T09:55 reply
        02T10:00 message
        02T10:05 status resolved
        02T10:06 message
        + status open
        02T10:30 status closed
    ",
        "
        02T09:40 next_reply started due 02T09:55
        02T09:55 next_reply met due 02T09:55 used 15m
        02T10:00 next_reply started due 02T10:15
        02T10:05 next_reply met due 02T10:15 used 5m
        02T10:06 next_reply started due 02T10:21
        02T10:21 next_reply breached due 02T10:21 used 15m
        02T10:30 next_reply ended_late due 02T10:21 used 24m
    ",
    );
}

#[test]
fn next_reply_may_include_the_first_message() {
    let policy = "sla: [{name: x, targets: {next_reply: 15m}, next_reply_includes_first: true}]";
    check(
        &[policy],
        &[],
        "
        02T09:00 opened
        + message
        + classified inquiry
        02T09:05 message
        02T09:10 reply
        02T09:20 message
        02T09:21 reply
    ",
        "
        02T09:00 next_reply started due 02T09:15
        02T09:10 next_reply met due 02T09:15 used 10m
        02T09:20 next_reply started due 02T09:35
        02T09:21 next_reply met due 02T09:35 used 1m
    ",
    );
}

#[test]
fn thanks_that_close_a_case_wait_for_no_reply() {
    check(
        &[CHAT],
        &["next_reply"],
        "
        02T09:00 opened
        + classified inquiry
        02T09:01 reply
        02T09:02 status resolved
        02T09:03 message thanks
        + status closed customer
    ",
        "",
    );
}

#[test]
fn each_reply_starts_the_next_periodic_update() {
    check(
        &[CHAT],
        &["periodic_update"],
        "
        02T09:00 opened
        + classified inquiry
        02T09:01 reply
        02T10:00 reply
        02T15:00 reply
        02T16:00 status resolved
        02T17:00 reply
        02T18:00 status open
        02T18:30 reply
        02T19:00 status closed
    ",
        "
        02T09:01 periodic_update started due 02T13:01
        02T10:00 periodic_update met due 02T13:01 used 59m
        02T10:00 periodic_update started due 02T14:00
        02T14:00 periodic_update breached due 02T14:00 used 4h
        02T15:00 periodic_update ended_late due 02T14:00 used 5h
        02T15:00 periodic_update started due 02T19:00
        02T16:00 periodic_update met due 02T19:00 used 1h
        02T18:30 periodic_update started due 02T22:30
        02T19:00 periodic_update met due 02T22:30 used 30m
    ",
    );
}

#[test]
fn a_periodic_update_can_be_made_to_pause() {
    let policy = "sla: [{name: x, targets: {periodic_update: 4h}, pause_on: {periodic_update: [pending_customer]}}]";
    check(
        &[policy],
        &[],
        "
        02T09:00 opened
        + classified inquiry
        02T09:01 reply
        02T10:01 status pending_customer
        02T12:00 message
        + status open
        02T13:00 reply
        + status pending_customer
        02T14:00 status closed
    ",
        "
        02T09:01 periodic_update started due 02T13:01
        02T10:01 periodic_update paused used 1h
        02T12:00 periodic_update resumed due 02T15:00 used 1h
        02T13:00 periodic_update met due 02T15:00 used 2h
        02T13:00 periodic_update started due 02T17:00
        02T13:00 periodic_update paused used 0m
        02T14:00 periodic_update met due 02T17:00 used 0m
    ",
    );
}

#[test]
fn a_reply_stamped_before_its_message_takes_no_time_and_says_why() {
    check(
        &[CHAT],
        &["acknowledge", "first_reply", "next_reply"],
        "
        02T09:00 skewed_reply
        02T09:00 opened
        + message
        + classified inquiry
    ",
        "
        02T09:00 acknowledge started due 02T09:00:30
        02T09:00 first_reply started due 02T09:05
        02T09:00 acknowledge met due 02T09:00:30 used 0m (clock_skew)
        02T09:00 first_reply met due 02T09:05 used 0m (clock_skew)
    ",
    );
}

#[test]
fn an_inbound_call_is_opened_by_the_customer_whoever_reports_it() {
    check(
        &[CHAT],
        &["first_reply"],
        "
        02T09:00 opened agent
        + message
        + classified inquiry
        02T09:00:20 reply
    ",
        "
        02T09:00 first_reply started due 02T09:05
        02T09:00:20 first_reply met due 02T09:05 used 20s
    ",
    );
}
