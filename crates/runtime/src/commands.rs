//! Commands of people: from a request to the processor's answer.
//!
//! Owns the waiting. A command becomes a record of `cs.commands`; the processor that decides writes its answer to
//! `cs.command-results`. Every instance reads both, so that each knows which commands are under way and what was
//! answered. An id stands for one request: an answer belongs to the request it names, and another request under the
//! same id is refused.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kefu_contracts::codec::Codec;
use kefu_contracts::command::{Command, CommandResult};
use kefu_contracts::topic::{COMMAND_RESULTS, COMMANDS, TopicInfo};
use kefu_contracts::{Code, Timestamp};
use kefu_processor::ledger::REMEMBERED_MS;
use tokio::sync::oneshot;

use crate::backend::{BackendError, NewRecord, SharedBackend, View, Written};

/// How long a request waits for its answer.
pub const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// Commands remembered for those who ask again; bounds memory.
const COMMANDS_KEPT: usize = 10_000;

/// How a command stands, as far as this instance knows.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// It was taken, and is not answered yet.
    UnderWay,
    /// It was answered.
    Answered(CommandResult),
}

/// The request that an id stands for.
struct Known {
    /// None if an older release answered it, which does not say.
    request: Option<String>,
    at: Timestamp,
    standing: Standing,
}

/// A caller that waits for the answer to its request.
struct Waiter {
    request: String,
    sender: oneshot::Sender<CommandResult>,
}

#[derive(Default)]
struct Waiting {
    known: HashMap<String, Known>,
    order: VecDeque<String>,
    waiters: HashMap<String, Vec<Waiter>>,
}

impl Waiting {
    /// Takes note of a command; gives whether its id stands for it.
    fn note(&mut self, key: &str, command: &Command) -> bool {
        let request = command.request();
        match self.known.get_mut(key) {
            Some(known) if known.at.plus_ms(REMEMBERED_MS) < command.at => {
                *known = Known { request: Some(request), at: command.at, standing: Standing::UnderWay };
                true
            }
            Some(known) => known.request.get_or_insert_with(|| request.clone()) == &request,
            None => {
                self.insert(key, Known { request: Some(request), at: command.at, standing: Standing::UnderWay });
                true
            }
        }
    }

    fn answer(&mut self, key: &str, result: CommandResult) {
        if let Some(waiters) = self.waiters.remove(key) {
            // an older release does not say which request it answers
            let is_for = |waiter: &Waiter| result.request.as_ref().is_none_or(|request| *request == waiter.request);
            let (told, left): (Vec<Waiter>, Vec<Waiter>) = waiters.into_iter().partition(is_for);
            for waiter in told {
                // whoever waited may have gone
                waiter.sender.send(result.clone()).ok();
            }
            if !left.is_empty() {
                self.waiters.insert(key.to_owned(), left);
            }
        }
        let is_mismatch = result.code.as_deref() == Some(Code::IdempotencyMismatch.as_str());
        match self.known.get_mut(key) {
            Some(known) if known.request.is_some() && result.request.is_some() && known.request != result.request => {}
            Some(known) => known.standing = Standing::Answered(result),
            // the id stands for another request, which came before this instance was there
            None if is_mismatch => {}
            None => {
                let (request, at) = (result.request.clone(), result.at);
                self.insert(key, Known { request, at, standing: Standing::Answered(result) });
            }
        }
    }

    fn insert(&mut self, key: &str, known: Known) {
        self.known.insert(key.to_owned(), known);
        self.order.push_back(key.to_owned());
        while self.order.len() > COMMANDS_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

/// The commands and their answers, as an instance sees them.
#[derive(Default)]
pub struct CommandResults {
    waiting: Mutex<Waiting>,
}

/// Waits for one answer; leaves nothing behind when the caller goes.
struct Ticket<'a> {
    results: &'a CommandResults,
    key: String,
    receiver: oneshot::Receiver<CommandResult>,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.receiver.close();
        let mut waiting = self.results.lock();
        if let Some(waiters) = waiting.waiters.get_mut(&self.key) {
            waiters.retain(|waiter| !waiter.sender.is_closed());
            if waiters.is_empty() {
                waiting.waiters.remove(&self.key);
            }
        }
    }
}

