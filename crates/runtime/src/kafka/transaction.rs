//! The transactional producer.
//!
//! Owns begin, offsets and commit, and tells an error that an abort mends from one that only a restart does.
#![expect(
    unsafe_code,
    reason = "the safe wrappers of flush and commit wait in steps of 100 ms; librdkafka's own do not"
)]

use std::ffi::CStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use kefu_processor::task::StateChange;
use rdkafka::TopicPartitionList;
use rdkafka::bindings as rd;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::KafkaError as ClientError;
use rdkafka::producer::Producer;
use rdkafka::types::RDKafkaErrorCode;

use super::client::{CALL, Connection, KafkaError};
use super::produce::{Client, Outgoing, ProduceQueue, TopicId};
use super::worker::Patience;
use crate::clock;

/// How long records may be on their way before that is shown.
const DELIVERING: Duration = Duration::from_secs(1);
/// How often a worker that has to wait for its producer's start looks.
const STARTING: Duration = Duration::from_millis(5);

/// Why a transaction did not go through.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransactionError {
    /// It was aborted; the work can be done again.
    #[error("the transaction was aborted: {0}")]
    Aborted(String),
    /// Another instance took over, or the client is broken: only a new one helps.
    #[error("the producer is fenced or broken: {0}")]
    Fatal(String),
}

/// The transactional producer of a worker.
pub(crate) struct Transaction {
    queue: ProduceQueue,
    patience: Patience,
    /// Takes the transactional id over; none once that was waited for.
    starting: Option<JoinHandle<Result<(), ClientError>>>,
    /// Nobody waits for that any more.
    abandoned: Arc<AtomicBool>,
}

impl Transaction {
    /// Takes over `id` from whoever had it before.
    ///
    /// That goes on beside the caller until it begins its first transaction: if there was an open one, the broker
    /// aborts it first, and the client asks again only after half a second. What a worker has to restore meanwhile
    /// does not rest on it: the group has fenced whoever had the partitions before.
    /// While the broker is away, each call waits for it with `patience`.
    pub(crate) fn new(connection: &Connection, id: &str, patience: Patience) -> Result<Self, KafkaError> {
        let producer: Arc<Client> = Arc::new(connection.transactional(id).create()?);
        let abandoned = Arc::new(AtomicBool::new(false));
        let starting = {
            let (producer, stop, abandoned) = (producer.clone(), patience.stop.clone(), abandoned.clone());
            // it does not speak for the worker, which may be stuck elsewhere
            let lasts = move || !stop.load(Ordering::Relaxed) && !abandoned.load(Ordering::Relaxed);
            let start = move || patiently(&producer, lasts, |producer| producer.init_transactions(CALL));
            std::thread::Builder::new().name(format!("{id}-start")).spawn(start)?
        };
        Ok(Self { queue: ProduceQueue::new(producer), patience, starting: Some(starting), abandoned })
    }

    /// Whether the transactional id is not this producer's yet.
    pub(crate) fn is_starting(&self) -> bool {
        self.starting.is_some()
    }

    /// Whether the transactional id has become this producer's since this was asked last.
    pub(crate) fn just_started(&mut self) -> Result<bool, TransactionError> {
        let is_new = self.starting.as_ref().is_some_and(JoinHandle::is_finished);
        if is_new { self.started().map(|()| true) } else { Ok(false) }
    }

    /// Waits until the transactional id is this producer's.
    fn started(&mut self) -> Result<(), TransactionError> {
        let Some(starting) = self.starting.take() else { return Ok(()) };
        while !starting.is_finished() {
            self.patience.lasts();
            clock::rest(STARTING);
        }
        let started = starting.join().map_err(|_| TransactionError::Fatal("the producer did not start".to_owned()))?;
        started.map_err(|error| TransactionError::Fatal(error.to_string()))
    }

    fn patiently(&self, call: impl Fn(&Client) -> Result<(), ClientError>) -> Result<(), ClientError> {
        patiently(self.queue.producer(), || self.patience.lasts(), call)
    }

    /// Why the producer can never be used again, if it cannot.
    pub(crate) fn fatal_code(&self) -> Option<RDKafkaErrorCode> {
        self.queue.producer().client().fatal_error().map(|(code, _)| code)
    }

    pub(crate) fn begin(&mut self) -> Result<(), TransactionError> {
        self.started()?;
        self.queue.producer().begin_transaction().map_err(|error| TransactionError::Fatal(error.to_string()))
    }

    /// The topic called `name` in the cluster, to send to.
    pub(crate) fn topic(&mut self, name: &str) -> Result<TopicId, KafkaError> {
        self.queue.topic(name)
    }

