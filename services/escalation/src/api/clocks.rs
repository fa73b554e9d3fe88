//! The clocks of a case, explained.

use axum::extract::{Path, State};
use axum::response::Response;
use kefu_contracts::Timestamp;
use kefu_runtime::http::{Api, Caller, Problem, Scope};
use serde_json::{Value, json};

use crate::clocks::CaseClocks;
use crate::domain::clock::ClockEvent;
use crate::domain::clock::explanation::{Explained, Stretch, explain};
use crate::domain::clock::replay::replay;

/// Open intervals listed of one stretch; a clock that runs for months is not listed day by day.
const INTERVALS_MAX: usize = 100;

pub(super) async fn clocks(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.must(Scope::Read)?;
    let known: Option<CaseClocks> = api.state("escalation/clocks", format!("{}/{id}", caller.tenant)).await?;
    let known = known.ok_or_else(|| Problem::not_found("case with clocks"))?;
    let policies = api.policies();
    let outcome = replay(known.played(), policies.history(&caller.tenant));
    let now = api.now();
    let clocks: Vec<Value> = explain(&outcome.events).iter().map(|clock| to_json(clock, now)).collect();
    Ok(api.read(json!({"case_id": id, "tenant": *caller.tenant, "as_of": now, "clocks": clocks})))
}

fn to_json(clock: &Explained<'_, '_>, now: Timestamp) -> Value {
    let last = clock.last();
    let stretches: Vec<Value> = clock.stretches().iter().map(|stretch| stretch_json(stretch, last, now)).collect();
    json!({
        "metric": last.clock.metric,
        "ordinal": last.clock.ordinal,
        "state": last.kind,
        "due_at": last.due_at,
        "elapsed_ms": last.elapsed_ms,
        "elapsed_at": last.at,
        "target_ms": last.terms.target_ms,
        "breached_at": last.breach_at,
        "policy": last.terms.rule.map(|rule| rule.name.as_str()),
        "policy_version": last.terms.policy.version,
        "calendar": last.terms.calendar_name,
        "timezone": last.terms.calendar.zone().name(),
        "stretches": stretches,
        "events": clock.events.iter().map(|event| event_json(event)).collect::<Vec<_>>(),
    })
}

/// A stretch that goes on ends now.
fn stretch_json(stretch: &Stretch, last: &ClockEvent<'_>, now: Timestamp) -> Value {
    let until = stretch.until.unwrap_or(now).max(stretch.from);
    if !stretch.counts {
        return json!({"paused_from": stretch.from, "until": stretch.until});
    }
    let calendar = last.terms.calendar;
    let open: Vec<Value> = calendar
        .open_intervals(stretch.from.ms(), until.ms())
        .take(INTERVALS_MAX)
        .map(|(from, to)| json!({"from": Timestamp::from_ms(from), "until": Timestamp::from_ms(to)}))
        .collect();
    json!({
        "counted_from": stretch.from,
        "until": stretch.until,
        "counted_ms": calendar.business_ms_between(stretch.from.ms(), until.ms()),
        "open": open,
    })
}

fn event_json(event: &ClockEvent<'_>) -> Value {
    json!({
        "event": event.kind,
        "at": event.at,
        "due_at": event.due_at,
        "elapsed_ms": event.elapsed_ms,
        "policy_version": event.terms.policy.version,
        "reason": event.reason.map(|reason| reason.as_str()),
    })
}
