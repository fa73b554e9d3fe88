//! Commands of people: from a request to the processor's answer.
//!
//! Owns the waiting. A command becomes a record of `cs.commands`; the processor that decides writes its answer to
//! `cs.command-results`, which every instance reads.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kefu_contracts::codec::Codec;
use kefu_contracts::command::{Command, CommandResult};
use kefu_contracts::topic::{COMMAND_RESULTS, COMMANDS, TopicInfo};
use tokio::sync::oneshot;

use crate::backend::{BackendError, NewRecord, SharedBackend, View, Written};

/// How long a request waits for its answer.
pub const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// Answers kept for those who ask again; bounds memory.
const ANSWERS_KEPT: usize = 10_000;

#[derive(Default)]
struct Waiting {
    answers: HashMap<String, CommandResult>,
    order: VecDeque<String>,
    waiters: HashMap<String, Vec<oneshot::Sender<CommandResult>>>,
}

/// The answers to commands, as an instance sees them.
#[derive(Default)]
pub struct CommandResults {
    waiting: Mutex<Waiting>,
}

impl CommandResults {
    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to a command, if it is known here.
    pub fn answer(&self, tenant: &str, command_id: &str) -> Option<CommandResult> {
        self.lock().answers.get(&key(tenant, command_id)).cloned()
    }

    fn wait(&self, tenant: &str, command_id: &str) -> oneshot::Receiver<CommandResult> {
        let (sender, receiver) = oneshot::channel();
        self.lock().waiters.entry(key(tenant, command_id)).or_default().push(sender);
        receiver
    }

    fn give_up(&self, tenant: &str, command_id: &str) {
        let mut waiting = self.lock();
        let key = key(tenant, command_id);
        if let Some(waiters) = waiting.waiters.get_mut(&key) {
            waiters.retain(|waiter| !waiter.is_closed());
            if waiters.is_empty() {
                waiting.waiters.remove(&key);
            }
        }
    }
}

fn key(tenant: &str, command_id: &str) -> String {
    format!("{tenant}/{command_id}")
}

impl View for CommandResults {
    fn topics(&self) -> Vec<TopicInfo> {
        vec![COMMAND_RESULTS.info]
    }

    fn needs_history(&self) -> bool {
        false
    }

    fn apply(&self, record: Written<'_>, codec: &Codec) {
        let Some(Ok(result)) = record.payload.map(|payload| COMMAND_RESULTS.decode(codec, payload)) else {
            tracing::error!(key = record.key, "a record of the answers' topic is no answer");
            return;
        };
        let mut waiting = self.lock();
        for waiter in waiting.waiters.remove(record.key).unwrap_or_default() {
            // whoever waited may have gone
            waiter.send(result.clone()).ok();
        }
        if waiting.answers.insert(record.key.to_owned(), result).is_none() {
            waiting.order.push_back(record.key.to_owned());
        }
        while waiting.order.len() > ANSWERS_KEPT
            && let Some(oldest) = waiting.order.pop_front()
        {
            waiting.answers.remove(&oldest);
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

    /// The answers known here.
    pub fn results(&self) -> &CommandResults {
        &self.results
    }

    /// Makes a command durable and waits for its answer.
    ///
    /// # Errors
    /// If the backend does not take it.
    pub async fn submit(&self, command: &Command) -> Result<Submitted, BackendError> {
        let answered = self.results.wait(&command.tenant, &command.command_id);
        let target = format!("{}/{}", command.tenant, command.target);
        let record = NewRecord::new(&self.codec, &COMMANDS, target, command, command.at)
            .map_err(|error| BackendError::Unavailable(error.to_string()))?;
        for result in self.backend.append(vec![record]).await {
            result?;
        }
        match tokio::time::timeout(ANSWER_WAIT, answered).await {
            Ok(Ok(result)) => Ok(Submitted::Answered(result)),
            Ok(Err(_)) | Err(_) => {
                self.results.give_up(&command.tenant, &command.command_id);
                Ok(Submitted::Pending)
            }
        }
    }
}
