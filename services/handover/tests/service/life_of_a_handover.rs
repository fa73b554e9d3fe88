//! Handovers from the first case to the last signature, through all processors of the service.

use crate::stage::{
    DAY_AND_NIGHT, Record, Stage, assigned, clock, command, handover_id, monday, policies, reply, resolved, told,
};
use kefu_contracts::handover::{HandoverCounts, HandoverState, Placement};
use serde_json::json;

fn shop() -> Stage {
    Stage::new(policies("Asia/Shanghai", DAY_AND_NIGHT))
}

/// `a-1` has three cases by day, one of them solved; `a-3` comes in time.
fn day() -> Vec<Record> {
    vec![
        assigned("10:00", "c-1#1", Some("a-1")),
        assigned("10:05", "c-2#1", Some("a-1")),
        assigned("10:06", "c-3#1", Some("a-1")),
        reply("11:00", "c-1#1", "a-1"),
        reply("11:30", "c-3#1", "a-1"),
        resolved("12:00", "c-3#1", "a-1"),
        command(clock("17:40"), "check_in", "a-3", "care/night/2026-03-02", json!({})),
    ]
}

fn to_monday(at: &str, kind: &str, actor: &str, data: serde_json::Value) -> Record {
    command(clock(at), kind, actor, &monday(), data)
}

/// `a-1` and `a-3` go through the record and sign.
fn review() -> Vec<Record> {
    vec![
        to_monday("17:45", "start_review", "a-3", json!({})),
        assigned("17:47", "c-4#1", Some("a-1")),
        to_monday("17:48", "add_item", "a-1", json!({"case_id": "c-1#1", "action": "call back", "placement": "taken"})),
        to_monday("17:50", "ask", "a-3", json!({"text": "which number?"})),
        to_monday("17:51", "answer_question", "a-1", json!({"no": 1, "text": "the mobile one"})),
        to_monday("17:55", "sign_out", "a-1", json!({"placements": {"c-2#1": "stays"}})),
        to_monday("17:58", "sign_in", "a-3", json!({"readback": "one call back"})),
    ]
}

#[test]
fn a_handover_fills_itself_is_signed_twice_and_moves_cases() {
    let mut shop = shop();
    shop.play(&day()).until(clock("17:44"));
    let draft = shop.handover(&monday());
    assert_eq!((draft.state, draft.items.len(), draft.due_at), (HandoverState::Draft, 2, clock("18:30")));
    assert_eq!(draft.counts, HandoverCounts { handled: 2, resolved: 1, unresolved: 2 });

    shop.play(&review()).run_out();
    assert_eq!(shop.statuses(), [200; 7]);
    let signed = shop.handover(&monday());
    assert_eq!((signed.state, signed.late, signed.incoming.as_deref()), (HandoverState::Signed, false, Some("a-3")));
    assert_eq!((signed.opened_at, signed.due_at), (Some(clock("17:45")), clock("18:15")));
    assert_eq!(signed.arrived_at, Some(clock("17:40")));
    assert_eq!((signed.signed_out_at, signed.signed_in_at), (Some(clock("17:55")), Some(clock("17:58"))));
    let placed: Vec<_> = signed.items.iter().map(|item| (item.case_id.as_str(), item.placement)).collect();
    assert_eq!(placed, [("c-1#1", Some(Placement::Taken)), ("c-2#1", Some(Placement::Stays))]);

    let moved = shop.assignments();
    let to: Vec<_> = moved.values().map(|event| (event.data.agent_id.as_deref(), event.data.team.as_deref())).collect();
    assert_eq!(moved.keys().collect::<Vec<_>>(), ["c-1", "c-4"], "what was placed, and what came after the freeze");
    assert_eq!(to, [(Some("a-3"), None), (None, Some("care"))]);
    assert!(moved.values().all(|event| event.occurred_at == clock("17:58")));

    shop.until(clock("21:00"));
    assert_eq!(shop.handover(&monday()), signed, "no deadline passes after the signatures");
    assert_eq!(shop.dead_letters(), 0);
}

