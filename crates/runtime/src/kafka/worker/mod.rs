//! A worker: one thread, one consumer, one transactional producer, its tasks.
//!
//! Owns the loop. Which step comes next, and what it rests on, `kefu_commit` tells; here it is done:
//!
//! 1. between transactions, serve the group: let go of what went, take over what came, step by step
//! 2. work: take a batch, load the states it needs, run the processors; records go to the open transaction as they
//!    come; fire the timers that each task's horizon allows
//! 3. commit outputs, changed states, progress and the offsets of every partition owned
//! 4. write the changed states to Redis
//!
//! A transaction that is aborted leaves the tasks ahead of the log, so all of them are dropped and restored. While
//! Redis or the broker is away the worker waits, says so, and goes on where it was.

mod batch;
mod batch_size;
mod commit;
mod ending;
mod gauges;
mod hot_copy;
mod membership;
mod output;
mod policies;
mod status;
mod timers;
mod trouble;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kefu_commit::Step;
use kefu_contracts::Timestamp;
use kefu_contracts::codec::Codec;
use kefu_policy::Policies;
use kefu_processor::{Clock, Encoding, Environment, Stage};
use rdkafka::consumer::BaseConsumer;

use self::batch_size::BatchSize;
pub(crate) use self::ending::Rejoins;
use self::gauges::Uncounted;
use self::output::{KnownTopics, Open};
pub(crate) use self::status::{Doing, Patience, Status};
use self::trouble::Trouble;
use super::assignment::Assignment;
use super::changelog::ChangelogReader;
use super::client::{Connection, KafkaError};
use super::copies::Tasks;
use super::fetch::FetchQueue;
use super::grouping::Grouping;
use super::hot::HotStates;
use super::progress::Horizons;
use super::tasks::Protocol;
use super::transaction::{Transaction, TransactionError};
use crate::clock;
use crate::heartbeat::Heartbeat;
use crate::metrics::{AbortLabel, Metrics};
use crate::policies::PolicyTable;
use crate::refusal_log::RefusalLog;

/// Longest time between the first record of a transaction and its commit, while the worker keeps up. Short beside what
/// a commit takes: what comes meanwhile is gathered for the next.
const COMMIT_EVERY: Duration = Duration::from_millis(10);
/// The same while it has a backlog: what waits is old already, and a commit costs the same for few records as for many.
const COMMIT_EVERY_IN_BACKLOG: Duration = Duration::from_millis(500);
/// Records after which a transaction is committed at once.
const COMMIT_RECORDS: usize = 20_000;
/// Longest time without publishing progress; with the event clock everybody waits for it.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);
const PROGRESS_EVERY_EVENT: Duration = Duration::from_millis(10);

/// How often it is shown how many records wait.
const LAG_EVERY: Duration = Duration::from_secs(1);
/// Why work was given up, as metrics have it.
const ABORTED: &str = "aborted";
const LOST: &str = "lost";

/// What a worker is made of.
#[derive(Clone)]
pub(crate) struct WorkerOptions {
    pub(crate) connection: Connection,
    pub(crate) service: &'static str,
    /// The instance as it is configured.
    pub(crate) instance: String,
    /// The worker's number among those of the service in this process.
    pub(crate) worker: u32,
    pub(crate) grouping: Grouping,
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
    /// How its calls wait for the broker.
    pub(crate) fn patience(&self) -> Patience {
        Patience {
            service: self.service,
            stop: self.stop.clone(),
            status: self.status.clone(),
            heartbeat: self.heartbeat.clone(),
        }
    }
}

pub(crate) struct Worker {
    options: WorkerOptions,
    consumer: Arc<BaseConsumer<Assignment>>,
    queue: Option<FetchQueue>,
    transaction: Transaction,
    topics: KnownTopics,
    changelog: ChangelogReader,
    hot: HotStates,
    trouble: Trouble,
    protocol: Protocol,
    owned: Tasks,
    open: Option<Open>,
    /// Whether the group has told what is this worker's, be it nothing.
    has_joined: bool,
    /// Whether the last batch was so large that more waits.
    has_backlog: bool,
    batch_size: BatchSize,
    /// When it began to join its group.
    begun_at: Instant,
    committed_at: Instant,
    hot_verified_at: Instant,
    /// Transactions given up since the last commit.
    failures: u32,
    /// What is counted with the next commit.
    uncounted: Uncounted,
    lag_shown_at: Instant,
    policies_seen: u64,
    refusals: RefusalLog,
}

/// Why the loop must begin anew or end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkerError {
    /// The transaction was aborted, so that what was computed does not count.
    #[error("{0}")]
    Aborted(String),
    /// What was computed does not count, and the transaction is still open, if one was.
    #[error("{0}")]
    Lost(String),
    /// The worker cannot go on with this client.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}

