//! Each kind of difference is found, and what may differ is none.

use kefu_contracts::topic::PUBLIC;
use kefu_contracts::{Status, Timestamp};
use kefu_intake::domain::notices::progress_id;
use serde_json::json;

use super::*;

type Row = (&'static str, &'static str, Value);

/// A folder with these rows, and with empty files of all other topics.
fn folder(rows: &[Row]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for info in PUBLIC {
        let of_topic = rows.iter().filter(|(topic, ..)| *topic == info.name);
        let lines = of_topic.map(|(_, key, value)| format!("{}\n", json!({"key": key, "value": value})));
        std::fs::write(folder.path().join(format!("cs.{}.ndjson", info.name)), lines.collect::<String>()).unwrap();
    }
    folder
}

fn compared(left: &[Row], right: &[Row]) -> Comparison {
    compare(folder(left).path(), folder(right).path(), "cs.").unwrap()
}

/// Gone, new, changed, doubled and contradicted in a topic.
fn counts(left: &[Row], right: &[Row], topic: &str) -> [usize; 5] {
    let compared = compared(left, right);
    let TopicDifference { only_left, only_right, changed, doubled, contradicted } =
        compared.topics.get(topic).cloned().unwrap_or_default();
    [only_left.len(), only_right.len(), changed.len(), doubled.len(), contradicted.len()]
}

const NONE: [usize; 5] = [0; 5];
const AT: &str = "2026-03-02T00:00:00Z";

#[test]
fn the_last_value_of_a_key_counts_without_its_revision() {
    let case = |state: &str, revision: u32| ("cases", "t/c#1", json!({"state": state, "revision": revision}));
    let same = compared(&[case("open", 1), case("closed", 2)], &[case("closed", 7)]);
    assert!(same.is_same() && same.compared == 1, "{same:?}");
    let other = compared(&[case("closed", 1), case("open", 2)], &[case("closed", 2)]);
    let changed = &other.topics["cases"].changed;
    assert_eq!(changed[0].1, FieldChanges::from([("state".to_owned(), (json!("open"), json!("closed")))]));
}

#[test]
fn a_revision_that_does_not_grow_is_found() {
    let case = |revision: u32| ("cases", "t/c#1", json!({"state": "open", "revision": revision}));
    for (second, wanted) in [(3, NONE), (2, [0, 0, 0, 0, 1]), (1, [0, 0, 0, 0, 1])] {
        assert_eq!(counts(&[case(2)], &[case(2), case(second)], "cases"), wanted, "{second}");
    }
}

#[test]
fn a_row_without_figures_is_as_good_as_none() {
    let row = |key: &'static str, metrics: Value| ("kpi", key, json!({"metrics": metrics}));
    let (full, empty) = (json!({"backlog": 1}), json!({}));
    assert!(compared(&[row("a", full.clone()), row("a", empty.clone())], &[row("b", empty)]).is_same());
    let gone = compared(&[row("a", full.clone())], &[]);
    assert_eq!(gone.topics["kpi"].only_left, [("a".to_owned(), json!({"metrics": full}))]);
}

#[test]
fn what_came_late_counts_in_sum() {
    let late =
        |count: u32| ("kpi-late", "a", json!({"revision": 1, "metrics": {"wait": {"count": count, "p50": 7.0}}}));
    let of = |left: &[Row], right: &[Row]| counts(left, right, "kpi-late");
    assert_eq!(of(&[late(1), late(1)], &[late(2)]), NONE);
    assert_eq!(of(&[late(1), late(1)], &[late(1)]), [0, 0, 1, 0, 0]);
    assert_eq!(of(&[late(1)], &[]), [1, 0, 0, 0, 0]);
}

fn fact(id: &str, kind: &str, more: Value) -> Row {
    let mut value = json!({"tenant": "t", "case_id": "c#1", "event_id": id, "kind": kind, "at": AT});
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ("case-events", "t/c#1", value)
}

fn retraction(of: &str) -> Row {
    fact("r", "retracted", json!({"retracts": of}))
}

#[test]
fn of_facts_counts_what_is_true_in_the_end() {
    let note = |context: u32| fact("e", "note", json!({"context": context}));
    let reply = || fact("f", "reply", json!({}));
    let of = |left: &[Row], right: &[Row]| counts(left, right, "case-events");
    assert_eq!(of(&[note(1), note(2)], &[note(2)]), NONE);
    assert_eq!(of(&[note(2)], &[note(2), reply(), retraction("f")]), NONE);
    assert_eq!(of(&[note(2)], &[note(1)]), [0, 0, 1, 0, 0]);
    assert_eq!(of(&[note(2), reply()], &[note(2)]), [1, 0, 0, 0, 0]);
    assert_eq!(of(&[note(2), reply()], &[note(2), reply(), retraction("f")]), [1, 0, 0, 0, 0]);
    assert_eq!(of(&[note(2)], &[note(2), note(2)]), [0, 0, 0, 1, 0]);
    assert_eq!(of(&[reply()], &[reply(), retraction("f"), reply()]), NONE);
}

