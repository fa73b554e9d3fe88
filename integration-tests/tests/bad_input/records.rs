//! Records as no gateway should send them.

use kefu_contracts::channel_event::ChannelEvent;
use kefu_contracts::codec::Codec;
use kefu_contracts::order::OrderEvent;
use kefu_contracts::topic::{CHANNEL_EVENTS, ORDER_EVENTS};
use kefu_integration_tests::{at, in_conversation, message, now};
use kefu_test_rig::RawRecord;
use serde_json::{Value, json};

/// A record, the code it must be refused with, and what is wrong with it.
pub(crate) struct Bad {
    pub(crate) what: &'static str,
    pub(crate) code: &'static str,
    pub(crate) record: RawRecord,
}

/// An event as a gateway writes it to the topic.
pub(crate) fn record(event: &Value) -> RawRecord {
    let key = format!("{}/{}", event["tenant"].as_str().unwrap(), event["conversation_id"].as_str().unwrap());
    RawRecord { key: Some(key.into_bytes()), value: Some(encoded(event)) }
}

fn encoded(event: &Value) -> Vec<u8> {
    let event: ChannelEvent = serde_json::from_value(event.clone()).unwrap();
    let mut bytes = Vec::new();
    CHANNEL_EVENTS.encode(&Codec::single_object(), &event, &mut bytes).unwrap();
    bytes
}

fn order() -> Vec<u8> {
    let event = json!({
        "event_id": "o-1", "tenant": "demo", "order_id": "A1", "customer_id": "u-1", "occurred_at": now(),
        "status": "placed", "items": [], "currency": "CNY", "amount": 1.0,
    });
    let event: OrderEvent = serde_json::from_value(event).unwrap();
    let mut bytes = Vec::new();
    ORDER_EVENTS.encode(&Codec::single_object(), &event, &mut bytes).unwrap();
    bytes
}

/// The header of an event's value: format and fingerprint.
const HEADER: usize = 10;

/// Everything that can be wrong with a record of `cs.channel-events`. `conversation` is nobody's yet, `closed` has a
/// closed case.
pub(crate) fn bad_records(conversation: &str, closed: &str) -> Vec<Bad> {
    let mut all = bad_values(conversation);
    all.extend(bad_keys(conversation));
    all.extend(bad_events(conversation));
    let event = in_conversation(closed, "bad", &now(), "info_requested", "agent", &json!({"fields": ["size"]}));
    all.push(Bad { what: "asks in a closed case", code: "case_closed", record: record(&event) });
    all
}

fn bad_values(conversation: &str) -> Vec<Bad> {
    let good = encoded(&message(conversation, "bad", &now()));
    let header = |rest: &[u8]| [&good[..HEADER], rest].concat();
    let another_shape = [&good[..HEADER], &order()[HEADER..]].concat();
    let values: [(&str, &str, Option<Vec<u8>>); 11] = [
        ("bytes that are no record", "undecodable", Some(b"{\"type\":\"message\"}".to_vec())),
        ("an id that no registry knows", "unknown_schema", Some([&[0, 0, 0, 39, 15], &good[HEADER..]].concat())),
        ("a fingerprint that nobody knows", "unknown_schema", Some([&[0xc3, 1][..], &[0xee; 8], &[2, 4]].concat())),
        ("a record of another topic", "unknown_schema", Some(order())),
        ("the types of another record", "undecodable", Some(another_shape)),
        ("cut in the middle", "undecodable", Some(good[..good.len() / 2].to_vec())),
        ("cut in its header", "undecodable", Some(good[..HEADER - 3].to_vec())),
        ("a text of a terabyte, it says", "undecodable", Some(header(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]))),
        ("noise", "undecodable", Some(header(&[0xff; 64]))),
        ("an empty value", "undecodable", Some(Vec::new())),
        ("no value", "undecodable", None),
    ];
    let key = Some(format!("demo/{conversation}").into_bytes());
    values.map(|(what, code, value)| Bad { what, code, record: RawRecord { key: key.clone(), value } }).into()
}

fn bad_keys(conversation: &str) -> Vec<Bad> {
    let keys: [(&str, Option<Vec<u8>>); 6] = [
        ("a key of another tenant", Some(format!("other/{conversation}").into_bytes())),
        ("a key of another conversation", Some(b"demo/somewhere-else".to_vec())),
        ("a key without tenant", Some(b"garbage".to_vec())),
        ("a key that is no UTF-8", Some(vec![0xff, b'/', 0xfe])),
        ("an empty key", Some(Vec::new())),
        ("no key", None),
    ];
    let value = Some(encoded(&message(conversation, "bad", &now())));
    keys.map(|(what, key)| Bad { what, code: "bad_key", record: RawRecord { key, value: value.clone() } }).into()
}

fn bad_events(conversation: &str) -> Vec<Bad> {
    let event = |kind: &str, data: Value| in_conversation(conversation, "bad", &now(), kind, "agent", &data);
    let changed = |name: &str, value: Value| {
        let mut event = message(conversation, "bad", &now());
        event[name] = value;
        event
    };
    let events = [
        ("a text that is too long", "too_large", event("message", json!({"text": "x".repeat(65_537)}))),
        ("too many orders", "too_large", changed("order_ids", json!(vec!["A1"; 101]))),
        ("an id that is too long", "too_large", changed("event_id", json!("e".repeat(257)))),
        ("in 1999", "time_out_of_range", changed("occurred_at", json!("1999-12-31T23:59:59.999Z"))),
        ("tomorrow", "time_out_of_range", changed("occurred_at", json!(at(&now(), 86_400)))),
        ("in the year 9000", "time_out_of_range", changed("occurred_at", json!("9000-01-01T00:00:00Z"))),
        ("an unknown type", "unknown_event_type", event("no_such_type", json!({}))),
        ("without a field", "missing_field", event("flagged", json!({}))),
        ("without an id", "missing_field", changed("event_id", json!(""))),
        ("an unknown flag", "invalid_field", event("flagged", json!({"flag": "nice"}))),
        ("a note where no case is", "no_case", event("note", json!({"text": "nobody wrote"}))),
    ];
    events.map(|(what, code, event)| Bad { what, code, record: record(&event) }).into()
}
