//! Cases, conversations, customers' files and orders as they stand.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use kefu_contracts::Code;
use kefu_contracts::case::Case;
use kefu_contracts::partition::conversation_of;
use kefu_processor::StateRecord;
use kefu_runtime::http::{Api, Caller, Problem, Scope};
use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::case_record::CaseRecord;
use crate::domain::conversation::Conversation;
use crate::domain::customer_file::CustomerFile;
use crate::domain::order_record::OrderRecord;

const CASES: &str = "intake/cases";
const CUSTOMERS: &str = "intake/customers";
const ORDERS: &str = "intake/orders";

pub(super) async fn case(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let conversation_id = conversation_of(&id);
    let known = state::<Conversation>(&api, &caller, CASES, conversation_id).await?;
    let known = known.ok_or_else(|| Problem::not_found("case"))?;
    let found = known.cases.iter().find(|case| *case.case_id == *id);
    let case = found.ok_or_else(|| missing(&known, &id))?;
    Ok(api.read(to_json(&snapshot(&caller, conversation_id, case))))
}

pub(super) async fn conversation(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let known = state::<Conversation>(&api, &caller, CASES, &id).await?;
    let known = known.ok_or_else(|| Problem::not_found("conversation"))?;
    let cases: Vec<Case> = known.cases.iter().map(|case| snapshot(&caller, &id, case)).collect();
    Ok(api.read(json!({
        "conversation_id": id,
        "tenant": *caller.tenant,
        "cases_begun": known.last_ordinal,
        "cases": to_json(&cases),
    })))
}

pub(super) async fn customer(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let file = state::<CustomerFile>(&api, &caller, CUSTOMERS, &id).await?;
    let snapshot = file.and_then(|file| file.snapshot(&caller.tenant, &id));
    let customer = snapshot.ok_or_else(|| Problem::not_found("customer"))?;
    Ok(api.read(to_json(&customer)))
}

pub(super) async fn order(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let record = state::<OrderRecord>(&api, &caller, ORDERS, &id).await?;
    let snapshot = record.and_then(|record| record.snapshot(&caller.tenant, &id));
    let order = snapshot.ok_or_else(|| Problem::not_found("order"))?;
    Ok(api.read(to_json(&order)))
}

async fn state<S: StateRecord>(
    api: &Api,
    caller: &Caller,
    stage: &'static str,
    id: &str,
) -> Result<Option<S>, Problem> {
    caller.must(Scope::Read)?;
    api.state(stage, format!("{}/{id}", caller.tenant)).await
}

fn snapshot(caller: &Caller, conversation_id: &str, case: &CaseRecord) -> Case {
    case.facts.snapshot(&caller.tenant, conversation_id, &case.case_id, case.revision)
}

/// A case that is not kept any more is told apart from one that never was.
fn missing(conversation: &Conversation, case_id: &str) -> Problem {
    let ordinal = case_id.rsplit_once('#').and_then(|(_, ordinal)| ordinal.parse::<u32>().ok());
    if ordinal.is_some_and(|ordinal| (1..=conversation.last_ordinal).contains(&ordinal)) {
        let detail = "the case is over and was put away; its last snapshot is on the topic of cases";
        return Problem::new(StatusCode::NOT_FOUND, Code::NotFound, detail);
    }
    Problem::not_found("case")
}

fn to_json(value: &impl Serialize) -> Value {
    // contract records are plain data, which always has a JSON form
    serde_json::to_value(value).unwrap_or_default()
}
