//! What each request does in each state, and the two signatures.

use super::*;
use crate::domain::contents::tests::{case, cases, held, ms, shift};

fn person(id: &str) -> Person {
    Person { id: id.to_owned(), supervises: id.starts_with('s'), on_shift: id == "a-2", arrived_at: None }
}

fn two_cases() -> CaseRecords {
    let open = held(None, None, true);
    cases(vec![case("c-1#1", &[(0, open.clone())]), case("c-2#1", &[(0, open)])])
}

/// A handover of `a-1` in a state, with `a-2` as the incoming agent.
pub(crate) fn life(state: HandoverState) -> Life {
    let mut life = Life::draft("demo", "h-1", "a-1", shift(), ms(170));
    life.follow(&two_cases());
    let steps: &[Request] = match state {
        HandoverState::Draft => &[],
        HandoverState::UnderReview => &[Request::StartReview],
        HandoverState::Signed | HandoverState::Audited => &[Request::StartReview, all_stay(), signature()],
        HandoverState::Skipped => {
            life.record.state = HandoverState::Skipped;
            &[]
        }
    };
    for step in steps {
        let by = if matches!(step, Request::SignOut { .. }) { "a-1" } else { "a-2" };
        life.decide(step.clone(), &person(by), &two_cases(), ms(180)).unwrap();
    }
    if state == HandoverState::Audited {
        life.decide(Request::Audit { findings: None }, &person("s-1"), &two_cases(), ms(190)).unwrap();
    }
    life
}

/// The record of [`life`].
pub(crate) fn record(state: HandoverState) -> Handover {
    life(state).record
}

fn placed(placement: Placement) -> Request {
    Request::SignOut { placements: ["c-1#1", "c-2#1"].map(|id| (id.to_owned(), placement)).into() }
}

fn all_stay() -> Request {
    placed(Placement::Stays)
}

fn signature() -> Request {
    Request::SignIn { readback: Some("two cases that stay".to_owned()), version_hash: None }
}

fn item(case_id: &str, placement: Option<Placement>) -> Request {
    Request::AddItem(Box::new(ItemNote { placement, ..empty_note(case_id) }))
}

fn named(word: &str) -> Request {
    let text = || "text".to_owned();
    match word {
        "start_review" => Request::StartReview,
        "add_remark" => Request::AddRemark(text()),
        "add_item" => item("c-1#1", Some(Placement::Taken)),
        "ask" => Request::Ask(text()),
        "answer_question" => Request::AnswerQuestion { no: 1, text: text() },
        "read_back" => Request::ReadBack(text()),
        "sign_out" => all_stay(),
        "sign_in" => signature(),
        "report_problem" => Request::ReportProblem(text()),
        "amend" => Request::Amend(text()),
        "audit" => Request::Audit { findings: Some(text()) },
        other => panic!("{other}"),
    }
}

fn status(result: &Result<Done, Reject>) -> i64 {
    result.as_ref().map_or_else(|refusal| refusal.code.status(), |_| 200)
}

#[test]
fn every_state_and_request() {
    // who asks, then the answers in: draft, under_review, signed, skipped, audited
    let table = "
        start_review    a-2 200 409 409 409 409
        add_remark      a-1 200 200 409 409 409
        add_item        a-1 200 200 409 409 409
        ask             a-2 409 200 409 409 409
        answer_question a-1 409 404 409 409 409
        read_back       a-2 409 200 409 409 409
        sign_out        a-1 409 200 409 409 409
        sign_in         a-2 409 409 409 409 409
        report_problem  a-9 200 200 200 200 200
        amend           a-1 409 409 200 200 200
        audit           s-1 409 409 200 409 409";
    let states = HandoverState::ALL;
    for line in table.lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        for (state, expected) in states.iter().zip(&words[2..]) {
            let mut life = life(*state);
            let before = life.clone();
            let result = life.decide(named(words[0]), &person(words[1]), &two_cases(), ms(191));
            assert_eq!(status(&result).to_string(), *expected, "{} in {state}: {result:?}", words[0]);
            assert_eq!(result.is_err(), life == before, "{} in {state}", words[0]);
        }
    }
}