#[test]
fn what_a_service_says_may_be_in_another_language_but_not_what_a_person_says() {
    let note = |kind: &str, text: &str| {
        fact(
            "e",
            "note",
            json!({"actor": {"kind": kind, "id": "x"}, "text": text, "data": {"text": text, "due_at": 1}}),
        )
    };
    assert_eq!(counts(&[note("system", "a")], &[note("system", "b")], "case-events"), NONE);
    assert_eq!(counts(&[note("agent", "a")], &[note("agent", "b")], "case-events"), [0, 0, 1, 0, 0]);
}

#[test]
fn what_was_known_beside_counts_but_of_what_services_decide() {
    let classified = |cause: &str, team: &str| fact("e", "classified", json!({"cause_id": cause, "context": team}));
    assert_eq!(counts(&[classified("~c#1", "a")], &[classified("~c#1", "b")], "case-events"), NONE);
    assert_eq!(counts(&[classified(BY_SERVICE, "a")], &[classified(BY_SERVICE, "b")], "case-events"), NONE);
    assert_eq!(counts(&[classified("e-1", "a")], &[classified("e-1", "b")], "case-events"), [0, 0, 1, 0, 0]);
}

#[test]
fn verdicts_count_by_case_and_instant() {
    let verdict = |at: &str, severity: &str, revision: u32| {
        let value = json!({"tenant": "t", "case_id": "c#1", "at": at, "severity": severity, "revision": revision});
        ("classifications", "t/c#1", value)
    };
    let of = |left: &[Row], right: &[Row]| counts(left, right, "classifications");
    assert_eq!(of(&[verdict(AT, "low", 1), verdict(AT, "high", 2)], &[verdict(AT, "high", 1)]), NONE);
    assert_eq!(of(&[verdict(AT, "low", 1)], &[verdict(AT, "high", 1)]), [0, 0, 1, 0, 0]);
    assert_eq!(of(&[verdict(AT, "low", 1)], &[]), [1, 0, 0, 0, 0]);
    assert_eq!(of(&[verdict(AT, "low", 1)], &[verdict(AT, "low", 1), verdict(AT, "low", 1)]), [0, 0, 0, 0, 1]);
}

#[test]
fn answers_count_by_command_and_request_whenever_they_were_decided() {
    let answer = |status: u32, at: &str| {
        let value = json!({"tenant": "t", "command_id": "k", "request": "0f", "status": status, "at": at});
        ("command-results", "t/target", value)
    };
    let of = |left: &[Row], right: &[Row]| counts(left, right, "command-results");
    assert_eq!(of(&[answer(200, AT)], &[answer(200, "later"), answer(200, AT)]), NONE);
    assert_eq!(of(&[answer(200, AT)], &[answer(409, AT)]), [0, 0, 1, 0, 0]);
    assert_eq!(of(&[answer(200, AT)], &[]), [1, 0, 0, 0, 0]);
}

fn clock(event: &str, at: &str, due_at: u32, reason: &str) -> Row {
    let value = json!({"tenant": "t", "case_id": "c#1", "clock_id": "k", "event": event, "at": at,
        "due_at": due_at, "reason": reason, "breach_id": "b"});
    ("sla-events", "t/c#1", value)
}

#[test]
fn clocks_that_were_corrected_count_by_their_end() {
    let of = |left: &[Row], right: &[Row]| counts(left, right, "sla-events");
    let (started, moved) = (|due| clock("started", "1", due, ""), || clock("due_changed", "1", 9, "corrected"));
    let met = |due| clock("met", "2", due, "");
    assert_eq!(of(&[started(9), met(9)], &[started(5), moved(), met(9)]), NONE);
    assert_eq!(of(&[started(9), met(9)], &[started(5), moved(), met(5)]), [0, 0, 1, 0, 0]);
    assert_eq!(of(&[started(9), met(9)], &[started(5), met(9)]), [0, 0, 1, 0, 0]);
    // clocks wait for what a service moves
    let to = json!({"from": "open", "to": "pending_department", "cause_id": BY_SERVICE});
    let moved = || fact("e", "status_changed", to.clone());
    assert_eq!(of(&[started(9), moved()], &[started(5), moved()]), [0, 0, 1, 0, 0]);
    assert_eq!(of(&[started(9), met(9)], &[met(9)]), [1, 0, 0, 0, 0]);
    let breach = [clock("breached", "3", 9, ""), clock("breach_retracted", "4", 9, "")];
    assert_eq!(of(&[], &breach), NONE);
    assert_eq!(of(&[], &breach[..1]), [0, 1, 0, 0, 0]);
}

#[test]
fn a_clock_may_begin_again_as_it_began_but_only_after_it_was_cancelled() {
    let of = |rows: &[Row]| counts(rows, rows, "sla-events");
    let (started, cancelled) = (|| clock("started", "1", 9, ""), || clock("cancelled", "2", 9, ""));
    assert_eq!(of(&[started(), cancelled(), started()]), NONE);
    // in both folders
    assert_eq!(of(&[started(), clock("paused", "2", 9, ""), started()]), [0, 0, 0, 2, 0]);
    assert_eq!(of(&[started(), cancelled(), cancelled()]), [0, 0, 0, 2, 0]);
}

