//! Events as a gateway of the tenant `demo` sends them.

use serde_json::{Value, json};

/// Now, as events write it.
pub fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

/// The instant `seconds` after `base`.
pub fn at(base: &str, seconds: i64) -> String {
    let base: jiff::Timestamp = base.parse().unwrap_or_else(|error| panic!("{base}: {error}"));
    let later = jiff::Timestamp::from_millisecond(base.as_millisecond() + seconds * 1000);
    format!("{:.3}", later.unwrap_or_else(|error| panic!("{base}: {error}")))
}

/// An event on chat.
pub fn in_conversation(conversation: &str, id: &str, at: &str, kind: &str, actor: &str, data: &Value) -> Value {
    json!({
        "event_id": id, "tenant": "demo", "conversation_id": conversation, "channel": "chat", "occurred_at": at,
        "type": kind, "actor": {"kind": actor, "id": format!("{actor}-1")}, "data": data,
        "customer": {"id": format!("customer-of-{conversation}"), "locale": "en"},
    })
}

/// A customer writes.
pub fn message(conversation: &str, id: &str, at: &str) -> Value {
    let text = json!({"text": "Where is my parcel? It should have come yesterday."});
    in_conversation(conversation, id, at, "message", "customer", &text)
}

/// An agent answers.
pub fn reply(conversation: &str, id: &str, at: &str) -> Value {
    in_conversation(conversation, id, at, "message", "agent", &json!({"text": "It comes tomorrow."}))
}

/// An agent is done.
pub fn resolved(conversation: &str, id: &str, at: &str) -> Value {
    in_conversation(conversation, id, at, "resolved", "agent", &json!({}))
}

/// A channel is alive; concerns no case.
pub fn heartbeat(id: &str, at: &str) -> Value {
    in_conversation("heartbeats", id, at, "channel_heartbeat", "system", &json!({"source": "chat"}))
}
