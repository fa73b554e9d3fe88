//! What people do through the APIs, and the answers they get.

use apache_avro::AvroSchema;
use serde::{Deserialize, Serialize};

use crate::channel_event::Actor;
use crate::{Json, Timestamp};

/// Something a person wants done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Command {
    /// The request's `Idempotency-Key`, or an id made by the API.
    pub command_id: String,
    /// The shop.
    pub tenant: String,
    /// What is to be done.
    pub kind: String,
    /// What it is to be done to.
    pub target: String,
    /// Who wants it.
    pub actor: Actor,
    /// When the API took it.
    pub at: Timestamp,
    /// The fields of this kind.
    #[serde(default = "no_fields")]
    #[avro(default = r#""{}""#)]
    pub data: Json,
}

/// The schema's default: an object, so that a command without data reads the same from Avro and from JSON.
fn no_fields() -> Json {
    Json(serde_json::Value::Object(serde_json::Map::new()))
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct CommandResult {
    /// The command answered.
    pub command_id: String,
    /// The shop.
    pub tenant: String,
    /// The HTTP status of the answer.
    pub status: i64,
    /// The code of a refusal.
    pub code: Option<String>,
    /// What was wrong, for a person.
    pub detail: Option<String>,
    /// The answer's body.
    pub body: Json,
    /// When it was decided.
    pub at: Timestamp,
}