fn message(id: &str, kind: &str, text: &str, data: Value) -> Row {
    let value = json!({"tenant": "t", "message_id": id, "kind": kind, "case_id": "c#1", "text": text, "language": text,
        "data": data, "recipient": {"kind": "customer", "id": "u"}});
    ("outbound", "t/c", value)
}

#[test]
fn a_message_that_is_lost_doubled_other_or_told_in_two_ways_is_found() {
    let sent = |text: &str| message("m", "acknowledgement", text, Value::Null);
    let of = |left: &[Row], right: &[Row]| counts(left, right, "outbound");
    assert_eq!(of(&[sent("a")], &[sent("a")]), NONE);
    assert_eq!(of(&[sent("a")], &[]), [1, 0, 0, 0, 0]);
    assert_eq!(of(&[], &[sent("a")]), [0, 1, 0, 0, 0]);
    // the text and the language
    assert_eq!(of(&[sent("a")], &[sent("b")]), [0, 0, 1, 0, 0]);
    assert_eq!(of(&[sent("a")], &[sent("a"), sent("a")]), [0, 0, 0, 1, 0]);
    assert_eq!(of(&[sent("a")], &[sent("b"), sent("a")]), [0, 0, 0, 0, 1]);
}

#[test]
fn of_a_state_told_before_the_verdict_the_words_may_differ() {
    let moved = |text: &str| message("m", "progress", text, Value::Null);
    assert_eq!(counts(&[moved("a")], &[moved("b")], "outbound"), NONE);
    assert_eq!(counts(&[moved("a")], &[], "outbound"), [1, 0, 0, 0, 0]);
}

#[test]
fn a_move_that_hangs_on_a_service_may_be_told_or_not() {
    let at: Timestamp = AT.parse().unwrap();
    let moved = |from: Status, to: Status, cause: &str| {
        fact(cause, "status_changed", json!({"from": from, "to": to, "cause_id": cause}))
    };
    let told = |to: Status, cause: &str| message_of_move(&progress_id("t", "c#1", cause, to, at));
    let (open, resolved, pending) = (Status::Open, Status::Resolved, Status::PendingDepartment);
    // a service consults a department; the customer's message ends that
    let consulted = || moved(open, pending, BY_SERVICE);
    for (brought, from, to, cause, is_found) in [
        (Some(consulted()), open, pending, BY_SERVICE, false),
        (Some(consulted()), pending, open, "e-1", false),
        (Some(consulted()), open, resolved, "e-1", true),
        (None, pending, open, "e-1", true),
        (None, open, pending, "e-1", true),
    ] {
        let facts = || brought.clone().into_iter().chain([moved(from, to, cause)]);
        let gone =
            counts(&facts().chain([told(to, cause)]).collect::<Vec<_>>(), &facts().collect::<Vec<_>>(), "outbound");
        assert_eq!(gone, [usize::from(is_found), 0, 0, 0, 0], "{from:?} {to:?} {cause}");
    }
    let retracted = [moved(open, resolved, "e-1"), told(resolved, "e-1"), retraction("e-1")];
    assert!(compared(&[], &retracted).is_same());
}

/// The id of an event that a service made.
const BY_SERVICE: &str = "40013bf1362a620a28bc92f4dce620e5";

fn message_of_move(id: &str) -> Row {
    message(id, "progress", "x", Value::Null)
}

#[test]
fn each_escalation_is_told_as_often_to_whomever() {
    let notice = |id: &str, ids: &[&str]| message(id, "notice", id, json!({"escalation_ids": ids}));
    let of = |left: &[Row], right: &[Row]| counts(left, right, "outbound");
    assert_eq!(of(&[notice("m", &["x", "y"])], &[notice("n", &["y"]), notice("o", &["x"])]), NONE);
    assert_eq!(of(&[notice("m", &["x", "y"])], &[notice("n", &["y"])]), [1, 0, 0, 0, 0]);
    assert_eq!(of(&[notice("m", &["x"])], &[notice("n", &["x"]), notice("o", &["x"])]), [0, 1, 0, 0, 0]);
    let news = |text: &str| message("s", "notice", text, json!({"news": "shift"}));
    assert_eq!(of(&[news("a")], &[news("b")]), [0, 0, 1, 0, 0]);
}

#[test]
fn of_what_was_cancelled_nothing_need_be_sent() {
    let survey = |state: &str| ("surveys", "t/s", json!({"tenant": "t", "survey_id": "s", "state": state}));
    let invited = || message("m", "survey", "x", json!({"survey_id": "s"}));
    for (state, wanted) in [("cancelled", 0), ("expired", 1)] {
        let gone = counts(&[survey(state), invited()], &[survey(state)], "outbound");
        assert_eq!(gone, [wanted, 0, 0, 0, 0], "{state}");
    }
}
