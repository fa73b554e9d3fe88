//! Surveys and follow-ups as they stand, and the links to surveys.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use kefu_contracts::Code;
use kefu_contracts::rejection::HttpCode;
use kefu_contracts::survey::{Survey, SurveyState};
use kefu_runtime::http::{Api, Caller, Problem, Scope};
use serde_json::json;

use super::links::Links;
use crate::follow_ups::FollowUpRecord;
use crate::surveys::SurveyRecord;

/// What is remembered of a survey; none if there is no such survey.
///
/// # Errors
/// 503 if it cannot be read.
pub(super) async fn record_of(api: &Api, tenant: &str, id: &str) -> Result<Option<SurveyRecord>, Problem> {
    api.state("satisfaction-survey/surveys", format!("{tenant}/{id}")).await
}

async fn survey_of(api: &Api, tenant: &str, id: &str) -> Result<Option<Survey>, Problem> {
    Ok(record_of(api, tenant, id).await?.and_then(|record| record.survey))
}

pub(super) async fn survey(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.must(Scope::Read)?;
    let survey = survey_of(&api, &caller.tenant, &id).await?.ok_or_else(|| Problem::not_found("survey"))?;
    // contract records are plain data, which always has a JSON form
    Ok(api.read(serde_json::to_value(&survey).unwrap_or_default()))
}

pub(super) async fn link(
    State(api): State<Api>,
    Extension(links): Extension<Arc<Links>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.must(Scope::Ingest)?;
    let survey = survey_of(&api, &caller.tenant, &id).await?.ok_or_else(|| Problem::not_found("survey"))?;
    if survey.state != SurveyState::Invited {
        let detail = format!("the survey is {}; nobody is asked to answer it", survey.state);
        return Err(Problem::new(StatusCode::CONFLICT, Code::Conflict, detail));
    }
    let token = links.sign(&caller.tenant, &id, survey.expires_at).ok_or_else(|| {
        let detail = "no key signs links for this tenant; configure one under survey_keys";
        Problem::new(StatusCode::NOT_IMPLEMENTED, HttpCode::NoSurveyKey, detail)
    })?;
    Ok(api.read(json!({"survey_id": id, "path": format!("/s/{token}"), "expires_at": survey.expires_at})))
}

pub(super) async fn follow_up(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.must(Scope::Read)?;
    let key = format!("{}/{id}", caller.tenant);
    let record: Option<FollowUpRecord> = api.state("satisfaction-survey/follow_ups", key).await?;
    let follow_up = record.and_then(|record| record.follow_up).ok_or_else(|| Problem::not_found("follow-up"))?;
    Ok(api.read(serde_json::to_value(&follow_up).unwrap_or_default()))
}
