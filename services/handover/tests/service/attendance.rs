//! Coming, leaving, swaps and absences, through all processors of the service.

use crate::stage::{
    DAY_AND_NIGHT, Record, Stage, assigned, clock, command, handover_id, instant, monday, policies, policy_versions,
    told,
};
use kefu_contracts::handover::HandoverState;
use serde_json::json;

const NIGHT: &str = "care/night/2026-03-02";

fn shop() -> Stage {
    Stage::new(policies("Asia/Shanghai", DAY_AND_NIGHT))
}

fn first_case() -> Record {
    assigned("10:00", "c-1#1", Some("a-1"))
}

fn at_night(at: &str, kind: &str, actor: &str, data: serde_json::Value) -> Record {
    command(clock(at), kind, actor, NIGHT, data)
}

#[test]
fn who_is_not_there_ten_minutes_before_the_start_is_reported() {
    for (came, reported) in [("17:50", false), ("17:51", true)] {
        let mut shop = shop();
        shop.play(&[first_case(), at_night(came, "check_in", "a-3", json!({}))]).until(clock("18:00"));
        let expected = if reported { told(&[("17:50", "s-1", "not_arrived")]) } else { Vec::new() };
        assert_eq!(shop.notices(), expected, "came at {came}");
        let answer = shop.answers().into_values().next().unwrap();
        assert_eq!((answer.status, answer.body.0["on_time"].as_bool()), (200, Some(!reported)));
    }
}

#[test]
fn who_is_expected_is_what_the_policy_says_then() {
    let other = r#"  - {team: care, name: night, hours: "18:00-03:00", staff: [a-8]}"#;
    let none = r#"  - {team: care, name: noon, hours: "12:00-13:00", staff: [a-8]}"#;
    for (later, expected) in [(DAY_AND_NIGHT, vec!["a-3"]), (other, vec!["a-8"]), (none, vec![])] {
        let versions = [(None, DAY_AND_NIGHT), (Some(clock("13:30")), later)];
        let mut shop = Stage::new(policy_versions("Asia/Shanghai", &versions));
        shop.play(&[at_night("12:00", "swap_request", "a-3", json!({"with_agent_id": "a-7"}))]).until(clock("18:00"));
        assert_eq!(shop.missed(), expected);
    }
}

#[test]
fn of_a_shift_first_heard_of_after_its_start_nobody_is_reported() {
    let mut shop = shop();
    shop.play(&[first_case()]).until(clock("17:00"));
    assert!(shop.notices().is_empty());
}

#[test]
fn a_shift_that_is_in_no_policy_is_not_found() {
    let mut shop = shop();
    shop.play(&[command(clock("08:00"), "check_in", "a-1", "care/dawn/2026-03-02", json!({}))]).run_out();
    assert_eq!(shop.statuses(), [404]);
}

#[test]
fn who_comes_in_anothers_place_takes_over_and_hands_over() {
    let mut shop = shop();
    let claim = |at: &str, who| command(clock(at), "start_review", who, &monday(), json!({}));
    shop.play(&[
        first_case(),
        claim("17:39", "a-7"),
        at_night("17:40", "check_in", "a-7", json!({})),
        claim("17:41", "a-7"),
    ]);
    shop.until(clock("26:30"));
    assert_eq!(shop.statuses(), [403, 200, 200]);
    assert_eq!(shop.handover(&monday()).incoming.as_deref(), Some("a-7"));
    assert_eq!(shop.handover(&handover_id("a-7", NIGHT)).state, HandoverState::Draft);
}

#[test]
fn who_left_does_not_take_over() {
    let mut shop = shop();
    shop.play(&[
        first_case(),
        command(clock("09:00"), "check_in", "a-2", "care/day/2026-03-02", json!({})),
        command(clock("17:35"), "check_out", "a-2", "care/day/2026-03-02", json!({})),
        command(clock("17:40"), "start_review", "a-2", &monday(), json!({})),
    ]);
    shop.run_out();
    assert_eq!(shop.statuses(), [200, 200, 403]);
}

#[test]
fn a_swap_moves_the_handover_and_an_absence_ends_it() {
    let mut swapped = shop();
    swapped.play(&[
        first_case(),
        at_night("12:00", "swap_request", "a-3", json!({"with_agent_id": "a-7"})),
        at_night("12:30", "swap_accept", "a-7", json!({"from_agent_id": "a-3"})),
    ]);
    swapped.until(clock("26:30"));
    assert_eq!(swapped.statuses(), [200, 200]);
    let ids: Vec<String> = swapped.handovers().into_keys().collect();
    assert!(ids.contains(&handover_id("a-7", NIGHT)) && !ids.contains(&handover_id("a-3", NIGHT)));

    let mut absent = shop();
    absent.play(&[first_case(), at_night("12:00", "absence", "a-3", json!({"reason": "fever"}))]).until(clock("26:30"));
    assert_eq!(absent.statuses(), [200]);
    assert!(!absent.handovers().contains_key(&handover_id("a-3", NIGHT)));
    assert!(absent.notices().iter().all(|(_, _, news)| news != "not_arrived"));
}

#[test]
fn overnight_shifts_and_clock_changes() {
    // the night of 8 March 2026 in New York has no hour from 2 to 3, that of 1 November has two from 1 to 2
    let night = r#"  - {team: care, name: night, hours: "22:00-06:00", staff: [a-1]}"#;
    for (date, before, due) in [
        ("2026-03-07", "2026-03-07T23:00:00-05:00", "2026-03-08T06:30:00-04:00"),
        ("2026-10-31", "2026-10-31T23:00:00-04:00", "2026-11-01T06:30:00-05:00"),
    ] {
        let mut shop = Stage::new(policies("America/New_York", night));
        let begun = crate::stage::fact(
            instant(before),
            "c-1#1",
            kefu_contracts::case_event::FactKind::Assigned,
            "s-1",
            Some("a-1"),
        );
        shop.play(&[Record::Fact(Box::new(begun))]).until(instant(due));
        let record = shop.handover(&handover_id("a-1", &format!("care/night/{date}")));
        assert_eq!((record.due_at, record.late, record.items.len()), (instant(due), true, 1), "{date}");
    }
}
