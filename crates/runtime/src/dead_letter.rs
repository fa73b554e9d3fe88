//! The shape of dead letters.
//!
//! Owns the headers of `cs.dlq`, and the envelope that carries them where a log has no headers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kefu_processor::DeadLetter;
use serde::{Deserialize, Serialize};

/// Where a refused record came from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The topic's name without prefix.
    pub topic: &'a str,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// The service that refused it.
    pub service: &'a str,
    /// How often it was tried, from 1.
    pub attempt: u32,
}

/// The headers of a dead letter, in their order.
pub fn headers(origin: &Origin<'_>, letter: &DeadLetter) -> Vec<(&'static str, String)> {
    vec![
        ("source-topic", origin.topic.to_owned()),
        ("source-partition", origin.partition.to_string()),
        ("source-offset", origin.offset.to_string()),
        ("service", origin.service.to_owned()),
        ("code", letter.code.as_str().to_owned()),
        ("detail", letter.detail.chars().take(DETAIL_CHARS_MAX).collect()),
        ("attempt", origin.attempt.to_string()),
    ]
}

/// A panic's message can be long.
const DETAIL_CHARS_MAX: usize = 1000;

/// A dead letter with its headers, as the embedded log keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The headers.
    pub headers: std::collections::BTreeMap<String, String>,
    /// The original bytes in base64.
    pub value: String,
}

/// Wraps a refused record for the embedded log.
pub fn envelope(origin: &Origin<'_>, letter: &DeadLetter, payload: &[u8]) -> Vec<u8> {
    let headers = headers(origin, letter).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let envelope = Envelope { headers, value: STANDARD.encode(payload) };
    serde_json::to_vec(&envelope).unwrap_or_default()
}
