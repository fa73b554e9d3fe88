//! What every service shows: whether it is well, its metrics, its document, how commands stand, what codes mean.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use kefu_contracts::command::CommandResult;
use kefu_contracts::rejection::{HttpCode, ProblemCode};
use serde_json::{Value, json};

use super::auth::{Caller, Scope};
use super::openapi::{Operation, Routes};
use super::problem::Problem;
use super::server::Api;
use crate::commands::Standing;
use crate::metrics::Metrics;

/// When whoever waits for a command's answer should ask again, in seconds.
const ASK_AGAIN_S: u32 = 1;

const HEALTH: Operation =
    Operation::open("Whether it is alive").answers(&[(200, "it is"), (503, "a thread has not turned for a minute")]);

const READINESS: Operation = Operation::open("Whether requests can be sent to it").answers(&[
    (200, "they can; the lines after the first say what it waits for now, if there is anything"),
    (503, "it starts and has not taken over what is its own yet, or it ends; `errors` says what is missing"),
]);

const METRICS: Operation = Operation::open("Its metrics, for Prometheus").answers(&[(200, "in OpenMetrics' text")]);

const DOCUMENT: Operation = Operation::open("This document").answers(&[(200, "OpenAPI 3.1")]);

const CODE: Operation = Operation::open("What a problem's code means, and what to do; where a problem's `type` leads")
    .answers(&[(200, "the page, in Markdown")]);

const COMMAND: Operation = Operation::of(
    &[Scope::Read, Scope::Agent, Scope::Supervisor, Scope::Admin],
    "The answer to a command, by its Idempotency-Key",
)
.answers(&[
    (200, "it was done, or with another status below 300; the result"),
    (202, "it is under way; ask again after Retry-After"),
    (404, "no such command of the last hours is known; or the answer itself"),
]);

/// The routes, and what they say of themselves.
pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/healthz", HEALTH, healthz)
        .get("/readyz", READINESS, readyz)
        .get("/metrics", METRICS, metrics)
        .get("/openapi.json", DOCUMENT, openapi)
        .get("/rejections/{code}", CODE, rejection)
        .get("/v1/commands/{id}", COMMAND, command)
}

/// What is wrong with whoever is not well.
pub(super) const STUCK: &str = "stuck";
pub(super) const NOT_READY: &str = "not ready";

async fn healthz(State(api): State<Api>) -> Result<&'static str, Problem> {
    well(api.readiness().stuck(), STUCK).map(|()| "ok\n")
}

async fn readyz(State(api): State<Api>) -> Result<String, Problem> {
    well(api.readiness().missing(), NOT_READY)?;
    Ok(format!("ready\n{}", api.readiness().waits().iter().map(|what| format!("{what}\n")).collect::<String>()))
}

/// 503 if there is something wrong.
pub(super) fn well(wrong: Vec<String>, so: &str) -> Result<(), Problem> {
    if wrong.is_empty() {
        return Ok(());
    }
    let detail = format!("{so}: {}", wrong.join("; "));
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, HttpCode::Unavailable, detail).errors(wrong))
}

async fn metrics(State(api): State<Api>) -> Response {
    metrics_of(api.metrics())
}

pub(super) fn metrics_of(metrics: &Metrics) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], metrics.text()).into_response()
}

async fn openapi(State(api): State<Api>) -> Json<Value> {
    Json(api.document().clone())
}

async fn rejection(Path(code): Path<String>) -> Result<Response, Problem> {
    let code = ProblemCode::parse(&code).ok_or_else(|| Problem::not_found("code"))?;
    Ok(([(CONTENT_TYPE, "text/markdown; charset=utf-8")], code.page()).into_response())
}

async fn command(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    caller.must_one_of(&[Scope::Read, Scope::Agent, Scope::Supervisor, Scope::Admin])?;
    match api.commands().results().standing(&caller.tenant, &id) {
        Some(Standing::Answered(result)) => answer(result),
        Some(Standing::UnderWay) => Ok(under_way(&id)),
        None => Err(Problem::not_found("command")),
    }
}

/// 202: the command is taken, but not answered yet.
pub(super) fn under_way(id: &str) -> Response {
    let headers: [(HeaderName, String); 2] =
        [(LOCATION, format!("/v1/commands/{}", encode_segment(id))), (RETRY_AFTER, ASK_AGAIN_S.to_string())];
    (StatusCode::ACCEPTED, headers, Json(json!({"command_id": id, "status": "pending"}))).into_response()
}

/// A processor's answer.
pub(super) fn answer(result: CommandResult) -> Result<Response, Problem> {
    let status = u16::try_from(result.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_success() {
        return Ok((status, Json(result.body.0)).into_response());
    }
    let code = result.code.as_deref().and_then(ProblemCode::parse).unwrap_or(HttpCode::Refused.into());
    Err(Problem::new(status, code, result.detail.unwrap_or_default()))
}

/// Percent-encodes a path segment.
fn encode_segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use kefu_contracts::{Code, Json, Timestamp};

    use super::*;

    #[test]
    fn a_code_of_a_newer_release_keeps_its_status_and_detail() {
        let refused = |code: &str| {
            let result = CommandResult {
                command_id: "k-1".into(),
                tenant: "demo".into(),
                status: 409,
                code: Some(code.into()),
                detail: Some("the handover is frozen".into()),
                body: Json(Value::Null),
                at: Timestamp::from_ms(0),
                request: None,
            };
            answer(result).unwrap_err()
        };
        assert_eq!(refused("conflict").code, Code::Conflict.into());
        let unknown = refused("frozen");
        assert_eq!((unknown.status.as_u16(), unknown.code), (409, HttpCode::Refused.into()));
        assert_eq!(unknown.detail, "the handover is frozen");
    }

    #[test]
    fn a_location_can_hold_any_key() {
        assert_eq!(encode_segment("k-1/ä #?"), "k-1%2F%C3%A4%20%23%3F");
    }
}
