//! The forms in which events come: JSON, lines of JSON, CloudEvents.
//!
//! Owns how a body is cut into events, so that one that cannot be read does not take the others with it. One event is
//! read at a time, and none that is too large: a body takes memory in proportion to its own length.

use std::fmt;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use kefu_contracts::channel_event::ChannelEvent;
use kefu_contracts::rejection::HttpCode;
use kefu_contracts::{Code, Reject};
use kefu_runtime::http::Problem;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::cloud_event;
use crate::domain::limits::MAX_ID;

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
                Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, HttpCode::UnsupportedMediaType, detail))
            }
        }
    }

    /// Cuts a body into the texts of its events, without reading them.
    ///
    /// # Errors
    /// 400 if nothing in it can be read, 413 if it holds too many events.
    pub(super) fn cut(self, body: &[u8]) -> Result<Vec<&str>, Problem> {
        let is_array = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
        match self {
            Form::Lines => lines(body),
            Form::Json | Form::CloudEvents if is_array => array(body),
            Form::Json | Form::CloudEvents | Form::Binary => {
                let only: &RawValue = serde_json::from_slice(body).map_err(|error| no_json(&error))?;
                Ok(vec![only.get()])
            }
        }
    }

    /// Reads the event in a text that was cut from a body with these headers.
    pub(super) fn read(self, headers: &HeaderMap, text: &str) -> Sent {
        let id_name = if matches!(self, Form::Json | Form::Lines) { "event_id" } else { "id" };
        let attributes = if self == Form::Binary { cloud_event::attributes(headers) } else { Map::new() };
        let read = fits(text.len()).and_then(|()| match self {
            Form::Json | Form::Lines => serde_json::from_str::<ChannelEvent>(text).map_err(|error| no_event(&error)),
            Form::CloudEvents => {
                let envelope = serde_json::from_str(text);
                from_cloud_event(envelope.map_err(|error| undecodable(format!("this is no CloudEvent: {error}")))?)
            }
            Form::Binary => {
                let data = serde_json::from_str(text).map_err(|error| no_event(&error))?;
                let mut envelope = attributes.clone();
                envelope.insert("data".to_owned(), data);
                from_cloud_event(envelope)
            }
        });
        match read {
            Ok(event) => Sent::Event(Box::new(event)),
            Err(reject) => {
                let in_header = attributes.get(id_name).and_then(Value::as_str).map(str::to_owned);
                Sent::Unreadable { event_id: in_header.or_else(|| id_in(text, id_name)), reject }
            }
        }
    }
}

fn no_json(error: &serde_json::Error) -> Problem {
    Problem::bad_request(format!("the body is no JSON: {error}"))
}

fn too_many() -> Problem {
    let detail = format!("the batch has more than {EVENTS_MAX} events; send smaller ones");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge, detail)
}

/// The elements of an array. Ends at one too many, so that a small body does not become a long list.
fn array(body: &[u8]) -> Result<Vec<&str>, Problem> {
    let mut texts = Vec::new();
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = json.deserialize_seq(Elements(&mut texts)).and_then(|()| json.end());
    if texts.len() > EVENTS_MAX {
        return Err(too_many());
    }
    read.map(|()| texts).map_err(|error| no_json(&error))
}

/// Gathers the elements of an array, up to one more than a batch may have.
struct Elements<'t, 'b>(&'t mut Vec<&'b str>);

impl<'b> Visitor<'b> for Elements<'_, 'b> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'b>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&RawValue>()? {
            self.0.push(element.get());
            if self.0.len() > EVENTS_MAX {
                return Err(A::Error::custom("too many elements"));
            }
        }
        Ok(())
    }
}

/// The lines that hold something; at least one of them must be JSON.
fn lines(body: &[u8]) -> Result<Vec<&str>, Problem> {
    let text =
        std::str::from_utf8(body).map_err(|error| Problem::bad_request(format!("the body is no UTF-8: {error}")))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines.take(EVENTS_MAX + 1).collect();
    if lines.len() > EVENTS_MAX {
        return Err(too_many());
    }
    if lines.iter().any(|line| serde_json::from_str::<&RawValue>(line).is_ok()) {
        return Ok(lines);
    }
    Err(Problem::bad_request("no line of the body is JSON; send one event a line"))
}

fn from_cloud_event(envelope: Map<String, Value>) -> Result<ChannelEvent, Reject> {
    let fields = cloud_event::unwrap(envelope).map_err(undecodable)?;
    serde_json::from_value(Value::Object(fields)).map_err(|error| no_event(&error))
}

/// The id in an event that cannot be read as a whole, in a field called `name`.
fn id_in(text: &str, name: &str) -> Option<String> {
    let fields: Fields<'_> = serde_json::from_str(text).ok()?;
    let id = if name == "id" { fields.id } else { fields.event_id };
    id.and_then(|id| serde_json::from_str(id.get()).ok()).filter(|id: &String| id.len() <= MAX_ID)
}

/// The fields that may bear an id; all others are passed over.
#[derive(Deserialize)]
struct Fields<'t> {
    #[serde(borrow)]
    id: Option<&'t RawValue>,
    #[serde(borrow)]
    event_id: Option<&'t RawValue>,
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

fn no_event(error: &serde_json::Error) -> Reject {
    undecodable(format!("this is no event: {error}"))
}
