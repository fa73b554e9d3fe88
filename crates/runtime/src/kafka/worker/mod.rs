//! A worker: one thread, one consumer, one transactional producer, its tasks.
//!
//! Owns the loop and the order of its steps:
//!
//! 1. between transactions, serve the group: take over what came, let go of what went
//! 2. take a batch, load the states it needs, run the processors; records go to the open transaction as they come
//! 3. fire the timers that each task's horizon allows
//! 4. commit outputs, changed states, progress and the offsets of every partition owned: the offsets fence a zombie
//! 5. write the changed states to Redis
//!
//! A transaction that is aborted leaves the tasks ahead of the log, so all of them are dropped and restored. While
//! Redis or the broker is away the worker waits, says that it is not ready, and goes on where it was.

mod batch;
mod commit;
mod gauges;
mod hot_copy;
mod membership;
mod output;
mod policies;
mod status;
mod timers;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kefu_contracts::Timestamp;
use kefu_contracts::codec::Codec;
use kefu_processor::{Clock, Stage};
use rdkafka::consumer::BaseConsumer;

use self::output::Open;
pub(crate) use self::status::{Doing, Patience, Status};
use super::assignment::Assignment;
use super::changelog::ChangelogReader;
use super::client::{Connection, KafkaError};
use super::fetch::FetchQueue;
use super::hot::HotStates;
use super::progress::Horizons;
use super::tasks::Owned;
use super::transaction::{Transaction, TransactionError};
use crate::clock;
use crate::heartbeat::Heartbeat;
use crate::metrics::{Metrics, ServiceLabel};
use crate::policies::PolicyTable;
use crate::refusal_log::RefusalLog;

/// Longest time between the first record of a transaction and its commit.
const COMMIT_EVERY: Duration = Duration::from_millis(50);
/// Records after which a transaction is committed at once.
const COMMIT_RECORDS: usize = 20_000;
/// Longest time without publishing progress; with the event clock everybody waits for it.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);
const PROGRESS_EVERY_EVENT: Duration = Duration::from_millis(10);

/// What a worker is made of.
pub(crate) struct WorkerOptions {
    pub(crate) connection: Connection,
    pub(crate) service: &'static str,
    /// The instance as it is configured.
    pub(crate) instance: String,
    pub(crate) stages: Vec<Stage>,
    pub(crate) partitions: i32,
    pub(crate) redis: String,
    pub(crate) live: bool,
    pub(crate) codec: Codec,
    pub(crate) policies: Arc<PolicyTable>,
    pub(crate) horizons: Horizons,
    pub(crate) metrics: Metrics,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) status: Arc<Status>,
    pub(crate) heartbeat: Heartbeat,
}

impl WorkerOptions {
    fn patience(&self) -> Patience {
        Patience { stop: self.stop.clone(), status: self.status.clone(), heartbeat: self.heartbeat.clone() }
    }
}

pub(crate) struct Worker {
    options: WorkerOptions,
    consumer: Arc<BaseConsumer<Assignment>>,
    queue: Option<FetchQueue>,
    transaction: Transaction,
    changelog: ChangelogReader,
    hot: HotStates,
    owned: BTreeMap<(usize, i32), Owned>,
    /// Next offset of each input partition, by full topic name.
    positions: HashMap<(String, i32), i64>,
    open: Option<Open>,
    committed_at: Instant,
    hot_verified_at: Instant,
    /// The partition whose hot copy is verified next.
    hot_verify_next: usize,
    /// Transactions given up since the last commit.
    failures: u32,
    policies_seen: u64,
    refusals: RefusalLog,
}

/// Why the loop must begin anew or end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkerError {
    /// What was computed did not get into the log: drop and restore the tasks.
    #[error("{0}")]
    StartOver(String),
    /// The worker cannot go on with this client.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}

impl From<TransactionError> for WorkerError {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Aborted(_) => WorkerError::StartOver(error.to_string()),
            TransactionError::Fatal(text) => WorkerError::Kafka(KafkaError::Fatal(text)),
        }
    }
}

impl From<rdkafka::error::KafkaError> for WorkerError {
    fn from(error: rdkafka::error::KafkaError) -> Self {
        WorkerError::Kafka(error.into())
    }
}

impl Worker {
    /// Joins the group and takes over `instance`'s place in it.
    pub(crate) fn new(
        options: WorkerOptions,
        consumer: Arc<BaseConsumer<Assignment>>,
        queue: FetchQueue,
        hot: HotStates,
        instance: &str,
    ) -> Result<Self, KafkaError> {
        let transaction = Transaction::new(
            &options.connection,
            &format!("{}{}.{instance}", options.connection.prefix, options.service),
            options.patience(),
        )?;
        let changelog = ChangelogReader::new(&options.connection, options.heartbeat.clone())?;
        let policies_seen = options.policies.revision();
        // shown from the start: a rate needs its zero
        drop(options.metrics.commit_aborts.get_or_create(&ServiceLabel { service: options.service }));
        Ok(Self {
            options,
            consumer,
            queue: Some(queue),
            transaction,
            changelog,
            hot,
            owned: BTreeMap::new(),
            positions: HashMap::new(),
            open: None,
            committed_at: clock::monotonic(),
            hot_verified_at: clock::monotonic(),
            hot_verify_next: 0,
            failures: 0,
            policies_seen,
            refusals: RefusalLog::default(),
        })
    }

    /// Runs until told to stop.
    pub(crate) fn run(&mut self) -> Result<(), KafkaError> {
        let worked = self.work();
        worked.map_err(|error| self.cause(error))
    }

    fn work(&mut self) -> Result<(), KafkaError> {
        while !self.options.stop.load(Ordering::Relaxed) {
            match self.turn() {
                Ok(()) => {}
                Err(WorkerError::StartOver(cause)) => {
                    tracing::warn!(service = self.options.service, cause, "tasks are restored");
                    self.options.metrics.commit_aborts.get_or_create(&self.label()).inc();
                    let stopped = self.options.stop.load(Ordering::Relaxed);
                    if stopped || !self.start_over()? {
                        // what is in memory may be ahead of the log; the next owner begins from the log
                        return Ok(());
                    }
                }
                Err(WorkerError::Kafka(error)) => return Err(error),
            }
        }
        match self.commit() {
            Ok(()) => Ok(()),
            Err(WorkerError::Kafka(error)) => Err(error),
            // the next owner begins from what is in the log
            Err(WorkerError::StartOver(_)) => Ok(()),
        }
    }

    /// One round of the loop.
    fn turn(&mut self) -> Result<(), WorkerError> {
        self.options.heartbeat.beat();
        self.refusals.turn();
        if self.open.is_none() {
            self.serve_group()?;
            self.verify_hot()?;
        }
        self.take_policies()?;
        self.take_batch()?;
        self.fire_timers()?;
        let due = match &self.open {
            Some(open) => open.records >= COMMIT_RECORDS || open.since.elapsed() >= COMMIT_EVERY,
            None => self.committed_at.elapsed() >= self.progress_every() && self.has_progress(),
        };
        if due { self.commit() } else { Ok(()) }
    }

    fn progress_every(&self) -> Duration {
        if self.options.live { PROGRESS_EVERY } else { PROGRESS_EVERY_EVENT }
    }

    fn clock(&self, reached: Timestamp) -> Clock {
        // before anything was reached, time stands at 1970: rules may add to it
        let now = if self.options.live { clock::now() } else { reached.max(Timestamp::from_ms(0)) };
        Clock { now, live: self.options.live }
    }
}
