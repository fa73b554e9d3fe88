//! The forms in which events come: JSON, lines of JSON, CloudEvents.
//!
//! Owns how a body is cut into events, so that one that cannot be read does not take the others with it.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use kefu_contracts::channel_event::ChannelEvent;
use kefu_contracts::{Code, Reject};
use kefu_runtime::http::Problem;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::cloud_event;

/// The largest event, as JSON text in bytes.
pub(super) const EVENT_BYTES_MAX: usize = 262_144;
/// Events in one batch.
pub(super) const EVENTS_MAX: usize = 10_000;

/// How a body is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One event or an array of them.
    Json,
    /// One event a line.
    Lines,
    /// One CloudEvent, or a batch of them.
    CloudEvents,
    /// A CloudEvent with its attributes in headers.
    Binary,
}

/// An event as it was sent.
#[derive(Debug)]
pub(super) enum Sent {
    /// It can be read.
    Event(Box<ChannelEvent>),
    /// It cannot.
    Unreadable {
        /// Its id, as far as that can be read.
        event_id: Option<String>,
        /// Why.
        reject: Reject,
    },
}

impl Form {
    /// The form that the headers name.
    ///
    /// # Errors
    /// 415 if none is known.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media_type.as_str() {
            "application/json" if cloud_event::is_binary(headers) => Ok(Form::Binary),
            "application/json" => Ok(Form::Json),
            "application/x-ndjson" => Ok(Form::Lines),
            "application/cloudevents+json" | "application/cloudevents-batch+json" => Ok(Form::CloudEvents),
            other => {
                let detail = format!("media type `{other}` is not known; use {}", super::MEDIA_TYPES.join(", "));
                Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail))
            }
        }
    }

    /// Cuts a body into events.
    ///
    /// # Errors
    /// 400 if nothing in it can be read, 413 if it holds too many events.
    pub(super) fn read(self, headers: &HeaderMap, body: &[u8]) -> Result<Vec<Sent>, Problem> {
        if self == Form::Binary {
            let mut envelope = cloud_event::attributes(headers);
            envelope.insert("data".to_owned(), serde_json::from_slice(body).map_err(|error| no_json(&error))?);
            return Ok(vec![from_cloud_event(Ok(envelope), body.len())]);
        }
        let texts = if self == Form::Lines { lines(body)? } else { array(body)? };
        if texts.len() > EVENTS_MAX {
            let detail = format!("the batch has {} events, more than {EVENTS_MAX}; send smaller ones", texts.len());
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail));
        }
        let read = |text: &str| match self {
            Form::CloudEvents => from_cloud_event(serde_json::from_str(text), text.len()),
            Form::Json | Form::Lines | Form::Binary => from_json(text),
        };
        Ok(texts.into_iter().map(read).collect())
    }
}

fn no_json(error: &serde_json::Error) -> Problem {
    Problem::bad_request(format!("the body is no JSON: {error}"))
}

/// The elements of an array, or the only value there is.
fn array(body: &[u8]) -> Result<Vec<&str>, Problem> {
    let is_array = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    if is_array {
        let elements: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| no_json(&error))?;
        return Ok(elements.into_iter().map(RawValue::get).collect());
    }
    let only: &RawValue = serde_json::from_slice(body).map_err(|error| no_json(&error))?;
    Ok(vec![only.get()])
}

/// The lines that hold something; at least one of them must be JSON.
fn lines(body: &[u8]) -> Result<Vec<&str>, Problem> {
    let text =
        std::str::from_utf8(body).map_err(|error| Problem::bad_request(format!("the body is no UTF-8: {error}")))?;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.iter().any(|line| serde_json::from_str::<&RawValue>(line).is_ok()) {
        return Ok(lines);
    }
    Err(Problem::bad_request("no line of the body is JSON; send one event a line"))
}

fn from_json(text: &str) -> Sent {
    if let Err(reject) = fits(text.len()) {
        return Sent::Unreadable { event_id: None, reject };
    }
    match serde_json::from_str::<ChannelEvent>(text) {
        Ok(event) => Sent::Event(Box::new(event)),
        Err(error) => {
            let value = serde_json::from_str::<Value>(text).unwrap_or_default();
            let event_id = value.get("event_id").and_then(Value::as_str).map(str::to_owned);
            Sent::Unreadable { event_id, reject: undecodable(format!("this is no event: {error}")) }
        }
    }
}

fn from_cloud_event(envelope: serde_json::Result<Map<String, Value>>, length: usize) -> Sent {
    let unreadable = |event_id, reject| Sent::Unreadable { event_id, reject };
    let envelope = match envelope {
        Ok(envelope) => envelope,
        Err(error) => return unreadable(None, undecodable(format!("this is no CloudEvent: {error}"))),
    };
    let event_id = envelope.get("id").and_then(Value::as_str).map(str::to_owned);
    if let Err(reject) = fits(length) {
        return unreadable(event_id, reject);
    }
    let fields = match cloud_event::unwrap(envelope) {
        Ok(fields) => fields,
        Err(fault) => return unreadable(event_id, undecodable(fault)),
    };
    match serde_json::from_value::<ChannelEvent>(Value::Object(fields)) {
        Ok(event) => Sent::Event(Box::new(event)),
        Err(error) => unreadable(event_id, undecodable(format!("this is no event: {error}"))),
    }
}

fn fits(length: usize) -> Result<(), Reject> {
    if length <= EVENT_BYTES_MAX {
        return Ok(());
    }
    let detail = format!("the event has {length} bytes, more than {EVENT_BYTES_MAX}; refer to large parts by uri");
    Err(Reject::new(Code::TooLarge, detail))
}

fn undecodable(detail: String) -> Reject {
    Reject::new(Code::Undecodable, detail)
}
