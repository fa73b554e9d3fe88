//! Bad events over HTTP: their sender learns of those that can be seen to be bad, the others become dead letters.

use std::time::Duration;

use kefu_contracts::channel_event::ChannelEvent;
use kefu_contracts::codec::Codec;
use kefu_contracts::topic::CHANNEL_EVENTS;
use kefu_integration_tests::{BackendKind, Client, Clock, Shop, at, in_conversation, message, now, wait_until};
use serde_json::{Value, json};

use crate::POLICY;

#[test]
fn on_a_file() {
    bad_events_are_refused_one_by_one(BackendKind::Embedded);
}

#[test]
fn on_kafka() {
    bad_events_are_refused_one_by_one(BackendKind::Kafka);
}

fn changed(name: &str, value: Value) -> Value {
    let mut event = message("c-1", "bad", &now());
    event[name] = value;
    event
}

/// Events that can be seen to be bad, with the code that their sender gets.
fn visibly_bad() -> Vec<(Value, &'static str)> {
    let kind = |kind: &str, data: Value| in_conversation("c-1", "bad", &now(), kind, "agent", &data);
    vec![
        (json!("no event"), "undecodable"),
        (json!({"event_id": "bad"}), "undecodable"),
        (changed("occurred_at", json!("yesterday")), "undecodable"),
        (changed("channel", json!("telepathy")), "undecodable"),
        (changed("tenant", json!("other")), "forbidden"),
        (changed("occurred_at", json!("1999-12-31T23:59:59.999Z")), "time_out_of_range"),
        (changed("occurred_at", json!(at(&now(), 3_600))), "time_out_of_range"),
        (changed("conversation_id", json!("")), "missing_field"),
        (kind("no_such_type", json!({})), "unknown_event_type"),
        (kind("flagged", json!({"flag": "nice"})), "invalid_field"),
        (kind("message", json!({"text": "x".repeat(65_537)})), "too_large"),
    ]
}

fn bad_events_are_refused_one_by_one(kind: BackendKind) {
    let shop = Shop::new(kind, Clock::Wall, POLICY);
    let (mut running, client) = shop.start();
    let asked = now();
    let closed = in_conversation("c-0", "e-2", &asked, "closed", "agent", &json!({"reason": "solved"}));
    client.events(&[message("c-0", "e-1", &asked), closed]);
    let bad = visibly_bad();
    let mut batch = vec![message("c-1", "e-1", &now())];
    batch.extend(bad.iter().map(|(event, _)| event.clone()));
    let no_case = in_conversation("c-9", "e-1", &now(), "note", "agent", &json!({"text": "nobody wrote"}));
    let case_closed = in_conversation("c-0", "e-3", &now(), "info_requested", "agent", &json!({"fields": ["size"]}));
    let last = message("c-2", "e-1", &now());
    batch.extend([no_case.clone(), case_closed.clone(), last]);
    let answer = client.post("/v1/events", &json!(batch));
    assert_eq!((answer.status, &answer.json()["accepted"]), (202, &json!(4)), "{}", answer.text);
    let codes: Vec<String> = refused(&answer.json());
    assert_eq!(codes, bad.iter().map(|(_, code)| (*code).to_owned()).collect::<Vec<_>>(), "{}", answer.text);
    whole_requests_are_refused(&client);
    for conversation in ["c-1", "c-2"] {
        wait_until("the good ones are processed", Duration::from_secs(20), || {
            client.get(&format!("/v1/cases/{conversation}%231")).json()["customer_messages"] == 1
        });
    }
    assert!(running.terminate().success());
    let letters = shop.dead_letters();
    let mut told: Vec<(String, Value)> = letters
        .iter()
        .map(|letter| {
            let event: ChannelEvent = CHANNEL_EVENTS.decode(&Codec::single_object(), &letter.value).unwrap();
            (letter.code().to_owned(), serde_json::to_value(event).unwrap()["event_id"].take())
        })
        .collect();
    told.sort_by_key(|(code, _)| code.clone());
    assert_eq!(told, [("case_closed".to_owned(), json!("e-3")), ("no_case".to_owned(), json!("e-1"))]);

    let (mut running, client) = shop.start();
    client.events(&[message("c-3", "e-1", &now())]);
    running.kill();
    let (mut running, client) = shop.start();
    client.events(&[message("c-4", "e-1", &now())]);
    wait_until("it goes on", Duration::from_secs(20), || client.get("/v1/cases/c-4%231").status == 200);
    assert!(running.terminate().success());
    assert_eq!(shop.dead_letters(), letters);
}

fn refused(answer: &Value) -> Vec<String> {
    let rejected = answer["rejected"].as_array().cloned().unwrap_or_default();
    rejected.iter().map(|one| one["code"].as_str().unwrap_or_default().to_owned()).collect()
}

fn whole_requests_are_refused(client: &Client) {
    let send = |media_type: &str, body: &str| {
        let answer = client.send("POST", "/v1/events", &[("content-type", media_type)], body).unwrap();
        (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(send("application/json", "{"), (400, "bad_request".to_owned()));
    assert_eq!(send("text/plain", "hello"), (415, "unsupported_media_type".to_owned()));
    assert_eq!(send("application/json", &" ".repeat(4 * 1024 * 1024 + 1)), (413, "too_large".to_owned()));
}
