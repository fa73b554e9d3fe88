//! The HTTP API on the embedded store.

#![expect(clippy::unwrap_used, reason = "what cannot be had fails the test")]

use std::sync::Arc;

use kefu_contracts::Timestamp;
use kefu_contracts::case_event::{CaseContext, CaseEvent};
use kefu_contracts::topic::{CASE_EVENTS, POLICIES};
use kefu_policy::{Format, Policies, parse};
use kefu_testkit::Server;
use serde_json::{Value, json};

const POLICY: &str = "
tenant: demo
version: 7
sla: [{name: chat, calendar: always, targets: {first_reply: 5m, resolution: 24h}}]
";

fn server() -> Server {
    let mut policies = Policies::default();
    policies.insert(Arc::new(parse(POLICY, Format::Yaml).unwrap().0));
    Server::start(kefu_escalation::api::definition, policies)
}

/// A fact of the case `c-1#1`.
fn fact(server: &Server, n: i64, at: Timestamp, kind: &str, more: Value) {
    let mut event = json!({
        "event_id": format!("f-{n}"), "cause_id": format!("e-{n}"), "n": 0, "case_id": "c-1#1", "tenant": "demo",
        "at": at, "kind": kind, "retracts": null, "actor": {"kind": "customer", "id": "u-1", "name": null},
        "from": null, "to": null, "text": null, "data": null, "channel": "chat", "policy_version": 7,
        "classification": null, "context": CaseContext::default(),
    });
    for (name, value) in more.as_object().unwrap() {
        event[name] = value.clone();
    }
    let event: CaseEvent = serde_json::from_value(event).unwrap();
    server.append(&CASE_EVENTS, "demo/c-1#1", &event, at);
}

#[test]
fn a_clock_says_how_it_came_to_stand_where_it_does() {
    let server = server();
    let now = server.now();
    let ago = |ms: i64| now.plus_ms(-ms);
    fact(&server, 1, ago(600_000), "opened", json!({}));
    fact(&server, 2, ago(600_000), "customer_message", json!({}));
    fact(&server, 3, ago(540_000), "reply", json!({"actor": {"kind": "agent", "id": "a-1", "name": null}}));
    fact(&server, 4, ago(300_000), "status_changed", json!({"from": "open", "to": "pending_customer"}));
    let answer = server.get("/v1/cases/c-1%231/clocks", "demo-read");
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told = answer.json();
    let of = |metric: &str| told["clocks"].as_array().unwrap().iter().find(|clock| clock["metric"] == metric).unwrap();
    let first = of("first_reply");
    assert_eq!((&first["state"], &first["elapsed_ms"]), (&json!("met"), &json!(60_000)), "{first:#}");
    assert_eq!(
        (&first["policy"], &first["policy_version"], &first["calendar"]),
        (&json!("chat"), &json!(7), &json!("always"))
    );
    assert_eq!(first["stretches"][0]["counted_ms"], 60_000);
    let resolution = of("resolution");
    assert_eq!((&resolution["state"], &resolution["due_at"]), (&json!("paused"), &Value::Null), "{resolution:#}");
    assert_eq!(resolution["stretches"][0]["counted_ms"], 300_000);
    assert_eq!(resolution["stretches"][1]["until"], Value::Null);
    assert_eq!(server.get("/v1/cases/c-1%231/clocks", "other-read").problem(), (404, "not_found".to_owned()));
    assert_eq!(server.get("/v1/cases/c-1%231/clocks", "demo-agent").problem(), (403, "forbidden".to_owned()));
}

