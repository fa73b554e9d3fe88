//! A new version of the policy reaches the cases that are open.

use kefu_integration_tests::{BackendKind, Client, Clock, Running, Shop, message};
use serde_json::{Value, json};

use crate::seen::case_with_messages;

fn policy(version: u32, first_reply: &str) -> Value {
    json!({
        "tenant": "demo", "version": version,
        "acknowledge": {"channels": [], "on": "emitted"},
        "calendars": {"always": {"always_open": true}},
        "sla": [{"name": "all", "match": {}, "calendar": "always", "targets": {"first_reply": first_reply}}],
    })
}

/// A shop where a customer has waited since 09:00, a minute ago; the target is 10 minutes.
fn opened(kind: BackendKind) -> (Shop, Running, Client) {
    let shop = Shop::new(kind, Clock::Event, &policy(1, "10m").to_string());
    let (running, client) = shop.start();
    client.events(&[message("c-1", "e-1", "2026-03-02T09:00:00Z")]);
    case_with_messages(&client, "c-1", 1);
    shop.time_comes_to(&client, "2026-03-02T09:01:00Z");
    (shop, running, client)
}

/// From 09:03 on the target is 2 minutes, so the customer has waited too long at that instant.
fn two_minutes_from_three_past(shop: &Shop, running: &mut Running, client: &Client) {
    let mut document = policy(2, "2m");
    document["effective_from"] = json!("2026-03-02T09:03:00Z");
    let answer = client.post("/v1/policies", &document);
    assert_eq!(answer.status, 201, "{}", answer.text);
    shop.time_comes_to(client, "2026-03-02T09:05:00Z");
    assert!(running.terminate().success());
    let breached: Vec<Value> =
        shop.values("sla-events").into_iter().filter(|event| event["event"] == "breached").collect();
    assert_eq!(breached.len(), 1, "{breached:?}");
    let told = (&breached[0]["at"], &breached[0]["reason"], &breached[0]["policy_version"]);
    let expected = (&json!("2026-03-02T09:03:00.000Z"), &json!("policy_applied"), &json!(2));
    assert_eq!(told, expected, "{}", breached[0]);
}

pub(crate) fn a_policy_takes_force_for_an_open_case(kind: BackendKind) {
    let (shop, mut running, client) = opened(kind);
    two_minutes_from_three_past(&shop, &mut running, &client);
}

pub(crate) fn a_policy_takes_force_for_a_case_from_before_a_restart(kind: BackendKind) {
    let (shop, mut running, client) = opened(kind);
    drop(client);
    running.kill();
    // now no state is in memory
    let (mut running, client) = shop.start();
    shop.time_comes_to(&client, "2026-03-02T09:01:30Z");
    two_minutes_from_three_past(&shop, &mut running, &client);
}
