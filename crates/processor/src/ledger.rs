//! Which commands a key has answered, so that the same command gets the same answer.
//!
//! Owns the memory of answers by command id. What a command does, and what the answer says, is its service's matter.

use kefu_contracts::command::{Command, CommandResult};
use kefu_contracts::id::hash_64;
use kefu_contracts::{Code, Json, Timestamp};
use serde::{Deserialize, Serialize};

/// How long an answer is remembered, in milliseconds of command time.
pub const REMEMBERED_MS: i64 = 72 * 3_600_000;

/// A key that answers more than this many commands in [`REMEMBERED_MS`] forgets the oldest: it keeps a state bounded
/// that a client floods.
const MOST_ANSWERS: usize = 512;

/// The answers of one key; part of its state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// In the order of `asked_at`.
    answers: Vec<Answered>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Answered {
    id: u64,
    body: u64,
    asked_at: Timestamp,
    status: i64,
    code: Option<String>,
    detail: Option<String>,
    answer: Json,
    at: Timestamp,
}

impl Answered {
    fn is_over_at(&self, now: Timestamp) -> bool {
        self.asked_at.plus_ms(REMEMBERED_MS) < now
    }
}

/// What the ledger says of a command that it has seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// The answer given before, to be given again.
    Answered(CommandResult),
    /// The id was used for another command: the refusal to be given.
    Mismatch(CommandResult),
}

impl Seen {
    /// The answer to give.
    pub fn into_result(self) -> CommandResult {
        match self {
            Seen::Answered(result) | Seen::Mismatch(result) => result,
        }
    }
}

impl Ledger {
    /// What is to be answered to a command whose id was used before; none if it is new.
    pub fn seen(&self, command: &Command) -> Option<Seen> {
        let id = hash_64(&[&command.command_id]);
        let mut remembered = self.answers.iter().filter(|answered| !answered.is_over_at(command.at));
        let found = remembered.find(|answered| answered.id == id)?;
        Some(if found.body == body_hash(command) {
            Seen::Answered(CommandResult {
                command_id: command.command_id.clone(),
                tenant: command.tenant.clone(),
                status: found.status,
                code: found.code.clone(),
                detail: found.detail.clone(),
                body: found.answer.clone(),
                at: found.at,
            })
        } else {
            let detail = format!("the key was used for another request in the last 72 h; send `{}` anew", command.kind);
            Seen::Mismatch(refusal(command, 422, Code::IdempotencyMismatch, detail))
        })
    }

    /// Remembers the answer to a new command, and forgets those that are too old by then.
    pub fn record(&mut self, command: &Command, result: &CommandResult) {
        self.expire(command.at);
        let place = self.answers.partition_point(|answered| answered.asked_at <= command.at);
        self.answers.insert(
            place,
            Answered {
                id: hash_64(&[&command.command_id]),
                body: body_hash(command),
                asked_at: command.at,
                status: result.status,
                code: result.code.clone(),
                detail: result.detail.clone(),
                answer: result.body.clone(),
                at: result.at,
            },
        );
        let surplus = self.answers.len().saturating_sub(MOST_ANSWERS);
        self.answers.drain(..surplus);
    }

    /// Forgets what is more than 72 h old at `now`; for a timer at [`Ledger::next_expiry`].
    pub fn expire(&mut self, now: Timestamp) {
        self.answers.retain(|answered| !answered.is_over_at(now));
    }

    /// The instant from which [`Ledger::expire`] has something to forget.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.answers.first().map(|answered| answered.asked_at.plus_ms(REMEMBERED_MS + 1))
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }
}

/// The answer to a command that was done: an HTTP status below 300 and a body.
pub fn done(command: &Command, status: i64, body: serde_json::Value) -> CommandResult {
    CommandResult {
        command_id: command.command_id.clone(),
        tenant: command.tenant.clone(),
        status,
        code: None,
        detail: None,
        body: Json(body),
        at: command.at,
    }
}

/// The answer to a command that is refused: an HTTP status, a code, and what to do.
pub fn refusal(command: &Command, status: i64, code: Code, detail: impl Into<String>) -> CommandResult {
    let detail = detail.into();
    CommandResult {
        code: Some(code.as_str().to_owned()),
        detail: Some(detail),
        ..done(command, status, serde_json::Value::Null)
    }
}

/// Everything that makes it the same request: who wants what done to what.
fn body_hash(command: &Command) -> u64 {
    let data = command.data.0.to_string();
    hash_64(&[&command.kind, &command.target, command.actor.kind.as_str(), &command.actor.id, &data])
}

#[cfg(test)]
mod tests {
    use kefu_contracts::ActorKind;
    use kefu_contracts::channel_event::Actor;
    use serde_json::json;

    use super::*;

    fn command(id: &str, at_ms: i64, data: serde_json::Value) -> Command {
        Command {
            command_id: id.into(),
            tenant: "demo".into(),
            kind: "article_put".into(),
            target: "a-1".into(),
            actor: Actor { kind: ActorKind::Agent, id: "s-1".into(), name: None },
            at: Timestamp::from_ms(at_ms),
            data: Json(data),
        }
    }

    #[test]
    fn the_same_command_gets_the_same_answer_and_another_body_a_refusal() {
        let mut ledger = Ledger::default();
        let first = command("k-1", 5, json!({"title": "a"}));
        assert_eq!(ledger.seen(&first), None);
        let answer = done(&first, 201, json!({"version": 1}));
        ledger.record(&first, &answer);
        let again = Command { at: Timestamp::from_ms(9), ..first.clone() };
        assert_eq!(ledger.seen(&again), Some(Seen::Answered(answer)));
        let other = Command { data: Json(json!({"title": "b"})), ..first };
        let refused = ledger.seen(&other).unwrap().into_result();
        assert_eq!((refused.status, refused.code.as_deref()), (422, Some("idempotency_mismatch")));
    }

    #[test]
    fn answers_are_remembered_for_72_hours() {
        let mut ledger = Ledger::default();
        let first = command("k-1", 0, json!(null));
        ledger.record(&first, &done(&first, 200, json!(null)));
        let expiry = ledger.next_expiry().unwrap();
        ledger.expire(expiry.plus_ms(-1));
        assert!(ledger.seen(&first).is_some());
        ledger.expire(expiry);
        assert!(ledger.is_empty() && ledger.next_expiry().is_none());

        ledger.record(&first, &done(&first, 200, json!(null)));
        let in_time = command("k-2", REMEMBERED_MS, json!(null));
        ledger.record(&in_time, &done(&in_time, 200, json!(null)));
        assert!(ledger.seen(&first).is_some());
        let later = command("k-3", REMEMBERED_MS + 1, json!(null));
        ledger.record(&later, &done(&later, 200, json!(null)));
        assert!(ledger.seen(&first).is_none() && ledger.seen(&in_time).is_some());
    }

    #[test]
    fn a_flood_forgets_the_oldest() {
        let mut ledger = Ledger::default();
        for n in 0..=MOST_ANSWERS {
            let one = command(&format!("k-{n}"), n as i64, json!(null));
            ledger.record(&one, &done(&one, 200, json!(null)));
        }
        assert_eq!(ledger.answers.len(), MOST_ANSWERS);
        assert!(ledger.seen(&command("k-0", 0, json!(null))).is_none());
    }
}
