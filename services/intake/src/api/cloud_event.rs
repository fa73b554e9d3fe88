//! CloudEvents 1.0 as events of a conversation.
//!
//! `id` is the event_id, `subject` the conversation_id, `time` the occurred_at, `type` is `kefu.<type>.v1`, the
//! extension `tenant` the tenant, and `data` holds the other fields.

use axum::http::HeaderMap;
use serde_json::{Map, Value};

/// Which attribute of a CloudEvent is which field of an event.
const FIELDS: [(&str, &str); 4] =
    [("id", "event_id"), ("subject", "conversation_id"), ("time", "occurred_at"), ("tenant", "tenant")];

/// Whether a request bears a CloudEvent in binary mode.
pub(super) fn is_binary(headers: &HeaderMap) -> bool {
    headers.contains_key("ce-specversion")
}

/// The attributes in the headers of a request in binary mode, where they are percent-encoded.
pub(super) fn attributes(headers: &HeaderMap) -> Map<String, Value> {
    let attributes = headers.iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix("ce-")?;
        Some((name.to_owned(), Value::String(percent_decoded(value.as_bytes()))))
    });
    attributes.collect()
}

/// The fields of the event that a CloudEvent bears.
///
/// # Errors
/// What is wrong with its attributes.
pub(super) fn unwrap(mut envelope: Map<String, Value>) -> Result<Map<String, Value>, String> {
    if envelope.get("specversion").and_then(Value::as_str) != Some("1.0") {
        return Err("specversion is not `1.0`; send a CloudEvent of version 1.0".to_owned());
    }
    let media_type = envelope.get("datacontenttype").and_then(Value::as_str).unwrap_or("application/json");
    if !is_json(media_type) {
        return Err(format!("datacontenttype is `{media_type}`; send data as application/json"));
    }
    let kind = envelope.get("type").and_then(Value::as_str).unwrap_or_default();
    let kind = kind.strip_prefix("kefu.").and_then(|kind| kind.strip_suffix(".v1"));
    let kind = kind.ok_or("type is not `kefu.<type>.v1`; name the event's type so")?.to_owned();
    let mut fields = match envelope.remove("data") {
        Some(Value::Object(fields)) => fields,
        _ => return Err("data is no JSON object; it holds channel, actor, data and the other fields".to_owned()),
    };
    fields.insert("type".to_owned(), Value::String(kind));
    for (attribute, field) in FIELDS {
        let value = envelope.remove(attribute).ok_or_else(|| format!("the attribute `{attribute}` is missing"))?;
        fields.insert(field.to_owned(), value);
    }
    Ok(fields)
}

fn is_json(media_type: &str) -> bool {
    media_type.split(';').next().is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
}

fn percent_decoded(bytes: &[u8]) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let encoded = digit(after.first()).zip(digit(after.get(1))).filter(|_| *first == b'%');
        match encoded.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(byte) => {
                decoded.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn envelope(changes: Value) -> Map<String, Value> {
        let mut envelope = json!({
            "specversion": "1.0", "id": "e-1", "source": "//gateway", "type": "kefu.message.v1", "subject": "c-1",
            "time": "2026-03-02T01:00:00Z", "tenant": "demo", "data": {"channel": "chat"},
        });
        for (name, value) in changes.as_object().unwrap() {
            envelope[name] = value.clone();
        }
        envelope.as_object().unwrap().clone()
    }

    #[test]
    fn attributes_become_fields() {
        let fields = unwrap(envelope(json!({}))).unwrap();
        let wanted = json!({
            "event_id": "e-1", "tenant": "demo", "conversation_id": "c-1", "occurred_at": "2026-03-02T01:00:00Z",
            "type": "message", "channel": "chat",
        });
        assert_eq!(Value::Object(fields), wanted);
    }

    #[test]
    fn what_is_no_event_of_ours() {
        for (changes, wanted) in [
            (json!({"specversion": "0.3"}), "specversion"),
            (json!({"type": "message"}), "type"),
            (json!({"type": "other.message.v1"}), "type"),
            (json!({"datacontenttype": "text/xml"}), "datacontenttype"),
            (json!({"data": "text"}), "data"),
        ] {
            assert!(unwrap(envelope(changes)).unwrap_err().starts_with(wanted), "{wanted}");
        }
        let mut without = envelope(json!({}));
        without.remove("subject");
        assert!(unwrap(without).unwrap_err().contains("`subject`"));
    }

    #[test]
    fn headers_are_percent_encoded() {
        for (encoded, decoded) in [("c%2D1", "c-1"), ("%E6%9C%83", "會"), ("100%", "100%"), ("%zz", "%zz")] {
            assert_eq!(percent_decoded(encoded.as_bytes()), decoded);
        }
    }
}
