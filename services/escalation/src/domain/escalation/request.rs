//! What people ask of a case's escalations, read from commands, and whether where these stand allows it.

use kefu_contracts::command::Command;
use kefu_contracts::escalation::EscalationReason;
use kefu_contracts::{Code, Reject, Status};
use kefu_policy::Role;
use serde::Deserialize;

use super::act::Act;
use super::difference::Known;

/// The most characters of what somebody says about it.
const NOTE_CHARS_MAX: usize = 2_000;

/// Asks for somebody above; the target is the case.
const ESCALATE: &str = "escalate";
/// Takes note of an escalation; the target is `case_id/escalation_id`.
const ACKNOWLEDGE: &str = "acknowledge";
/// Ends an escalation without an answer of the case; the target is `case_id/escalation_id`.
const CANCEL: &str = "cancel";

/// What a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About<'c> {
    /// The case.
    pub case_id: &'c str,
    /// The escalation; none if the whole case is meant.
    pub escalation_id: Option<&'c str>,
}

/// What a command is about; none if this service does not decide it.
///
/// # Errors
/// If the target names no escalation.
pub fn about(command: &Command) -> Option<Result<About<'_>, Reject>> {
    match command.kind.as_str() {
        ESCALATE => Some(Ok(About { case_id: &command.target, escalation_id: None })),
        ACKNOWLEDGE | CANCEL => Some(match command.target.rsplit_once('/') {
            Some((case_id, escalation_id)) => Ok(About { case_id, escalation_id: Some(escalation_id) }),
            None => {
                let detail = format!("target `{}` is no escalation; write <case_id>/<escalation_id>", command.target);
                Err(Reject::new(Code::InvalidField, detail))
            }
        }),
        _ => None,
    }
}

/// The fields of a command's data.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Fields {
    note: Option<String>,
    reason: Option<String>,
    to: Option<String>,
}

/// What a command does, and what its author says about it. `known` is the escalation it is about, if it is about one,
/// and `status` the case's.
///
/// # Errors
/// If a field is missing or wrong, there is no such case or escalation, or its state does not allow it.
pub fn read(command: &Command, known: Option<&Known>, status: Option<Status>) -> Result<(Act, Option<String>), Reject> {
    let data = &command.data.0;
    let fields = if data.is_null() { Ok(Fields::default()) } else { Fields::deserialize(data) };
    let fields = fields.map_err(|error| Reject::new(Code::InvalidField, format!("data: {error}")))?;
    if command.kind == ESCALATE {
        return Ok((escalate(&fields, status)?, text("note", fields.note)?));
    }
    let Some(known) = known else {
        let detail = "the case has no such escalation; see GET /v1/cases/{id}/escalations";
        return Err(Reject::new(Code::NotFound, detail));
    };
    if !known.state.is_open() {
        let detail = format!("the escalation is {}; there is nothing left to do", known.state.as_str());
        return Err(Reject::new(Code::Conflict, detail));
    }
    if command.kind == ACKNOWLEDGE {
        return Ok((Act::Acknowledge(known.which()), text("note", fields.note)?));
    }
    let missing = || Reject::new(Code::MissingField, "data.reason is missing; say why it needs no answer");
    let reason = text("reason", fields.reason)?.ok_or_else(missing)?;
    Ok((Act::Cancel(known.which()), Some(reason)))
}

fn escalate(fields: &Fields, status: Option<Status>) -> Result<Act, Reject> {
    match status {
        None => return Err(Reject::new(Code::NotFound, "there is no such case")),
        Some(status) if !status.is_live() => {
            let detail = format!("the case is {}; reopen it first", status.as_str());
            return Err(Reject::new(Code::CaseClosed, detail));
        }
        Some(_) => {}
    }
    let invalid = |detail: String| Reject::new(Code::InvalidField, detail);
    let to = fields.to.as_deref().map_or(Ok(Role::Supervisor), str::parse);
    let to = to.map_err(|error| invalid(format!("data.to: {error}")))?;
    let reason = match fields.reason.as_deref() {
        None | Some("complexity") => EscalationReason::Complexity,
        Some("customer_request") => EscalationReason::CustomerRequest,
        Some(other) => {
            let detail = format!("data.reason: `{other}` is no reason of a person; use complexity or customer_request");
            return Err(invalid(detail));
        }
    };
    Ok(Act::Escalate { to, reason })
}

/// A text that says something and is not too long.
fn text(field: &str, given: Option<String>) -> Result<Option<String>, Reject> {
    let Some(given) = given.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    if given.chars().count() > NOTE_CHARS_MAX {
        let detail = format!("data.{field} has more than {NOTE_CHARS_MAX} characters; shorten it");
        return Err(Reject::new(Code::TooLarge, detail));
    }
    Ok(Some(given))
}