impl CommandResults {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How a command stands; none if it is not known here.
    pub fn standing(&self, tenant: &str, command_id: &str) -> Option<Standing> {
        self.lock().known.get(&key(tenant, command_id)).map(|known| known.standing.clone())
    }

    /// Lets everybody go who waits: no answer will come to this instance any more.
    pub fn let_go(&self) {
        self.lock().waiters.clear();
    }

    /// Waits for the answer to a command; none if its id stands for another request.
    fn wait(&self, command: &Command) -> Option<Ticket<'_>> {
        let key = key(&command.tenant, &command.command_id);
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.lock();
        if let Some(known) = waiting.known.get(&key)
            && known.at.plus_ms(REMEMBERED_MS) >= command.at
            && known.request.as_ref().is_some_and(|request| *request != command.request())
        {
            return None;
        }
        let others = waiting.waiters.entry(key.clone()).or_default();
        let request = command.request();
        if others.iter().any(|other| other.request != request) {
            return None;
        }
        others.push(Waiter { request, sender });
        drop(waiting);
        Some(Ticket { results: self, key, receiver })
    }
}

fn key(tenant: &str, command_id: &str) -> String {
    format!("{tenant}/{command_id}")
}

impl View for CommandResults {
    fn topics(&self) -> Vec<TopicInfo> {
        vec![COMMANDS.info, COMMAND_RESULTS.info]
    }

    fn needs_history(&self) -> bool {
        false
    }

    fn apply(&self, record: Written<'_>, codec: &Codec) {
        let Some(payload) = record.payload else { return };
        if record.topic == COMMANDS.info.name {
            // what cannot be read is refused by who decides
            if let Ok(command) = COMMANDS.decode(codec, payload) {
                self.lock().note(&key(&command.tenant, &command.command_id), &command);
            }
            return;
        }
        match COMMAND_RESULTS.decode(codec, payload) {
            Ok(result) => self.lock().answer(record.key, result),
            Err(error) => tracing::error!(key = record.key, %error, "a record of the answers' topic is no answer"),
        }
    }
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Submitted {
    /// The processor answered.
    Answered(CommandResult),
    /// It is durable, but there is no answer yet.
    Pending,
    /// Its id was used for another request in the last 72 h; it was not taken.
    Mismatch,
}

/// Hands commands to their processors.
#[derive(Clone)]
pub struct Commands {
    backend: SharedBackend,
    results: Arc<CommandResults>,
    codec: Codec,
}

impl Commands {
    /// Commands go to `backend`, answers come from `results`.
    pub fn new(backend: SharedBackend, results: Arc<CommandResults>, codec: Codec) -> Self {
        Self { backend, results, codec }
    }

    /// The wire formats.
    pub fn codec(&self) -> &Codec {
        &self.codec
    }

    /// The commands known here.
    pub fn results(&self) -> &CommandResults {
        &self.results
    }

    /// Makes a command durable and waits for its answer.
    ///
    /// # Errors
    /// If the backend does not take it.
    pub async fn submit(&self, command: &Command) -> Result<Submitted, BackendError> {
        let Some(mut ticket) = self.results.wait(command) else { return Ok(Submitted::Mismatch) };
        let record = NewRecord::new(&self.codec, &COMMANDS, command.key(), command, command.at)
            .map_err(|error| BackendError::Unavailable(error.to_string()))?;
        for result in self.backend.append(vec![record]).await {
            result?;
        }
        // its own instance knows of it even if its topic is read late
        self.results.lock().note(&ticket.key, command);
        match tokio::time::timeout(ANSWER_WAIT, &mut ticket.receiver).await {
            Ok(Ok(result)) => Ok(Submitted::Answered(result)),
            Ok(Err(_)) | Err(_) => Ok(Submitted::Pending),
        }
    }
}

#[cfg(test)]
mod tests {
    use kefu_contracts::channel_event::Actor;
    use kefu_contracts::{ActorKind, Json};
    use serde_json::json;

    use super::*;

    fn command(target: &str, at_ms: i64) -> Command {
        Command {
            command_id: "k-1".into(),
            tenant: "demo".into(),
            kind: "sign_in".into(),
            target: target.into(),
            actor: Actor { kind: ActorKind::Agent, id: "a-1".into(), name: None },
            at: Timestamp::from_ms(at_ms),
            data: Json(json!({})),
        }
    }

