//! A timer that was due while nobody ran fires once, with the instant at which it was due.

use std::time::Duration;

use kefu_integration_tests::{BackendKind, Client, Clock, Shop, at, message, now, wait_until};
use serde_json::{Value, json};

/// The target: longer than a process takes to end, so that the clock still runs then.
const TARGET_S: i64 = 12;
const SOON: Duration = Duration::from_secs(30);

/// A field of the case's only clock; null if there is none yet.
fn of_clock(client: &Client, field: &str) -> Value {
    let clocks = client.get("/v1/cases/c-1%231/clocks").json();
    clocks.pointer(&format!("/clocks/0/{field}")).cloned().unwrap_or_default()
}

fn breached_while_down(kind: BackendKind, disturb: impl FnOnce(&Shop)) {
    let policy = json!({
        "tenant": "demo", "version": 1,
        "acknowledge": {"channels": [], "on": "emitted"},
        "calendars": {"always": {"always_open": true}},
        "sla": [{"name": "all", "match": {}, "calendar": "always", "targets": {"first_reply": format!("{TARGET_S}s")}}],
    });
    let shop = Shop::new(kind, Clock::Wall, &policy.to_string());
    let (mut running, client) = shop.start();
    let opened = now();
    client.events(&[message("c-1", "e-1", &opened)]);
    wait_until("the clock runs", SOON, || of_clock(&client, "state") == "started");
    running.kill();
    let due = at(&opened, TARGET_S);
    assert!(now() < due, "the process ended too late for this test");
    disturb(&shop);
    wait_until("the clock is due", SOON, || now() > due);

    let (mut running, client) = shop.start();
    wait_until("the breach is told", SOON, || of_clock(&client, "breached_at") == due.as_str());
    // nor does another restart tell it anew
    running.kill();
    let (mut running, client) = shop.start();
    client.events(&[message("c-2", "e-1", &now())]);
    wait_until("it goes on", SOON, || client.get("/v1/cases/c-2%231/clocks").status == 200);
    assert!(running.terminate().success());
    let breaches: Vec<Value> = shop
        .values("sla-events")
        .into_iter()
        .filter(|event| event["case_id"] == "c-1#1" && event["event"] == "breached")
        .map(|event| json!([event["at"], event["due_at"]]))
        .collect();
    assert_eq!(breaches, [json!([due, due])]);
}

#[test]
fn on_a_file() {
    breached_while_down(BackendKind::Embedded, |_| {});
}

#[test]
fn on_kafka() {
    breached_while_down(BackendKind::Kafka, |_| {});
}

#[test]
fn on_kafka_with_an_empty_redis() {
    breached_while_down(BackendKind::Kafka, |shop| shop.cluster().redis.flushall().unwrap());
}
