//! Commands: answered, and answered alike when they come again.

use kefu_integration_tests::{Answer, BackendKind, Client, Clock, Shop};
use serde_json::{Value, json};

fn put(client: &Client, key: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", key), ("kefu-actor", "supervisor/s-1")];
    client.send("PUT", "/v1/articles/returns", &headers, &body.to_string()).unwrap()
}

pub(crate) fn the_same_command_gets_the_same_answer(kind: BackendKind) {
    let shop = Shop::new(kind, Clock::Wall, "{tenant: demo, version: 1}");
    let (mut running, client) = shop.start();
    let article = json!({"title": "Returns", "body": "Within seven days.", "language": "en"});
    let first = put(&client, "k-1", &article);
    assert!(matches!(first.status, 200 | 201), "{first:?}");
    let again = put(&client, "k-1", &article);
    assert_eq!((again.status, again.json()), (first.status, first.json()));

    running.kill();
    let (_running, client) = shop.start();
    let after_the_kill = put(&client, "k-1", &article);
    assert_eq!((after_the_kill.status, after_the_kill.json()), (first.status, first.json()));
    let other = put(&client, "k-1", &json!({"title": "Returns", "body": "Never.", "language": "en"}));
    assert_eq!((other.status, &other.json()["code"]), (422, &json!("idempotency_mismatch")), "{other:?}");
    let read = client.get("/v1/articles/returns").json();
    assert_eq!((&read["body"], &read["version"]), (&json!("Within seven days."), &json!(1)), "{read}");
}