    /// Queues a record; waits while the producer's own queue is full.
    pub(crate) fn send(&self, outgoing: &Outgoing<'_>) -> Result<(), TransactionError> {
        self.queue.send(outgoing).map_err(|cause| self.aborted(&cause))
    }

    /// Queues states of a partition, or that their keys are gone; waits while the producer's own queue is full.
    pub(crate) fn send_states(
        &mut self,
        topic: TopicId,
        partition: i32,
        states: &[StateChange],
    ) -> Result<(), TransactionError> {
        let records = states.iter().map(|(key, bytes)| (key.as_bytes(), bytes.as_deref()));
        let queued = self.queue.send_many(topic, partition, records);
        queued.map_err(|cause| self.aborted(&cause))
    }

    /// Waits until the broker has the records, as the commit would.
    ///
    /// The group may refuse the offsets while it rebalances. An abort then takes out of the client's queue what is
    /// still there, and that is a gap in the client's sequence, for which the next transaction is given up as well.
    pub(crate) fn deliver(&self) {
        let begun = clock::monotonic();
        let timeout_ms = i32::try_from(DELIVERING.as_millis()).unwrap_or(i32::MAX);
        // the commit waits for what is left then
        while begun.elapsed() < CALL {
            // SAFETY: the client lives as long as `self`.
            let told = unsafe { rd::rd_kafka_flush(self.queue.producer().client().native_ptr(), timeout_ms) };
            if told == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR || !self.patience.lasts() {
                return;
            }
        }
    }

    /// Adds the offsets of what led to the records.
    pub(crate) fn send_offsets(
        &self,
        offsets: &TopicPartitionList,
        group: &ConsumerGroupMetadata,
    ) -> Result<(), TransactionError> {
        let sent = self.patiently(|producer| producer.send_offsets_to_transaction(offsets, group, CALL));
        sent.map_err(|error| self.failed(&error))
    }

    /// Commits the records with the offsets.
    pub(crate) fn commit(&self) -> Result<(), TransactionError> {
        let timeout_ms = i32::try_from(CALL.as_millis()).unwrap_or(i32::MAX);
        loop {
            // SAFETY: the client lives as long as `self`; the error is read before it is released, once.
            let (text, retriable, abortable) = unsafe {
                let error = rd::rd_kafka_commit_transaction(self.queue.producer().client().native_ptr(), timeout_ms);
                if error.is_null() {
                    return Ok(());
                }
                let text = CStr::from_ptr(rd::rd_kafka_error_string(error)).to_string_lossy().into_owned();
                let retriable = rd::rd_kafka_error_is_retriable(error) != 0;
                let abortable = rd::rd_kafka_error_txn_requires_abort(error) != 0;
                rd::rd_kafka_error_destroy(error);
                (text, retriable, abortable)
            };
            if abortable {
                return Err(self.aborted(&text));
            }
            if !retriable || !self.patience.lasts() {
                return Err(TransactionError::Fatal(text));
            }
            tracing::warn!(service = self.patience.service, error = text, "commit is tried again");
        }
    }

    fn failed(&self, error: &ClientError) -> TransactionError {
        match error {
            ClientError::Transaction(transaction) if transaction.is_fatal() => {
                TransactionError::Fatal(error.to_string())
            }
            _ => self.aborted(&error.to_string()),
        }
    }

    /// Gives up what was sent since `begin`.
    pub(crate) fn abort(&self, cause: &str) -> Result<(), TransactionError> {
        self.deliver();
        match self.aborted(cause) {
            TransactionError::Aborted(_) => Ok(()),
            fatal @ TransactionError::Fatal(_) => Err(fatal),
        }
    }

    /// Aborts, after which the producer can begin anew.
    fn aborted(&self, cause: &str) -> TransactionError {
        match self.patiently(|producer| producer.abort_transaction(CALL)) {
            Ok(()) => TransactionError::Aborted(cause.to_owned()),
            Err(error) => TransactionError::Fatal(format!("{cause}; and the abort failed: {error}")),
        }
    }
}

impl Drop for Transaction {
    /// Else it would take the id from whoever comes next.
    fn drop(&mut self) {
        self.abandoned.store(true, Ordering::Relaxed);
        self.started().ok();
    }
}

/// Calls again while the call says that this helps.
fn patiently(
    producer: &Client,
    lasts: impl Fn() -> bool,
    call: impl Fn(&Client) -> Result<(), ClientError>,
) -> Result<(), ClientError> {
    loop {
        match call(producer) {
            Err(ClientError::Transaction(error)) if error.is_retriable() && lasts() => {
                tracing::warn!(%error, "the broker is asked again");
            }
            done => return done,
        }
    }
}
