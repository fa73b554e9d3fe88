//! The HTTP API on the embedded store.

use std::sync::Arc;

use kefu_contracts::Timestamp;
use kefu_handover::api::definition;
use kefu_policy::{Format, Policies, parse};
use kefu_testkit::Server;
use serde_json::json;

const POLICY: &str = "
tenant: demo
shifts: [{team: front, name: day, days: [mon, tue, wed, thu, fri, sat, sun], hours: '00:00-24:00', staff: [a-1]}]
teams: {front: {lead: a-1, supervisor: s-1}}
staff: [{id: a-1, name: One, teams: [front], languages: [en]}]
";

fn server() -> Server {
    let mut policies = Policies::default();
    policies.insert(Arc::new(parse(POLICY, Format::Yaml).unwrap().0));
    Server::start(definition, policies)
}

/// The shift of today, as it stands in a path.
fn today(now: Timestamp) -> String {
    format!("/v1/shifts/front%2Fday%2F{}", &now.to_string()[..10])
}

#[test]
fn an_agent_checks_in_and_out() {
    let server = server();
    let shift = today(server.now());
    let body = json!({"actor": {"kind": "agent", "id": "a-1"}});
    let came = server.send(&format!("POST {shift}/check-in"), "demo-agent", &body);
    assert_eq!((came.status, &came.json()["agent_id"]), (200, &json!("a-1")), "{}", came.text);
    let read = server.get(&shift, "demo-read").json();
    assert_eq!(read["expected"], json!(["a-1"]), "{read}");
    assert!(read["attendance"]["a-1"][0]["came_at"].is_string(), "{read}");
    assert_eq!(server.get(&shift, "other-read").status, 404);
    let left = server.send(&format!("POST {shift}/check-out"), "demo-agent", &body);
    assert_eq!(left.status, 200, "{}", left.text);
}

#[test]
fn what_is_not_there_or_not_allowed_is_refused() {
    let server = server();
    let body = json!({"actor": {"kind": "agent", "id": "a-1"}});
    let unknown = server.send("POST /v1/handovers/none/start-review", "demo-agent", &body);
    assert_eq!(unknown.problem(), (404, "not_found".to_owned()));
    assert_eq!(server.get("/v1/handovers/none", "demo-read").problem(), (404, "not_found".to_owned()));
    assert_eq!(server.get("/v1/shifts/none", "demo-read").problem(), (404, "not_found".to_owned()));
    assert_eq!(server.get("/v1/handovers/none", "demo-agent").status, 403);
    let stranger = server.send("POST /v1/handovers/none/sign-in", "demo-read", &body);
    assert_eq!(stranger.problem(), (403, "forbidden".to_owned()));
    let silent = server.send("POST /v1/handovers/none/remarks", "demo-agent", &json!({"text": "x"}));
    assert_eq!(silent.problem(), (422, "missing_field".to_owned()));
    let for_another = json!({"actor": {"kind": "agent", "id": "a-2"}, "agent_id": "a-1"});
    let line = format!("POST {}/check-in", today(server.now()));
    assert_eq!(server.send(&line, "demo-agent", &for_another).problem(), (403, "forbidden".to_owned()));
}

#[test]
fn every_route_is_in_the_document() {
    assert_eq!(server().check_document(), 24);
}
