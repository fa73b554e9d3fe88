//! The tenant's policies: read, check, put into force.

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use kefu_contracts::rejection::HttpCode;
use kefu_contracts::topic::POLICIES;
use kefu_contracts::{Code, Timestamp};
use kefu_policy::{Format, Policy};
use kefu_runtime::backend::NewRecord;
use kefu_runtime::http::{Api, Caller, Problem, Scope, read_body};
use serde::Deserialize;
use serde_json::{Value, json};

/// What a document may be written in.
pub(super) const MEDIA_TYPES: &[&str] = &["application/json", "application/yaml", "application/toml"];

/// How far ahead a policy takes force at least, in milliseconds, so that every instance knows it by then.
const AHEAD_MS: i64 = 60_000;

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    dry_run: bool,
}

pub(super) async fn policies(State(api): State<Api>, caller: Caller) -> Result<Response, Problem> {
    caller.must(Scope::Read)?;
    let known = api.policies();
    let history = known.history(&caller.tenant);
    let in_force = history.in_force(api.now().ms());
    let versions: Vec<Value> = history
        .versions()
        .map(|policy| json!({"version": policy.version, "effective_from": policy.effective_from, "document": policy}))
        .collect();
    Ok(api.read(json!({"tenant": *caller.tenant, "in_force": in_force.version, "policies": versions})))
}

pub(super) async fn new_policy(
    State(api): State<Api>,
    caller: Caller,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    caller.must(Scope::Admin)?;
    let format = format_of(&headers)?;
    let body = read_body(&api, &headers, body).await?;
    let text = std::str::from_utf8(&body).map_err(|error| Problem::bad_request(format!("no UTF-8: {error}")))?;
    let (mut policy, warnings) =
        kefu_policy::parse(text, format).map_err(|faults| faulty(faults.iter().map(ToString::to_string).collect()))?;
    check(&api, &caller, &mut policy)?;
    let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    let told = json!({
        "version": policy.version, "effective_from": policy.effective_from, "warnings": warnings,
        "dry_run": asked.dry_run,
    });
    if asked.dry_run {
        return Ok(Json(told).into_response());
    }
    append(&api, &headers, &policy).await?;
    Ok((StatusCode::CREATED, Json(told)).into_response())
}

/// Checks what depends on who sends the policy, when, and what there was before.
fn check(api: &Api, caller: &Caller, policy: &mut Policy) -> Result<(), Problem> {
    if policy.tenant != *caller.tenant {
        let detail = format!("the policy is of tenant `{}`; send it with a key of that tenant", policy.tenant);
        return Err(Problem::new(StatusCode::FORBIDDEN, Code::Forbidden, detail));
    }
    let earliest = api.now().plus_ms(AHEAD_MS);
    policy.effective_from = Some(effective_from(policy.effective_from, earliest)?);
    if api.policies().history(&caller.tenant).versions().any(|known| known.version == policy.version) {
        let detail = format!("version {} exists; versions are never rewritten, give the next one", policy.version);
        return Err(Problem::new(StatusCode::CONFLICT, Code::Conflict, detail));
    }
    Ok(())
}

fn effective_from(given: Option<Timestamp>, earliest: Timestamp) -> Result<Timestamp, Problem> {
    match given {
        Some(given) if given < earliest => {
            Err(faulty(vec![format!("effective_from: {given} is less than 60 s ahead; write {earliest} or later")]))
        }
        given => Ok(given.unwrap_or(earliest)),
    }
}

async fn append(api: &Api, headers: &HeaderMap, policy: &Policy) -> Result<(), Problem> {
    let unwritable = |error: String| {
        tracing::error!(error, version = policy.version, "a checked policy cannot be written");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            HttpCode::Unwritable,
            "the policy cannot be written; see the log",
        )
    };
    let record = policy.to_record().map_err(|error| unwritable(error.to_string()))?;
    let key = format!("{}/{}", record.tenant, record.version);
    let record = NewRecord::new(api.codec(), &POLICIES, key, &record, api.now())
        .map_err(|error| unwritable(error.to_string()))?;
    let record = NewRecord { traceparent: Some(api.traceparent(headers)), ..record };
    for result in api.backend().append(vec![record]).await {
        result?;
    }
    Ok(())
}

fn faulty(faults: Vec<String>) -> Problem {
    let detail = format!("the policy has {} fault(s); see `errors`", faults.len());
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidPolicy, detail).errors(faults)
}

fn format_of(headers: &HeaderMap) -> Result<Format, Problem> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/json" => Ok(Format::Json),
        "application/yaml" | "application/x-yaml" | "text/yaml" => Ok(Format::Yaml),
        "application/toml" => Ok(Format::Toml),
        other => {
            let detail = format!("media type `{other}` is not known; use {}", MEDIA_TYPES.join(", "));
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, HttpCode::UnsupportedMediaType, detail))
        }
    }
}