#[test]
fn a_person_escalates_takes_note_and_cancels() {
    let server = server();
    fact(&server, 1, server.now().plus_ms(-60_000), "opened", json!({}));
    let by = json!({"kind": "agent", "id": "a-1"});
    let wish = json!({"actor": by, "reason": "customer_request", "note": "asks for the manager"});
    let escalated = server.send("POST /v1/cases/c-1%231/escalate", "demo-agent", &wish);
    assert_eq!(escalated.status, 200, "{}", escalated.text);
    let id = escalated.json()["escalation_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/cases/c-1%231/escalations/{id}");
    let noted = server.send(&format!("POST {path}/acknowledge"), "demo-agent", &json!({"actor": by}));
    assert_eq!((noted.status, &noted.json()["state"]), (200, &json!("acknowledged")), "{}", noted.text);

    let told = server.get("/v1/cases/c-1%231/escalations", "demo-read").json();
    let one = &told["escalations"][0];
    assert_eq!((&one["state"], &one["to"]), (&json!("acknowledged"), &json!("supervisor")), "{told:#}");
    assert_eq!((&one["last_act"]["by"]["id"], &one["told"][0]["role"]), (&json!("a-1"), &json!("supervisor")));

    let cancel = |body: &Value| server.send(&format!("POST {path}/cancel"), "demo-agent", body);
    assert_eq!(cancel(&json!({"actor": by})).problem(), (422, "missing_field".to_owned()));
    assert_eq!(cancel(&json!({"actor": by, "reason": "solved by phone"})).json()["state"], "cancelled");
    let told = server.get("/v1/cases/c-1%231/escalations", "demo-read").json();
    assert_eq!(told["escalations"][0]["last_act"]["note"], "solved by phone");
    let of_nobody = server.send("POST /v1/cases/c-9%231/escalate", "demo-agent", &wish);
    assert_eq!(of_nobody.problem(), (404, "not_found".to_owned()));
    assert_eq!(server.send("POST /v1/cases/c-1%231/escalate", "demo-read", &wish).problem().0, 403);
}

fn post(server: &Server, query: &str, key: &str, text: &str) -> kefu_testkit::Answer {
    let line = format!("POST /v1/policies{query}");
    server.call(&line, key, &[("content-type", "application/yaml")], text.to_owned())
}

#[test]
fn a_policy_is_checked_and_takes_force_a_minute_ahead() {
    let server = server();
    let checked = post(&server, "?dry_run=true", "demo-admin", "tenant: demo\nversion: 8\n");
    assert_eq!((checked.status, &checked.json()["dry_run"]), (200, &json!(true)), "{}", checked.text);
    assert!(server.written(&POLICIES).is_empty());
    let before = server.now();
    let taken = post(&server, "", "demo-admin", "tenant: demo\nversion: 8\n");
    assert_eq!(taken.status, 201, "{}", taken.text);
    let from = server.written(&POLICIES)[0].effective_from.unwrap();
    assert!(from >= before.plus_ms(60_000), "{from}");
    let known = server.get("/v1/policies", "demo-read").json();
    assert_eq!(known["in_force"], 7, "{known}");
    let versions: Vec<i64> =
        known["policies"].as_array().unwrap().iter().map(|one| one["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, [7, 8]);
    assert_eq!(server.get("/v1/policies", "other-read").json()["policies"], json!([]));
    assert_eq!(post(&server, "", "demo-admin", "tenant: demo\nversion: 8\n").problem(), (409, "conflict".to_owned()));
}

#[test]
fn a_policy_with_faults_is_refused_with_all_of_them() {
    let server = server();
    let faulty = post(&server, "", "demo-admin", "tenant: demo\nversion: -1\nspeed: 3\ntimezone: Mars/Base\n");
    assert_eq!(faulty.problem(), (422, "invalid_policy".to_owned()));
    assert_eq!(faulty.json()["errors"].as_array().unwrap().len(), 3, "{}", faulty.text);
    let soon = "tenant: demo\nversion: 9\neffective_from: 2026-01-01T00:00:00Z\n";
    assert_eq!(post(&server, "", "demo-admin", soon).problem(), (422, "invalid_policy".to_owned()));
    assert_eq!(post(&server, "", "other-admin", soon).problem(), (403, "forbidden".to_owned()));
    assert_eq!(post(&server, "", "demo-supervisor", soon).problem(), (403, "forbidden".to_owned()));
    let csv = server.call("POST /v1/policies", "demo-admin", &[("content-type", "text/csv")], "a");
    assert_eq!(csv.problem(), (415, "unsupported_media_type".to_owned()));
    assert!(server.written(&POLICIES).is_empty());
}

#[test]
fn every_route_is_in_the_document() {
    assert_eq!(server().check_document(), 13);
}