#[test]
fn who_may_do_what_under_review() {
    for (request, allowed) in [
        ("add_remark", ["a-1", "a-2", "s-1"].as_slice()),
        ("add_item", &["a-1", "a-2", "s-1"]),
        ("ask", &["a-1", "a-2", "s-1"]),
        ("read_back", &["a-2"]),
        ("sign_out", &["a-1"]),
        ("report_problem", &["a-1", "a-2", "a-9", "s-1"]),
    ] {
        for id in ["a-1", "a-2", "a-9", "s-1"] {
            let result = life(HandoverState::UnderReview).decide(named(request), &person(id), &two_cases(), ms(185));
            let expected = if allowed.contains(&id) { 200 } else { 403 };
            assert_eq!(status(&result), expected, "{request} by {id}");
        }
    }
}

#[test]
fn a_team_mate_on_shift_or_a_supervisor_claims_it_but_never_the_outgoing_agent() {
    for (id, on_shift, expected) in [("a-2", true, 200), ("a-2", false, 403), ("s-1", false, 200), ("a-1", true, 409)] {
        let by = Person { on_shift, arrived_at: Some(ms(175)), ..person(id) };
        let mut life = life(HandoverState::Draft);
        let result = life.decide(Request::StartReview, &by, &two_cases(), ms(180));
        assert_eq!(status(&result), expected, "{id} {on_shift}");
        if expected == 200 {
            let record = &life.record;
            assert_eq!((record.incoming.as_deref(), record.opened_at), (Some(id), Some(ms(180))));
            assert_eq!(record.arrived_at, Some(ms(175)));
        }
    }
}

#[test]
fn opening_freezes_what_fills_itself() {
    let open = held(None, None, true);
    let mut later = two_cases();
    later.insert("c-3#1".to_owned(), case("c-3#1", &[(181, open)]));
    let mut draft = life(HandoverState::Draft);
    draft.follow(&later);
    assert_eq!(draft.record.items.len(), 3);
    draft.decide(Request::StartReview, &person("a-2"), &later, ms(180)).unwrap();
    assert_eq!(draft.record.items.len(), 2, "what comes after the opening is left out");
    assert_eq!(draft.record.source_offsets.as_deref(), Some("case events up to 1970-01-01T00:00:00.180Z"));
    let frozen = draft.clone();
    draft.follow(&two_cases());
    assert_eq!(draft, frozen);
}

#[test]
fn every_open_case_is_placed_before_the_first_signature() {
    let mut life = life(HandoverState::UnderReview);
    let outgoing = person("a-1");
    let one = Request::SignOut { placements: [("c-1#1".to_owned(), Placement::Taken)].into() };
    let refused = life.decide(one.clone(), &outgoing, &two_cases(), ms(185)).unwrap_err();
    assert!(refused.detail.contains("open cases not placed: 1 (c-2#1)"), "{}", refused.detail);
    assert_eq!(life.record.items[0].placement, None, "a refused signature changes nothing");

    let foreign = Request::SignOut { placements: [("x-1#1".to_owned(), Placement::Taken)].into() };
    assert_eq!(status(&life.decide(foreign, &outgoing, &two_cases(), ms(185))), 422);

    life.decide(item("c-2#1", Some(Placement::Queue)), &outgoing, &two_cases(), ms(185)).unwrap();
    life.decide(one, &outgoing, &two_cases(), ms(186)).unwrap();
    let placements: Vec<_> = life.record.items.iter().map(|item| item.placement).collect();
    assert_eq!(placements, [Some(Placement::Taken), Some(Placement::Queue)]);
    assert_eq!(life.record.signed_out_at, Some(ms(186)));
}

