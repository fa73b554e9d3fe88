//! Coming, leaving, absences and swaps, as tables.

use kefu_contracts::Json;
use kefu_contracts::channel_event::Actor;
use serde_json::json;

use super::*;

const MINUTE_MS: i64 = 60_000;

fn minute(minute: i64) -> Timestamp {
    Timestamp::from_ms(minute * MINUTE_MS)
}

/// A shift of eight hours from the minute 0.
fn shift() -> ShiftRef {
    ShiftRef { shift_id: "care/day/2026-03-02".to_owned(), team: "care".to_owned(), start: minute(0), end: minute(480) }
}

fn attendance() -> Attendance {
    Attendance { staff: vec!["a-1".to_owned(), "a-2".to_owned()], ..Attendance::default() }
}

fn request(word: &str) -> ShiftRequest {
    match word.split_once(' ') {
        Some(("swap_request", with)) => ShiftRequest::SwapRequest { with: with.to_owned() },
        Some(("swap_accept", from)) => ShiftRequest::SwapAccept { from: from.to_owned() },
        _ if word == "check_in" => ShiftRequest::CheckIn,
        _ if word == "check_out" => ShiftRequest::CheckOut,
        _ if word == "absence" => ShiftRequest::Absence { reason: None },
        _ => panic!("{word}"),
    }
}

/// Plays requests of (minute, who, what) and compares the statuses.
fn play(rows: &[(i64, &str, &str, i64)]) -> Attendance {
    let mut attendance = attendance();
    for (at, agent, word, expected) in rows {
        let before = attendance.clone();
        let is_member = |id: &str| id != "x-1";
        let result = attendance.decide(agent, request(word), &shift(), is_member, minute(*at));
        let status = result.as_ref().map_or_else(|refusal| refusal.code.status(), |_| 200);
        assert_eq!(status, *expected, "{word} of {agent} at {at}: {result:?}");
        assert!(result.is_ok() || attendance.expected() == before.expected());
    }
    attendance
}

#[test]
fn coming_and_leaving() {
    let attendance = play(&[
        (-241, "a-1", "check_in", 409),
        (-240, "a-1", "check_in", 200),
        (-5, "a-1", "check_in", 409),
        (-4, "a-2", "check_out", 409),
        (10, "a-1", "check_out", 200),
        (20, "a-1", "check_in", 200),
        (30, "a-7", "check_in", 200),
        (30, "x-1", "check_in", 403),
        (480, "a-2", "check_in", 409),
        (500, "a-1", "check_out", 200),
    ]);
    let visit = |came, left: Option<i64>| Visit { came: minute(came), left: left.map(minute) };
    assert_eq!(attendance.visits["a-1"], [visit(-240, Some(10)), visit(20, Some(500))]);
    assert_eq!(attendance.visits["a-7"], [visit(30, None)]);
}

#[test]
fn ten_minutes_before_the_start_is_early_enough() {
    for (at, on_time) in [(minute(-10), true), (minute(-10).plus_ms(1), false)] {
        let came = attendance().decide("a-1", ShiftRequest::CheckIn, &shift(), |_| true, at);
        assert_eq!(came, Ok(Attended::Came { on_time }));
    }
}

#[test]
fn who_is_missing_at_an_instant() {
    let attendance = play(&[(-20, "a-2", "check_in", 200), (-9, "a-1", "check_in", 200)]);
    assert_eq!(attendance.missing_at(minute(-21)), ["a-1", "a-2"]);
    assert_eq!(attendance.missing_at(minute(-10)), ["a-1"]);
    assert!(attendance.missing_at(minute(-9)).is_empty());
}

#[test]
fn who_is_absent_is_not_expected_until_they_come() {
    let attendance = play(&[(-60, "a-1", "absence", 200), (-50, "a-1", "absence", 409), (-50, "a-7", "absence", 409)]);
    assert_eq!(attendance.expected(), ["a-2"]);
    let attendance = play(&[(-60, "a-1", "absence", 200), (5, "a-1", "check_in", 200), (6, "a-1", "absence", 409)]);
    assert_eq!(attendance.expected(), ["a-1", "a-2"]);
}

#[test]
fn a_swap_needs_both_and_is_made_before_the_start() {
    let asked = play(&[
        (-60, "a-1", "swap_request x-1", 422),
        (-60, "a-1", "swap_request a-2", 409),
        (-60, "a-7", "swap_request a-8", 409),
        (-60, "a-7", "swap_accept a-1", 404),
        (-60, "a-1", "swap_request a-7", 200),
        (-50, "a-8", "swap_accept a-1", 404),
        (0, "a-7", "swap_accept a-1", 409),
    ]);
    assert_eq!(asked.expected(), ["a-1", "a-2"]);
    let swapped = play(&[
        (-60, "a-1", "swap_request a-7", 200),
        (-1, "a-7", "swap_accept a-1", 200),
        (-1, "a-7", "swap_accept a-1", 409),
        (0, "a-2", "swap_request a-8", 409),
    ]);
    assert_eq!(swapped.expected(), ["a-2", "a-7"]);
}

#[test]
fn only_a_supervisor_acts_for_another() {
    let command = |kind: &str, by: ActorKind, data: serde_json::Value| Command {
        command_id: "k-1".to_owned(),
        tenant: "demo".to_owned(),
        kind: kind.to_owned(),
        target: "care/day/2026-03-02".to_owned(),
        actor: Actor { kind: by, id: "a-1".to_owned(), name: None },
        at: minute(0),
        data: Json(data),
    };
    for (kind, by, data, expected) in [
        ("check_in", ActorKind::Agent, json!(null), Some(Ok("a-1"))),
        ("check_in", ActorKind::Agent, json!({"agent_id": "a-1"}), Some(Ok("a-1"))),
        ("check_in", ActorKind::Agent, json!({"agent_id": "a-2"}), Some(Err(403))),
        ("check_in", ActorKind::Supervisor, json!({"agent_id": "a-2"}), Some(Ok("a-2"))),
        ("swap_request", ActorKind::Agent, json!({}), Some(Err(422))),
        ("swap_accept", ActorKind::Agent, json!({"from_agent_id": 5}), Some(Err(422))),
        ("sign_in", ActorKind::Agent, json!({}), None),
    ] {
        let read = read(&command(kind, by, data.clone()));
        let seen = read
            .as_ref()
            .map(|read| read.as_ref().map_or_else(|refusal| Err(refusal.code.status()), |(id, _)| Ok(id.as_str())));
        assert_eq!(seen, expected, "{kind} {data}");
    }
}