#[test]
fn a_handover_is_due_also_without_a_case() {
    let mut shop = shop();
    shop.play(&day()).until(clock("17:30"));
    assert_eq!(shop.handovers().len(), 2);
    let other = shop.handover(&handover_id("a-2", "care/day/2026-03-02"));
    assert_eq!((other.state, other.items.len(), other.counts), (HandoverState::Draft, 0, HandoverCounts::default()));
    shop.until(clock("26:30"));
    let night = shop.handover(&handover_id("a-3", "care/night/2026-03-02"));
    assert_eq!((night.due_at, night.team.as_str()), (clock("27:30"), "care"));
}

#[test]
fn nobody_takes_over_warned_late_skipped() {
    let mut shop = shop();
    shop.play(&[assigned("10:00", "c-1#1", Some("a-1"))]).until(clock("20:00").plus_ms(-1));
    assert_eq!(shop.handover(&monday()).state, HandoverState::Draft);
    assert!(shop.handover(&monday()).late);
    assert!(shop.assignments().is_empty());
    shop.until(clock("20:00"));
    let skipped = shop.handover(&monday());
    assert_eq!((skipped.state, skipped.items[0].placement), (HandoverState::Skipped, Some(Placement::Queue)));
    assert_eq!(shop.assignments()["c-1"].data.team.as_deref(), Some("care"));
    let of_both = ["a-1", "a-2"].into_iter().flat_map(|agent| {
        [
            ("18:20", agent, "handover_soon_late"),
            ("18:20", "s-1", "handover_soon_late"),
            ("18:30", "s-1", "handover_late"),
            ("20:00", "s-1", "handover_skipped"),
        ]
    });
    let rows: Vec<_> = of_both.chain([("17:50", "s-1", "not_arrived")]).collect();
    assert_eq!(shop.notices(), told(&rows));
}

#[test]
fn a_review_that_takes_too_long_is_late_half_an_hour_after_its_opening() {
    let mut shop = shop();
    shop.play(&day()).play(&review()[..2]).until(clock("18:15"));
    let record = shop.handover(&monday());
    assert_eq!((record.state, record.late), (HandoverState::UnderReview, true));
    let monday_only = |(_, to, _): &(_, String, _)| !to.ends_with("a-2");
    let expected = [
        ("18:05", "a-1", "handover_soon_late"),
        ("18:05", "a-3", "handover_soon_late"),
        ("18:05", "s-1", "handover_soon_late"),
        ("18:15", "s-1", "handover_late"),
    ];
    assert_eq!(shop.notices().into_iter().filter(monday_only).collect::<Vec<_>>(), told(&expected));
    shop.until(clock("20:00"));
    assert_eq!(shop.handover(&monday()).state, HandoverState::Skipped);
    let moved: Vec<String> = shop.assignments().into_keys().collect();
    assert_eq!(moved, ["c-1", "c-2", "c-4"], "an unsigned review leaves all to the queue");
}

#[test]
fn a_signature_at_the_deadline_is_in_time() {
    for (at, late) in [("18:15", false), ("18:16", true)] {
        let mut shop = shop();
        let mut review = review();
        review.pop();
        shop.play(&day()).play(&review);
        shop.play(&[to_monday(at, "sign_in", "a-3", json!({"readback": "r"}))]).run_out();
        let record = shop.handover(&monday());
        assert_eq!((record.state, record.late), (HandoverState::Signed, late), "at {at}");
    }
}

#[test]
fn a_case_that_moved_meanwhile_is_not_moved_again() {
    let mut shop = shop();
    let mut records = review();
    records.insert(6, assigned("17:56", "c-1#1", Some("a-9")));
    shop.play(&day()).play(&records).run_out();
    assert_eq!(shop.assignments().into_keys().collect::<Vec<_>>(), ["c-4"]);
}