    fn result(command: &Command, status: i64, code: Option<Code>) -> CommandResult {
        CommandResult {
            command_id: command.command_id.clone(),
            tenant: command.tenant.clone(),
            status,
            code: code.map(|code| code.as_str().to_owned()),
            detail: None,
            body: Json(json!(command.target)),
            at: command.at,
            request: Some(command.request()),
        }
    }

    fn written(results: &CommandResults, result: &CommandResult) {
        let codec = Codec::single_object();
        let mut payload = Vec::new();
        COMMAND_RESULTS.encode(&codec, result, &mut payload).unwrap();
        let key = key(&result.tenant, &result.command_id);
        let record = Written { topic: COMMAND_RESULTS.info.name, key: &key, payload: Some(&payload) };
        results.apply(record, &codec);
    }

    fn commanded(results: &CommandResults, command: &Command) {
        let codec = Codec::single_object();
        let mut payload = Vec::new();
        COMMANDS.encode(&codec, command, &mut payload).unwrap();
        let record = Written { topic: COMMANDS.info.name, key: &command.key(), payload: Some(&payload) };
        results.apply(record, &codec);
    }

    #[test]
    fn a_command_is_under_way_until_it_is_answered_whichever_topic_is_read_first() {
        let one = command("h-1", 0);
        for order in [[0, 1], [1, 0]] {
            let results = CommandResults::default();
            assert_eq!(results.standing("demo", "k-1"), None);
            for step in order {
                if step == 0 {
                    commanded(&results, &one)
                } else {
                    written(&results, &result(&one, 200, None))
                }
                if order[0] == 0 && step == 0 {
                    assert_eq!(results.standing("demo", "k-1"), Some(Standing::UnderWay));
                }
            }
            assert_eq!(results.standing("demo", "k-1"), Some(Standing::Answered(result(&one, 200, None))));
            assert_eq!(results.standing("other", "k-1"), None);
        }
    }

    #[test]
    fn an_answer_goes_to_the_request_it_names() {
        let results = CommandResults::default();
        let (one, other) = (command("h-1", 0), command("h-2", 0));
        let mut ticket = results.wait(&one).unwrap();
        // another instance took the id for another request at the same time
        written(&results, &result(&other, 200, None));
        assert!(ticket.receiver.try_recv().is_err());
        written(&results, &result(&one, 201, None));
        assert_eq!(ticket.receiver.try_recv().unwrap().status, 201);
    }

    #[test]
    fn an_id_under_way_or_answered_is_not_taken_for_another_request() {
        let results = CommandResults::default();
        let (one, other) = (command("h-1", 0), command("h-2", 0));
        let ticket = results.wait(&one).unwrap();
        assert!(results.wait(&other).is_none() && results.wait(&one).is_some());
        drop(ticket);
        assert!(results.lock().waiters.is_empty());
        commanded(&results, &one);
        assert!(results.wait(&other).is_none());
        written(&results, &result(&one, 200, None));
        assert!(results.wait(&other).is_none());
        assert!(results.wait(&command("h-2", REMEMBERED_MS + 1)).is_some());
    }

    #[test]
    fn a_refused_repetition_is_not_the_answer_to_the_id() {
        let results = CommandResults::default();
        let (one, other) = (command("h-1", 0), command("h-2", 0));
        written(&results, &result(&other, 422, Some(Code::IdempotencyMismatch)));
        assert_eq!(results.standing("demo", "k-1"), None);
        written(&results, &result(&one, 200, None));
        written(&results, &result(&other, 422, Some(Code::IdempotencyMismatch)));
        assert_eq!(results.standing("demo", "k-1"), Some(Standing::Answered(result(&one, 200, None))));
    }

    #[test]
    fn who_is_let_go_waits_no_longer() {
        let results = CommandResults::default();
        let mut ticket = results.wait(&command("h-1", 0)).unwrap();
        results.let_go();
        assert_eq!(ticket.receiver.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    }

    #[test]
    fn memory_is_bounded() {
        let mut waiting = Waiting::default();
        for n in 0..=COMMANDS_KEPT {
            waiting.note(&format!("demo/k-{n}"), &command("h-1", 0));
        }
        assert_eq!((waiting.known.len(), waiting.order.len()), (COMMANDS_KEPT, COMMANDS_KEPT));
        assert!(!waiting.known.contains_key("demo/k-0"));
    }
}