#[test]
fn the_outgoing_agent_signs_first_then_the_incoming_one_with_a_read_back() {
    let mut life = life(HandoverState::UnderReview);
    let (cases, incoming) = (two_cases(), person("a-2"));
    let bare = || Request::SignIn { readback: None, version_hash: None };
    let early = life.decide(signature(), &incoming, &cases, ms(184)).unwrap_err();
    assert!(early.detail.contains("signs first"), "{}", early.detail);
    life.decide(placed(Placement::Taken), &person("a-1"), &cases, ms(185)).unwrap();

    let hash = life.record.version_hash.clone().unwrap();
    let stale = Request::SignIn { readback: Some("r".to_owned()), version_hash: Some("0".to_owned()) };
    for (request, by, expected) in [
        (signature(), "a-1", 409),
        (signature(), "a-9", 403),
        (bare(), "a-2", 409),
        (stale, "a-2", 409),
        (placed(Placement::Stays), "a-1", 409),
        (item("c-1#1", None), "a-1", 409),
        (Request::AddRemark("more".to_owned()), "a-1", 409),
    ] {
        let result = life.decide(request.clone(), &person(by), &cases, ms(186));
        assert_eq!(status(&result), expected, "{request:?} by {by}");
    }
    life.decide(Request::ReadBack("two cases".to_owned()), &incoming, &cases, ms(187)).unwrap();
    let seen = Request::SignIn { readback: None, version_hash: Some(hash.clone()) };
    let done = life.decide(seen, &incoming, &cases, ms(188)).unwrap();
    assert!(matches!(&done, Done::Signed(moves) if moves.len() == 2), "{done:?}");
    let record = &life.record;
    assert_eq!((record.state, record.signed_in_at, record.late), (HandoverState::Signed, Some(ms(188)), false));
    assert_eq!(record.version_hash, Some(hash), "what is signed is what was frozen");
}

#[test]
fn the_version_is_that_of_who_and_what() {
    let signed = record(HandoverState::Signed);
    let hash = contents::version_hash(&signed);
    assert_eq!(signed.version_hash.as_ref(), Some(&hash));
    let changes: [fn(&mut Handover); 3] = [
        |record| record.items[0].placement = Some(Placement::Taken),
        |record| record.incoming = Some("a-3".to_owned()),
        |record| record.counts.handled += 1,
    ];
    for change in changes {
        let mut other = signed.clone();
        change(&mut other);
        assert_ne!(contents::version_hash(&other), hash);
    }
}

#[test]
fn a_signature_at_the_deadline_is_in_time_whatever_was_reported_before() {
    for (after_due, late) in [(0, false), (1, true)] {
        let mut life = life(HandoverState::UnderReview);
        life.record.late = true;
        let due_at = life.record.due_at;
        life.decide(all_stay(), &person("a-1"), &two_cases(), due_at).unwrap();
        life.decide(signature(), &person("a-2"), &two_cases(), due_at.plus_ms(after_due)).unwrap();
        assert_eq!(life.record.late, late);
    }
}

#[test]
fn questions_are_numbered_and_answered_once() {
    let mut life = life(HandoverState::UnderReview);
    let cases = two_cases();
    for no in [1, 2] {
        let asked = life.decide(Request::Ask("why".to_owned()), &person("a-2"), &cases, ms(185));
        assert_eq!(asked, Ok(Done::Asked(no)));
    }
    let answer = |no| Request::AnswerQuestion { no, text: "because".to_owned() };
    for (no, expected) in [(2, 200), (2, 409), (3, 404)] {
        assert_eq!(status(&life.decide(answer(no), &person("a-1"), &cases, ms(186))), expected, "question {no}");
    }
    let answered: Vec<_> = life.record.questions.iter().map(|question| question.answered_at).collect();
    assert_eq!(answered, [None, Some(ms(186))]);
}

#[test]
fn who_signed_does_not_audit() {
    let mut life = life(HandoverState::Signed);
    let signer = Person { supervises: true, ..person("a-2") };
    let audit = || Request::Audit { findings: Some("all well".to_owned()) };
    assert_eq!(status(&life.decide(audit(), &signer, &two_cases(), ms(300))), 409);
    assert_eq!(status(&life.decide(audit(), &person("a-9"), &two_cases(), ms(300))), 403);
    life.decide(audit(), &person("s-1"), &two_cases(), ms(300)).unwrap();
    assert_eq!((life.record.state, life.record.amendments.len()), (HandoverState::Audited, 1));
}

#[test]
fn a_flood_of_entries_is_refused() {
    let mut life = life(HandoverState::Draft);
    for n in 0..=ENTRIES_MAX {
        let result = life.decide(Request::ReportProblem("p".to_owned()), &person("a-9"), &two_cases(), ms(171));
        assert_eq!(status(&result), if n < ENTRIES_MAX { 200 } else { 422 });
    }
}
