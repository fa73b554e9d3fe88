use std::fs;

use serde_json::{Value, json};

use super::*;

/// A folder with an output: clocks as (id, metric, events), escalations as (id, to), teams of cases.
fn folder(clocks: &[(&str, &[&str])], escalations: &[&str], team: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |topic: &str, rows: Vec<(String, Value)>| {
        let lines: String =
            rows.iter().map(|(key, value)| format!("{}\n", json!({"key": key, "value": value}))).collect();
        fs::write(folder.path().join(format!("cs.{topic}.ndjson")), lines).unwrap();
    };
    let events = clocks.iter().flat_map(|(id, events)| {
        events.iter().map(move |event| {
            let value = json!({
                "case_id": format!("{id}<1>"), "tenant": "demo", "clock_id": id, "metric": "first_reply",
                "event": event, "elapsed_ms": 720_000, "target_ms": 600_000, "policy": "chat",
            });
            (format!("demo/{id}"), value)
        })
    });
    write("sla-events", events.collect());
    let told = |to: &&str| (format!("demo/{to}"), json!({"to": to, "reason": "sla_breach"}));
    write("escalations", escalations.iter().map(told).collect());
    write("cases", vec![("demo/c-1#1".to_owned(), json!({"team": team, "department": null}))]);
    let decided = json!({
        "tenant": "demo", "event_id": "d-1", "type": "after_sales_decided",
        "data": {"order_id": "A1", "reasons": [if team == "a" { "within_policy" } else { "period_over" }]},
    });
    write("channel-events", vec![("demo/c-1".to_owned(), decided)]);
    write("outbound", vec![("demo/c-1".to_owned(), json!({"tenant": "demo", "message_id": "m-1", "kind": "notice"}))]);
    folder
}

#[test]
fn a_supervisor_sees_what_would_have_been_different() {
    let before = folder(&[("k-1", &["started", "met"]), ("k-2", &["started", "breached", "ended_late"])], &[], "a");
    let after = folder(&[("k-1", &["started", "breached"]), ("k-2", &["started", "met"])], &["team_lead"], "b");
    let page = what_if([before.path(), after.path()], "cs.", Language::En).unwrap();
    for said in [
        "<html lang=\"en\">",
        // one kept and one broken on either side
        "<tr><th scope=\"row\">first reply</th><td>1</td><td>1</td><td>1</td><td>1</td>",
        // the broken one comes first, and nothing of a case's id is markup
        "<tr><th scope=\"row\">k-1&lt;1&gt;</th>",
        "in time, 12 min of 10 min (chat)</td><td class=\"text worse\">late, 12 min of 10 min (chat)</td>",
        "<td class=\"text\">team_lead</td><td class=\"text\">sla_breach</td><td>0</td><td>1</td>",
        "<td class=\"text\">a</td><td class=\"text\">b</td>",
        "<td class=\"text\">within_policy</td><td class=\"text\">period_over</td>",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    assert!(page.find("k-1&lt;").unwrap() < page.find("k-2&lt;").unwrap());
    assert!(!page.contains("Nothing would have been different"));
}

#[test]
fn two_outputs_alike_say_so_in_each_language() {
    let [one, other] = [0, 1].map(|_| folder(&[("k-1", &["started", "met"])], &["team_lead"], "a"));
    for (language, said) in
        [(Language::En, "Nothing would"), (Language::ZhHans, "没有任何不同"), (Language::ZhHant, "沒有任何不同")]
    {
        assert!(what_if([one.path(), other.path()], "cs.", language).unwrap().contains(said));
    }
}

#[test]
fn a_promise_that_is_revived_or_whose_breach_is_taken_back_is_open() {
    for (events, standing) in [
        (&["started", "met", "resumed"][..], Standing::Open),
        (&["started", "breached", "breach_retracted"], Standing::Open),
        (&["started", "breached", "breach_retracted", "met"], Standing::InTime),
        (&["started", "cancelled"], Standing::Cancelled),
        (&["started", "breached", "cancelled"], Standing::Late),
    ] {
        let folder = folder(&[("k-1", events)], &[], "a");
        let outcome = Outcome::read(folder.path(), "cs.").unwrap();
        assert_eq!(outcome.clocks["demo/k-1"].standing, standing, "{events:?}");
    }
}

#[test]
fn lengths_of_time_have_two_units_at_most() {
    use words::duration;
    for (ms, en) in [(0, "0 s"), (59_000, "59 s"), (61_000, "1 min 1 s"), (3_600_000, "1 h"), (90_061_000, "1 d 1 h")] {
        assert_eq!(duration(Language::En, ms), en);
    }
    assert_eq!(duration(Language::ZhHant, 5_400_000), "1 小時 30 分");
}
