//! The escalations of a case: who was told of what, and what people did about it.

use axum::extract::{Path, State};
use axum::response::Response;
use kefu_runtime::http::{Api, Caller, Problem, Scope};
use serde_json::{Value, json};

use crate::clocks::CaseClocks;
use crate::domain::clock::replay::replay;
use crate::domain::escalation::Raised;
use crate::domain::escalation::act::Acted;
use crate::records::CaseKey;

pub(super) async fn escalations(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.must(Scope::Read)?;
    let key = format!("{}/{id}", caller.tenant);
    let known: Option<CaseClocks> = api.state("escalation/clocks", key.clone()).await?;
    let known = known.ok_or_else(|| Problem::not_found("case with clocks"))?;
    let policies = api.policies();
    let outcome = replay(known.played(), policies.history(&caller.tenant));
    let told = outcome.raised.iter().filter_map(|raised| {
        let known = known.escalations.iter().find(|known| known.which() == raised.which())?;
        // contract records are plain data, which always has a JSON form
        let mut told = serde_json::to_value(CaseKey::new(&key).escalation(known).1).unwrap_or_default();
        more(&mut told, raised);
        Some(told)
    });
    Ok(api.read(json!({"case_id": id, "tenant": *caller.tenant, "escalations": told.collect::<Vec<_>>()})))
}

/// What the snapshot does not say.
fn more(told: &mut Value, raised: &Raised) {
    let notices = raised.told.iter().map(|(at, to)| json!({"at": at, "role": to.role, "person": to.person}));
    told["told"] = notices.collect();
    told["last_act"] = raised.acted.as_ref().map_or(Value::Null, act);
    told["followed_until"] = json!(raised.tracked_until());
}

fn act(acted: &Acted) -> Value {
    json!({"at": acted.at, "by": {"kind": acted.by.kind, "id": acted.by.id}, "note": acted.note})
}