#[test]
fn commands_that_are_refused_say_why_and_change_nothing() {
    let mut shop = shop();
    shop.play(&day()).play(&[
        to_monday("17:41", "start_review", "a-9", json!({})),
        to_monday("17:42", "start_review", "a-1", json!({})),
        to_monday("17:43", "sign_out", "a-1", json!({})),
        command(clock("17:44"), "start_review", "a-3", "no such handover", json!({})),
        command(clock("17:44"), "article_put", "a-3", &monday(), json!({})),
    ]);
    shop.run_out();
    assert_eq!(shop.statuses()[1..], [403, 409, 409, 404]);
    let codes: Vec<_> = shop.answers().into_values().filter_map(|answer| answer.code).collect();
    assert_eq!(codes.len(), 4);
    assert_eq!(shop.handover(&monday()).state, HandoverState::Draft);
    assert_eq!(shop.dead_letters(), 0);
}

#[test]
fn what_is_not_there_is_not_there_for_the_same_command_until_it_is_forgotten() {
    for (kind, target) in [("ask", "no such handover"), ("check_in", "care/dawn/2026-03-02")] {
        let ask = |after_ms: i64, text: &str| {
            let asked = command(clock("17:44"), kind, "a-3", target, json!({"text": text}));
            let Record::Command(mut asked) = asked else { panic!() };
            asked.command_id = "k-1".to_owned();
            asked.at = asked.at.plus_ms(after_ms);
            Record::Command(asked)
        };
        let mut shop = shop();
        let remembered_ms = 72 * 3_600_000;
        for (after_ms, text, code) in [
            (0, "why", "not_found"),
            (60_000, "why", "not_found"),
            (60_001, "how", "idempotency_mismatch"),
            (remembered_ms, "how", "idempotency_mismatch"),
            (remembered_ms + 1, "how", "not_found"),
        ] {
            shop.send(&ask(after_ms, text)).until(clock("17:44").plus_ms(after_ms));
            let told = shop.answers().into_values().map(|answer| answer.code).collect::<Vec<_>>();
            assert_eq!(told, [Some(code.to_owned())], "{kind} after {after_ms} ms");
        }
    }
}

#[test]
fn the_same_command_gets_the_same_answer_and_another_body_none() {
    let mut shop = shop();
    let remark = to_monday("17:41", "add_remark", "a-1", json!({"text": "mind the stairs"}));
    let Record::Command(mut other) = remark.clone() else { panic!() };
    other.data = kefu_contracts::Json(json!({"text": "mind the gap"}));
    shop.play(&day()).play(&[remark.clone(), remark]).run_out();
    shop.send(&Record::Command(other)).run_out();
    assert_eq!(shop.statuses()[1..].iter().filter(|status| **status == 200).count(), shop.statuses().len() - 2);
    assert_eq!(shop.statuses().last(), Some(&422));
    assert_eq!(shop.handover(&monday()).remarks.len(), 1);
}

#[test]
fn after_the_signatures_amendments_problems_and_one_audit() {
    let mut shop = shop();
    shop.play(&day()).play(&review()).play(&[
        to_monday("19:00", "add_remark", "a-1", json!({"text": "late"})),
        to_monday("19:01", "amend", "a-1", json!({"text": "the lift is broken"})),
        to_monday("19:02", "report_problem", "a-2", json!({"text": "c-2#1 was promised"})),
        to_monday("40:00", "audit", "s-1", json!({"findings": "promise missing"})),
        to_monday("40:01", "audit", "s-1", json!({})),
    ]);
    shop.run_out();
    assert_eq!(shop.statuses()[7..], [409, 200, 200, 200, 409]);
    let record = shop.handover(&monday());
    assert_eq!(record.state, HandoverState::Audited);
    assert_eq!((record.amendments.len(), record.problems.len(), record.remarks.len()), (2, 1, 0));
    assert!(shop.notices().contains(&told(&[("19:02", "s-1", "handover_problem")])[0]));
}

#[test]
fn after_a_quarter_the_record_is_not_at_hand_any_more() {
    let mut shop = shop();
    shop.play(&day()).play(&review());
    for (days, status) in [(99, 200), (101, 404)] {
        let at = clock("18:00").plus_ms(days * 86_400_000);
        shop.play(&[command(at, "amend", "a-1", &monday(), json!({"text": "still known"}))]).run_out();
        assert_eq!(shop.statuses().last(), Some(&status), "after {days} days");
    }
}