impl From<TransactionError> for WorkerError {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Aborted(_) => WorkerError::Aborted(error.to_string()),
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
        let changelog = ChangelogReader::new(&options.connection, options.patience())?;
        let policies_seen = options.policies.revision();
        let protocol = Protocol::new(options.stages.len());
        // shown from the start: a rate needs its zero
        for cause in [ABORTED, LOST] {
            drop(options.metrics.commit_aborts.get_or_create(&AbortLabel { service: options.service, cause }));
        }
        Ok(Self {
            options,
            consumer,
            queue: Some(queue),
            transaction,
            topics: KnownTopics::default(),
            changelog,
            hot,
            trouble: Trouble::default(),
            protocol,
            owned: Tasks::new(),
            open: None,
            has_joined: false,
            has_backlog: false,
            batch_size: BatchSize::default(),
            begun_at: clock::monotonic(),
            committed_at: clock::monotonic(),
            hot_verified_at: clock::monotonic(),
            failures: 0,
            uncounted: Uncounted::default(),
            lag_shown_at: clock::monotonic(),
            policies_seen,
            refusals: RefusalLog::default(),
        })
    }

    /// Whether nobody told it to stop.
    pub(crate) fn goes_on(&self) -> bool {
        !self.options.stop.load(Ordering::Relaxed)
    }

    /// Runs until told to stop.
    pub(crate) fn run(&mut self) -> Result<(), KafkaError> {
        while self.goes_on() {
            let (kind, cause) = match self.step() {
                Ok(()) => continue,
                Err(WorkerError::Aborted(cause)) => {
                    self.protocol.aborted();
                    (ABORTED, cause)
                }
                Err(WorkerError::Lost(cause)) => {
                    self.protocol.give_up();
                    (LOST, cause)
                }
                // what is in memory may be ahead of the log; the next owner begins from the log
                Err(WorkerError::Kafka(KafkaError::Stopped)) => return Ok(()),
                Err(WorkerError::Kafka(error)) => return Err(error),
            };
            tracing::warn!(service = self.options.service, cause, "tasks are restored");
            let label = AbortLabel { service: self.options.service, cause: kind };
            self.options.metrics.commit_aborts.get_or_create(&label).inc();
            self.start_over()?;
        }
        if !self.protocol.is_restored() {
            return Ok(());
        }
        match self.commit() {
            Err(WorkerError::Kafka(error)) => Err(error),
            // else the next owner begins from what is in the log
            _ => Ok(()),
        }
    }

    /// Does what is next.
    fn step(&mut self) -> Result<(), WorkerError> {
        self.options.heartbeat.beat();
        match self.protocol.next() {
            Step::ServeGroup => self.serve_group(),
            Step::Restore(task, step) => self.restore(task, step),
            Step::Work => self.turn(),
            Step::GoBack => self.go_back(),
            Step::Abort => Ok(self.start_over()?),
            step @ (Step::Produce | Step::SendOffsets | Step::EndTransaction | Step::WriteCopies) => {
                self.commit_step(step)
            }
        }
    }

    /// One round of work.
    fn turn(&mut self) -> Result<(), WorkerError> {
        self.refusals.turn();
        if self.lag_shown_at.elapsed() >= LAG_EVERY {
            self.lag_shown_at = clock::monotonic();
            self.show_lag();
        }
        if !self.protocol.is_open() {
            self.verify_hot()?;
            if self.waits_to_write()? {
                return Ok(());
            }
        }
        self.take_policies()?;
        self.take_batch()?;
        self.fire_timers()?;
        let due = match &self.open {
            Some(_) => self.is_full(),
            None => self.committed_at.elapsed() >= self.progress_every() && self.has_progress(),
        };
        if due {
            self.commit()?;
            self.shrink();
        }
        self.protocol.end_turn();
        Ok(())
    }

    /// Whether the open transaction should not become longer.
    fn is_full(&self) -> bool {
        self.open
            .as_ref()
            .is_some_and(|open| open.records >= COMMIT_RECORDS || open.since.elapsed() >= self.commit_every())
    }

    fn commit_every(&self) -> Duration {
        if self.has_backlog { COMMIT_EVERY_IN_BACKLOG } else { COMMIT_EVERY }
    }

    fn progress_every(&self) -> Duration {
        if self.options.live { PROGRESS_EVERY } else { PROGRESS_EVERY_EVENT }
    }

    fn environment<'a>(&'a self, policies: &'a Policies, clock: Clock) -> Environment<'a> {
        Environment { codec: &self.options.codec, policies, clock, encoding: Encoding::AtOnce }
    }

    fn clock(&self, reached: Timestamp) -> Clock {
        // before anything was reached, time stands at 1970: rules may add to it
        let now = if self.options.live { clock::now() } else { reached.max(Timestamp::from_ms(0)) };
        Clock { now, live: self.options.live }
    }
}
