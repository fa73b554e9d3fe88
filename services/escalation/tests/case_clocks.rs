//! The clocks of the whole case, promises and merges: what starts and stops each.

mod story;

use story::check;

const CHAT: &str = "
sla:
  - name: chat
    targets: {acknowledge: 30s, first_reply: 5m, next_reply: 15m, periodic_update: 4h,
              requester_wait: 48h, agent_work: 8h, resolution: 24h}
";

#[test]
fn a_clock_that_starts_paused_has_no_due_instant_until_it_runs() {
    let policy = "sla: [{name: x, targets: {next_reply: 1h}, pause_on: {next_reply: [pending_department]}}]";
    check(
        &[policy],
        &[],
        "
        02T09:00 opened
        + classified inquiry
        02T09:01 reply
        02T09:02 status pending_department
        02T10:00 message
        02T11:00 status open
        02T11:30 status pending_department
        02T12:00 reply
        02T13:00 message
        02T14:00 status closed
    ",
        "
        02T10:00 next_reply started
        02T10:00 next_reply paused used 0m
        02T11:00 next_reply resumed due 02T12:00 used 0m
        02T11:30 next_reply paused used 30m
        02T12:00 next_reply met due 02T12:00 used 30m
        02T13:00 next_reply started
        02T13:00 next_reply paused used 0m
        02T14:00 next_reply met used 0m
    ",
    );
}

#[test]
fn waiting_and_working_pause_in_their_own_states() {
    check(
        &[CHAT],
        &["requester_wait", "agent_work"],
        "
        02T09:00 opened
        + classified inquiry
        02T10:00 status pending_department
        02T11:00 status pending_customer
        02T12:00 message
        + status open
        02T13:00 status resolved
        02T14:00 status closed
    ",
        "
        02T09:00 requester_wait started due 04T09:00
        02T09:00 agent_work started due 02T17:00
        02T10:00 agent_work paused used 1h
        02T11:00 requester_wait paused used 2h
        02T12:00 requester_wait resumed due 04T10:00 used 2h
        02T12:00 agent_work resumed due 02T19:00 used 1h
        02T13:00 requester_wait paused used 3h
        02T13:00 agent_work paused used 2h
        02T14:00 requester_wait met due 04T10:00 used 3h
        02T14:00 agent_work met due 02T19:00 used 2h
    ",
    );
}

#[test]
fn resolution_is_met_by_resolving_and_goes_on_after_a_reopening() {
    check(
        &[CHAT],
        &["resolution"],
        "
        02T09:00 opened
        + classified inquiry
        02T10:00 status pending_customer
        02T20:00 message
        + status open
        02T21:00 status resolved
        03T09:00 message
        + status open
        03T10:00 status resolved
        03T11:00 auto_close
        03T12:00 status pending_customer
        03T13:00 message
        + status open
        04T10:00 status closed
    ",
        "
        02T09:00 resolution started due 03T09:00
        02T10:00 resolution paused used 1h
        02T20:00 resolution resumed due 03T19:00 used 1h
        02T21:00 resolution met due 03T19:00 used 2h
        03T09:00 resolution resumed due 04T07:00 used 2h
        03T10:00 resolution met due 04T07:00 used 3h
        03T13:00 resolution resumed due 04T10:00 used 3h
        04T10:00 resolution met due 04T10:00 used 24h
    ",
    );
}

#[test]
fn a_breached_resolution_stays_so_after_a_reopening() {
    check(
        &[CHAT],
        &["resolution"],
        "
        02T09:00 opened
        + classified inquiry
        03T10:00 status resolved
        03T12:00 status open
        03T13:00 status resolved
    ",
        "
        02T09:00 resolution started due 03T09:00
        03T09:00 resolution breached due 03T09:00 used 24h
        03T10:00 resolution ended_late due 03T09:00 used 25h
        03T12:00 resolution resumed due 03T09:00 used 25h
        03T13:00 resolution ended_late due 03T09:00 used 26h
    ",
    );
}

#[test]
fn a_promise_is_kept_by_a_later_reply_and_replaced_by_a_new_promise() {
    let no_rule = "sla: []";
    check(
        &[no_rule],
        &[],
        "
        02T09:00 opened
        + classified inquiry
        02T10:00 promising_reply 02T12:00
        + promised 02T12:00
        02T11:00 promising_reply 02T14:00
        + promised 02T14:00
        02T13:00 bot_reply
        02T14:00 reply
        02T15:00 promised 02T16:00
        02T17:00 status resolved
    ",
        "
        02T10:00 promised started due 02T12:00
        02T11:00 promised cancelled due 02T12:00 used 1h (replaced)
        02T11:00 promised started due 02T14:00
        02T14:00 promised met due 02T14:00 used 3h
        02T15:00 promised started due 02T16:00
        02T16:00 promised breached due 02T16:00 used 1h
        02T17:00 promised ended_late due 02T16:00 used 2h
    ",
    );
}

#[test]
fn a_merged_case_has_no_clocks_any_more() {
    check(
        &[CHAT],
        &["next_reply", "resolution"],
        "
        02T09:00 opened
        + classified inquiry
        02T09:01 reply
        02T09:02 message
        02T10:00 merged c-2#1
        + status closed
        02T11:00 message
        + status open
    ",
        "
        02T09:00 resolution started due 03T09:00
        02T09:02 next_reply started due 02T09:17
        02T09:17 next_reply breached due 02T09:17 used 15m
        02T10:00 next_reply cancelled due 02T09:17 used 58m (merged)
        02T10:00 resolution cancelled due 03T09:00 used 1h (merged)
    ",
    );
    check(
        &[CHAT],
        &["resolution"],
        "
        02T09:00 opened
        + classified inquiry
        02T10:00 merged c-1#1
        02T11:00 status resolved
    ",
        "
        02T09:00 resolution started due 03T09:00
        02T11:00 resolution met due 03T09:00 used 2h
    ",
    );
}
