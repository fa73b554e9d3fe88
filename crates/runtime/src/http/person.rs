//! Commands that people give through an API.
//!
//! Owns how a request becomes a command: `Kefu-Actor` or the body's `actor` says for whom the caller speaks, the rest
//! of the body is the command's data, `Idempotency-Key` its id. What a command does is the matter of the processor that
//! decides it.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kefu_contracts::channel_event::Actor;
use kefu_contracts::command::Command;
use kefu_contracts::{ActorKind, Code, Json};
use serde_json::{Map, Value, json};

use super::auth::{Caller, Scope};
use super::body::read_body_within;
use super::problem::Problem;
use super::server::Api;
use crate::trace;

/// The longest `Idempotency-Key`, in bytes.
const KEY_BYTES_MAX: usize = 256;

/// Hands the command in a request to its processor: `kind` is to be done to `target`. Its body has at most `bytes_max`
/// bytes, unpacked.
///
/// # Errors
/// 400 for a body or key that cannot be read, 413 for a larger body, 403 if the caller may not speak for the actor, 422
/// without an actor, or what the processor answers.
pub async fn command(
    api: &Api,
    caller: &Caller,
    headers: &HeaderMap,
    (body, bytes_max): (Body, usize),
    (kind, target): (&str, String),
) -> Result<Response, Problem> {
    let mut fields = fields(&read_body_within(api, headers, body, bytes_max).await?)?;
    let in_body = fields.remove("actor");
    let actor = actor(in_header(headers).or(in_body))?;
    caller.must(scope_of(actor.kind)?)?;
    let command = Command {
        command_id: command_id(headers)?,
        tenant: caller.tenant.to_string(),
        kind: kind.to_owned(),
        target,
        actor,
        at: api.now(),
        data: Json(Value::Object(fields)),
    };
    api.command(&command).await
}

/// The id of the command in a request: its `Idempotency-Key`, or a new one.
///
/// # Errors
/// 400 if the key is none.
pub fn command_id(headers: &HeaderMap) -> Result<String, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(trace::random_id()) };
    let key = key.to_str().ok().filter(|key| !key.is_empty() && key.len() <= KEY_BYTES_MAX);
    let detail = || format!("the Idempotency-Key is none; send 1 to {KEY_BYTES_MAX} printable characters");
    key.map(str::to_owned).ok_or_else(|| Problem::bad_request(detail()))
}

/// Without a body there is no data.
fn fields(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    serde_json::from_slice(body).map_err(|error| Problem::bad_request(format!("the body is no JSON object: {error}")))
}

/// The actor in `Kefu-Actor: <kind>/<id>`.
fn in_header(headers: &HeaderMap) -> Option<Value> {
    let text = headers.get("kefu-actor")?.to_str().ok()?;
    let (kind, id) = text.split_once('/').unwrap_or((text, ""));
    Some(json!({"kind": kind, "id": id}))
}

fn actor(given: Option<Value>) -> Result<Actor, Problem> {
    let unprocessable = |code: Code, detail: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail);
    let Some(given) = given else {
        let detail = "the actor is missing; say who wants it, as `Kefu-Actor: agent/a-1` or `actor` in the body";
        return Err(unprocessable(Code::MissingField, detail.to_owned()));
    };
    let actor: Actor = serde_json::from_value(given)
        .map_err(|error| unprocessable(Code::InvalidField, format!("`actor` is none: {error}")))?;
    if actor.id.is_empty() {
        return Err(unprocessable(Code::MissingField, "`actor.id` is empty; give the person's id".to_owned()));
    }
    Ok(actor)
}

fn scope_of(kind: ActorKind) -> Result<Scope, Problem> {
    match kind {
        ActorKind::Agent => Ok(Scope::Agent),
        ActorKind::Supervisor => Ok(Scope::Supervisor),
        ActorKind::Customer | ActorKind::Bot | ActorKind::System | ActorKind::Department => {
            let detail = format!("a `{kind}` does not do this; `actor.kind` is agent or supervisor");
            Err(Problem::new(StatusCode::FORBIDDEN, Code::Forbidden, detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_names_the_actor_too() {
        let named = |text: &str| {
            let headers = HeaderMap::from_iter([("kefu-actor".parse().unwrap(), text.parse().unwrap())]);
            actor(in_header(&headers)).map(|actor| (actor.kind, actor.id)).map_err(|problem| problem.status.as_u16())
        };
        assert_eq!(named("supervisor/s/1"), Ok((ActorKind::Supervisor, "s/1".to_owned())));
        assert_eq!(named("agent"), Err(422));
        assert_eq!(named("king/k-1"), Err(422));
    }

    #[test]
    fn an_actor_is_a_person_of_the_shop() {
        let status = |given: Option<Value>| match actor(given) {
            Ok(actor) => scope_of(actor.kind).map_or_else(|problem| problem.status.as_u16(), |_| 200),
            Err(problem) => problem.status.as_u16(),
        };
        for (given, wanted) in [
            (None, 422),
            (Some(json!("a-1")), 422),
            (Some(json!({"kind": "robot", "id": "a-1"})), 422),
            (Some(json!({"kind": "agent", "id": ""})), 422),
            (Some(json!({"kind": "customer", "id": "u-1"})), 403),
            (Some(json!({"kind": "agent", "id": "a-1"})), 200),
            (Some(json!({"kind": "supervisor", "id": "s-1"})), 200),
        ] {
            assert_eq!(status(given.clone()), wanted, "{given:?}");
        }
    }

    #[test]
    fn a_key_is_the_commands_id_and_without_one_each_has_its_own() {
        let none = HeaderMap::new();
        assert_ne!(command_id(&none).unwrap(), command_id(&none).unwrap());
        let with = |key: &str| HeaderMap::from_iter([("idempotency-key".parse().unwrap(), key.parse().unwrap())]);
        assert_eq!(command_id(&with("k-1")).unwrap(), "k-1");
        assert!(command_id(&with("")).is_err() && command_id(&with(&"x".repeat(257))).is_err());
    }
}
