//! Facts and commands for tests.

use kefu_contracts::case_event::{CaseContext, CaseEvent, FactKind};
use kefu_contracts::channel_event::Actor;
use kefu_contracts::command::Command;
use kefu_contracts::{ActorKind, Channel, Json, Timestamp};

/// A fact of case `demo/c-1#1`, by its customer; an empty text is none.
pub(crate) fn fact(at_ms: i64, cause_id: &str, n: i64, kind: FactKind, text: &str) -> CaseEvent {
    CaseEvent {
        event_id: format!("{cause_id}/{n}/{}", kind.as_str()),
        cause_id: cause_id.to_owned(),
        n,
        case_id: "c-1#1".to_owned(),
        tenant: "demo".to_owned(),
        at: Timestamp::from_ms(at_ms),
        kind,
        retracts: None,
        actor: Some(Actor { kind: ActorKind::Customer, id: "u-1".to_owned(), name: None }),
        from: None,
        to: None,
        text: Some(text.to_owned()).filter(|text| !text.is_empty()),
        data: None,
        channel: Channel::Chat,
        policy_version: None,
        classification: None,
        context: CaseContext::default(),
    }
}

/// A command about article `demo/a-1`.
pub(crate) fn command(at_ms: i64, id: &str, kind: &str, data: serde_json::Value) -> Command {
    Command {
        command_id: id.to_owned(),
        tenant: "demo".to_owned(),
        kind: kind.to_owned(),
        target: "a-1".to_owned(),
        actor: Actor { kind: ActorKind::Supervisor, id: "s-1".to_owned(), name: None },
        at: Timestamp::from_ms(at_ms),
        data: Json(data),
    }
}
