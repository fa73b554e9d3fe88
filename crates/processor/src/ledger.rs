//! Which commands a key has answered, so that the same command gets the same answer.
//!
//! Owns the memory of answers by command id, and how an answer is told. What a command does, and what the answer says,
//! is its service's matter. The memory is that of the key a command is aimed at: an id holds for one target, and may be
//! used for another. A refusal is remembered as well, also if there is nothing of that key: its state holds nothing but
//! the ledger then, and goes with the last answer.

use kefu_contracts::command::{Command, CommandResult};
use kefu_contracts::id::hash_64;
use kefu_contracts::topic::COMMAND_RESULTS;
use kefu_contracts::{Code, Json, Reject, Timestamp};
use serde::{Deserialize, Serialize};

use crate::context::Context;

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

/// What a command that was done is answered with.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    status: i64,
    body: serde_json::Value,
}

impl Done {
    /// 200: something there was changed, or only looked at.
    pub fn ok(body: serde_json::Value) -> Self {
        Self { status: 200, body }
    }

    /// 201: something new was made.
    pub fn created(body: serde_json::Value) -> Self {
        Self { status: 201, body }
    }
}

impl Ledger {
    /// Tells the answer to `command`: the one it got before, or what `decide` says, which is remembered. A command with
    /// the id of another one to this key is refused.
    pub fn decide(
        &mut self,
        command: &Command,
        ctx: &mut Context<'_>,
        decide: impl FnOnce(&mut Context<'_>) -> Result<Done, Reject>,
    ) {
        if let Some(seen) = self.seen(command) {
            ctx.duplicate();
            return tell(seen, command.at, ctx);
        }
        let result = match decide(ctx) {
            Ok(done) => done_with(command, done),
            Err(reject) => refused(command, reject),
        };
        self.record(command, &result);
        tell(result, command.at, ctx);
    }

    /// What is to be answered to a command whose id was used before; none if it is new.
    fn seen(&self, command: &Command) -> Option<CommandResult> {
        let id = hash_64(&[&command.command_id]);
        let mut remembered = self.answers.iter().filter(|answered| !answered.is_over_at(command.at));
        let found = remembered.find(|answered| answered.id == id)?;
        if found.body != command.request_hash() {
            let detail = format!("the key was used for another request in the last 72 h; send `{}` anew", command.kind);
            return Some(refused(command, Reject::new(Code::IdempotencyMismatch, detail)));
        }
        Some(CommandResult {
            command_id: command.command_id.clone(),
            tenant: command.tenant.clone(),
            status: found.status,
            code: found.code.clone(),
            detail: found.detail.clone(),
            body: found.answer.clone(),
            at: found.at,
            request: Some(command.request()),
        })
    }

    /// Remembers the answer to a new command, and forgets those that are too old by then.
    fn record(&mut self, command: &Command, result: &CommandResult) {
        self.expire(command.at);
        let place = self.answers.partition_point(|answered| answered.asked_at <= command.at);
        self.answers.insert(
            place,
            Answered {
                id: hash_64(&[&command.command_id]),
                body: command.request_hash(),
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

/// Tells that a command is refused, without remembering it: for a refusal that says the same whenever it is given.
pub fn tell_refusal(command: &Command, reject: Reject, ctx: &mut Context<'_>) {
    tell(refused(command, reject), command.at, ctx);
}

fn tell(result: CommandResult, at: Timestamp, ctx: &mut Context<'_>) {
    let key = format!("{}/{}", result.tenant, result.command_id);
    ctx.emit(&COMMAND_RESULTS, key, result, at);
}

fn done_with(command: &Command, done: Done) -> CommandResult {
    CommandResult {
        command_id: command.command_id.clone(),
        tenant: command.tenant.clone(),
        status: done.status,
        code: None,
        detail: None,
        body: Json(done.body),
        at: command.at,
        request: Some(command.request()),
    }
}

fn refused(command: &Command, reject: Reject) -> CommandResult {
    let nothing = Done { status: reject.code.status(), body: serde_json::Value::Null };
    CommandResult {
        code: Some(reject.code.as_str().to_owned()),
        detail: Some(reject.detail),
        ..done_with(command, nothing)
    }
}

#[cfg(test)]
mod tests {
    use kefu_contracts::ActorKind;
    use kefu_contracts::channel_event::Actor;
    use kefu_contracts::codec::Codec;
    use kefu_policy::Policies;
    use serde_json::json;

    use super::*;
    use crate::context::{Clock, Environment};
    use crate::effects::{Effects, Encoding};

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

    /// The answer to a command of which the service says `said`, and whether it was a repetition.
    fn answer(ledger: &mut Ledger, command: &Command, said: Result<Done, Reject>) -> (CommandResult, bool) {
        let (codec, policies, mut effects) = (Codec::single_object(), Policies::default(), Effects::default());
        let clock = Clock { now: command.at, live: false };
        let environment = Environment { codec: &codec, policies: &policies, clock, encoding: Encoding::AtOnce };
        let mut ctx = Context::new(environment, "demo/a-1", None, Some(0), &mut effects);
        ledger.decide(command, &mut ctx, |_| said);
        let (repeated, ..) = ctx.finish();
        let [told] = &effects.emissions[..] else { panic!("{:?}", effects.emissions) };
        assert_eq!((told.key.as_str(), told.at), (format!("demo/{}", command.command_id).as_str(), command.at));
        (COMMAND_RESULTS.decode(&codec, &told.payload).unwrap(), repeated)
    }

    fn done() -> Result<Done, Reject> {
        Ok(Done::ok(json!(null)))
    }

    #[test]
    fn the_same_command_gets_the_same_answer_and_another_body_a_refusal() {
        let missing = || Err(Reject::new(Code::NotFound, "there is none"));
        for (said, status) in [(Ok(Done::created(json!({"version": 1}))), 201), (missing(), 404)] {
            let mut ledger = Ledger::default();
            let first = command("k-1", 5, json!({"title": "a"}));
            let (told, repeated) = answer(&mut ledger, &first, said);
            assert_eq!((told.status, told.at, repeated), (status, first.at, false));
            let again = Command { at: Timestamp::from_ms(9), ..first.clone() };
            assert_eq!(answer(&mut ledger, &again, done()), (told, true));
            let other = Command { data: Json(json!({"title": "b"})), ..first };
            let (refused, _) = answer(&mut ledger, &other, done());
            assert_eq!((refused.status, refused.code.as_deref()), (422, Some("idempotency_mismatch")));
            let bytes = postcard::to_allocvec(&ledger).unwrap();
            assert_eq!(postcard::from_bytes::<Ledger>(&bytes).unwrap(), ledger);
        }
    }

    #[test]
    fn answers_are_remembered_for_72_hours() {
        let mut ledger = Ledger::default();
        let first = command("k-1", 0, json!(null));
        answer(&mut ledger, &first, done());
        let expiry = ledger.next_expiry().unwrap();
        ledger.expire(expiry.plus_ms(-1));
        assert!(ledger.seen(&first).is_some());
        ledger.expire(expiry);
        assert!(ledger.is_empty() && ledger.next_expiry().is_none());

        answer(&mut ledger, &first, done());
        let in_time = command("k-2", REMEMBERED_MS, json!(null));
        answer(&mut ledger, &in_time, done());
        assert!(ledger.seen(&first).is_some());
        answer(&mut ledger, &command("k-3", REMEMBERED_MS + 1, json!(null)), done());
        assert!(ledger.seen(&first).is_none() && ledger.seen(&in_time).is_some());
    }

    #[test]
    fn a_flood_forgets_the_oldest() {
        let mut ledger = Ledger::default();
        for n in 0..=MOST_ANSWERS {
            answer(&mut ledger, &command(&format!("k-{n}"), n as i64, json!(null)), done());
        }
        assert_eq!(ledger.answers.len(), MOST_ANSWERS);
        assert!(ledger.seen(&command("k-0", 0, json!(null))).is_none());
    }
}
