//! The HTTP API: handovers and attendance at shifts.
//!
//! Owns which request is which command. Who may do what, and when, is the `domain`'s matter.

use axum::extract::{Path, State};
use axum::response::Response;
use kefu_contracts::codec::Codec;
use kefu_runtime::http::{Api, Caller, CommandMethod, Operation, Problem, Routes, Scope};
use kefu_runtime::lifecycle::Definition;
use serde_json::json;

use crate::handovers::Desk;
use crate::shifts::ShiftState;

const HANDOVER: Operation = Operation::of(&[Scope::Read], "A handover as it stands").answers(&[(200, "the handover")]);

const SHIFT: Operation = Operation::of(&[Scope::Read], "A shift: who is expected, came and left")
    .answers(&[(200, "the shift; its id is team/name/date, percent-encoded in the path")]);

/// What people do with a handover: path, command, summary.
const HANDOVER_COMMANDS: [(&str, &str, &str); 11] = [
    ("start-review", "start_review", "Claim a handover as the incoming agent and begin to go through it"),
    ("remarks", "add_remark", "Add a remark"),
    ("items", "add_item", "Add an item, or write to one"),
    ("questions", "ask", "Ask about the record"),
    ("answers", "answer_question", "Answer a question"),
    ("read-back", "read_back", "Say in one's own words what one takes over"),
    ("sign-out", "sign_out", "Sign as the outgoing agent"),
    ("sign-in", "sign_in", "Sign as the incoming agent; responsibility moves"),
    ("problems", "report_problem", "Report a problem"),
    ("amendments", "amend", "Add something after both signed"),
    ("audit", "audit", "Close the supervisor's audit"),
];

/// What people do with a shift.
const SHIFT_COMMANDS: [(&str, &str, &str); 5] = [
    ("check-in", "check_in", "Come to a shift"),
    ("check-out", "check_out", "Leave a shift"),
    ("absences", "absence", "Say that one does not come"),
    ("swap-requests", "swap_request", "Ask somebody else to work a shift"),
    ("swap-acceptances", "swap_accept", "Work a shift in another's place"),
];

/// The service as a process runs it.
pub fn definition(_: &Codec) -> Definition {
    let reads = Routes::default().get("/v1/handovers/{id}", HANDOVER, handover).get("/v1/shifts/{id}", SHIFT, shift);
    let commands = |routes: Routes, (of, path, kind, summary): (&str, &str, &'static str, &'static str)| {
        routes.command(CommandMethod::Post, &format!("/v1/{of}/{{id}}/{path}"), kind, summary)
    };
    let of_handovers = HANDOVER_COMMANDS.map(|(path, kind, summary)| ("handovers", path, kind, summary));
    let of_shifts = SHIFT_COMMANDS.map(|(path, kind, summary)| ("shifts", path, kind, summary));
    let routes = of_handovers.into_iter().chain(of_shifts).fold(reads, commands);
    let paths = routes.paths();
    Definition { service: crate::service(), routes: routes.router, paths, views: Vec::new() }
}

async fn handover(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    caller.must(Scope::Read)?;
    let desk: Option<Desk> = api.state("handover/handovers", format!("{}/{id}", caller.tenant)).await?;
    let life = desk.and_then(|desk| desk.life).ok_or_else(|| Problem::not_found("handover"))?;
    // contract records are plain data, which always has a JSON form
    Ok(api.read(serde_json::to_value(&life.record).unwrap_or_default()))
}

async fn shift(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    caller.must(Scope::Read)?;
    let state: Option<ShiftState> = api.state("handover/shifts", format!("{}/{id}", caller.tenant)).await?;
    let known = state.and_then(|state| state.known).ok_or_else(|| Problem::not_found("shift"))?;
    let attendance = &known.attendance;
    let visits = |person: &String| {
        let visits = attendance.visits.get(person).into_iter().flatten();
        visits.map(|visit| json!({"came_at": visit.came, "left_at": visit.left})).collect::<Vec<_>>()
    };
    let came: serde_json::Map<_, _> =
        attendance.visits.keys().map(|person| (person.clone(), json!(visits(person)))).collect();
    Ok(api.read(json!({
        "shift_id": known.shift.shift_id,
        "team": known.shift.team,
        "start": known.shift.start,
        "end": known.shift.end,
        "expected": attendance.expected(),
        "absent": attendance.absent,
        "swaps": attendance.swaps.iter().map(|swap| {
            json!({"from": swap.from, "to": swap.to, "accepted_at": swap.accepted_at})
        }).collect::<Vec<_>>(),
        "attendance": came,
    })))
}
