//! What the fields of a fact's record say.

use kefu_contracts::case_event::{CaseEvent, FactKind};
use kefu_contracts::{ActorKind, Code, Priority, Reject, Status, Timestamp};

/// The reason that a reply carries if it was stamped shortly before the message at which it counts.
const CLOCK_SKEW: &str = "clock_skew";

/// Whether the fact answers to others of its instant: what kefu's services did, and a reply that was stamped shortly
/// before the message it answers and counts at that message.
pub(super) fn answers(event: &CaseEvent) -> bool {
    let internal = match event.actor.as_ref().map(|actor| actor.kind) {
        Some(ActorKind::Bot | ActorKind::System) => true,
        Some(_) => false,
        None => matches!(event.kind, FactKind::Classified | FactKind::PriorityChanged),
    };
    internal || is_skewed(event)
}

pub(super) fn is_skewed(event: &CaseEvent) -> bool {
    let reason = event.data.as_ref().and_then(|data| data.reason.as_deref());
    event.kind == FactKind::Reply && reason == Some(CLOCK_SKEW)
}

pub(super) fn into_itself(event: &CaseEvent) -> bool {
    let into = event.data.as_ref().and_then(|data| data.into_case_id.as_ref()).or(event.to.as_ref());
    into == Some(&event.case_id)
}

pub(super) fn status(event: &CaseEvent) -> Result<Status, Reject> {
    let to = event.to.as_deref().unwrap_or_default();
    to.parse().map_err(|error| Reject::new(Code::InvalidField, format!("status_changed: `to`: {error}")))
}

pub(super) fn priority(event: &CaseEvent) -> Result<Option<Priority>, Reject> {
    let parsed = event.to.as_deref().map(str::parse).transpose();
    parsed.map_err(|error| Reject::new(Code::InvalidField, format!("priority_changed: `to`: {error}")))
}

pub(super) fn promised(event: &CaseEvent) -> Result<Timestamp, Reject> {
    let due_at = event.data.as_ref().and_then(|data| data.due_at);
    due_at.ok_or_else(|| Reject::new(Code::MissingField, "promised: no `due_at`; give the instant that was promised"))
}
