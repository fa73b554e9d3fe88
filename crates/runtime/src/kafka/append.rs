//! Appending records for APIs and loaders: durable when every in-sync replica has them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use kefu_contracts::partition::split_key;
use rdkafka::ClientContext;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use tokio::sync::oneshot;

use super::client::{CALL, Connection, KafkaError};
use super::tasks::partition_of;
use crate::backend::{BackendError, NewRecord};
use crate::clock;
use crate::latency::Latencies;
use crate::trace;

/// A result for each record of a call.
type Results = Vec<Result<(), BackendError>>;

/// How long records took to be durable, and since when one call's are counted.
type Measure = (Instant, Arc<Mutex<Latencies>>);

/// Delivery of the records of one call: one counter a call, not a channel a record.
pub(crate) struct Pending {
    records: usize,
    left: AtomicUsize,
    measure: Option<Measure>,
    results: Mutex<Results>,
    done: Mutex<Option<oneshot::Sender<Results>>>,
}

impl Pending {
    fn finish(&self, index: usize, result: Result<(), BackendError>) {
        match result {
            Err(error) => {
                if let Some(slot) = self.results.lock().unwrap_or_else(PoisonError::into_inner).get_mut(index) {
                    *slot = Err(error);
                }
            }
            Ok(()) => {
                if let Some((due, latencies)) = self.measure.as_ref().filter(|_| index < self.records) {
                    let took = clock::monotonic().saturating_duration_since(*due);
                    latencies.lock().unwrap_or_else(PoisonError::into_inner).add(took, 1);
                }
            }
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            let results = std::mem::take(&mut *self.results.lock().unwrap_or_else(PoisonError::into_inner));
            let sender = self.done.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(sender) = sender {
                // whoever asked may have gone
                sender.send(results).ok();
            }
        }
    }
}

pub(crate) struct Deliveries;

impl ClientContext for Deliveries {
    fn error(&self, error: ClientError, reason: &str) {
        tracing::warn!(%error, reason, "kafka producer");
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<(usize, Arc<Pending>)>;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: Self::DeliveryOpaque) {
        let (index, pending) = *opaque;
        let outcome = match result {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(BackendError::Unavailable(error.to_string())),
        };
        pending.finish(index, outcome);
    }
}

/// The producer of a process' APIs.
pub(crate) struct Appender {
    producer: ThreadedProducer<Deliveries>,
    connection: Connection,
    partitions: i32,
}

impl Appender {
    pub(crate) fn new(connection: &Connection, partitions: i32) -> Result<Self, KafkaError> {
        let producer = connection.appender().create_with_context(Deliveries)?;
        Ok(Self { producer, connection: connection.clone(), partitions })
    }

    /// Queues records; the receiver gets a result for each when all are decided.
    pub(crate) fn append(&self, records: &[NewRecord]) -> oneshot::Receiver<Results> {
        self.append_measured(records, None)
    }

    fn append_measured(&self, records: &[NewRecord], measure: Option<Measure>) -> oneshot::Receiver<Results> {
        let (done, receiver) = oneshot::channel();
        let pending = Arc::new(Pending {
            records: records.len(),
            left: AtomicUsize::new(records.len() + 1),
            measure,
            // the slot past the end is for the call itself, so that an empty one is answered too
            results: Mutex::new(vec![Ok(()); records.len()]),
            done: Mutex::new(Some(done)),
        });
        for (index, record) in records.iter().enumerate() {
            if let Err(error) = self.send(index, record, &pending) {
                pending.finish(index, Err(error));
            }
        }
        pending.finish(records.len(), Ok(()));
        receiver
    }

    fn send(&self, index: usize, record: &NewRecord, pending: &Arc<Pending>) -> Result<(), BackendError> {
        let topic = self.connection.topic(&record.topic);
        let fresh = trace::fresh().header();
        let traceparent = record.traceparent.as_deref().unwrap_or(&fresh);
        let headers =
            [("traceparent", traceparent), ("tenant", split_key(&record.key).0), ("event-type", &record.event_type)];
        let headers = headers.iter().fold(OwnedHeaders::new_with_capacity(3), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value.as_bytes()) })
        });
        let partition = partition_of(record.topic.partition_by, &record.key, self.partitions);
        let outgoing = BaseRecord::with_opaque_to(&topic, Box::new((index, pending.clone())))
            .partition(partition)
            .key(record.key.as_bytes())
            .payload(record.payload.as_slice())
            .headers(headers);
        self.producer.send(outgoing).map_err(|(error, _)| match error {
            ClientError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge) => {
                BackendError::TooLarge(record.payload.len())
            }
            other => BackendError::Unavailable(other.to_string()),
        })
    }

    /// Waits until nothing is under way.
    pub(crate) fn flush(&self) -> Result<(), KafkaError> {
        Ok(self.producer.flush(CALL)?)
    }
}

/// Appends records from a plain thread, for loaders: many batches may be under way, within bounds.
pub struct Appending {
    appender: Appender,
    under_way: VecDeque<(usize, oneshot::Receiver<Results>)>,
    in_flight: usize,
    confirmed: u64,
    latencies: Arc<Mutex<Latencies>>,
}

/// Records under way before a loader waits; far below what the producer's queue takes.
const IN_FLIGHT: usize = 20_000;

impl Appending {
    /// Connects.
    ///
    /// # Errors
    /// If the client cannot be made.
    pub fn new(connection: &Connection, partitions: i32) -> Result<Self, KafkaError> {
        Ok(Self {
            appender: Appender::new(connection, partitions)?,
            under_way: VecDeque::new(),
            in_flight: 0,
            confirmed: 0,
            latencies: Arc::default(),
        })
    }

    /// Sends records that were due at `due`; waits while too many are under way.
    ///
    /// # Errors
    /// The first record of an earlier call that was not taken.
    pub fn send(&mut self, records: &[NewRecord], due: Instant) -> Result<(), BackendError> {
        while self.in_flight + records.len() > IN_FLIGHT && !self.under_way.is_empty() {
            self.settle_oldest()?;
        }
        let measure = Some((due, self.latencies.clone()));
        self.under_way.push_back((records.len(), self.appender.append_measured(records, measure)));
        self.in_flight += records.len();
        Ok(())
    }

    /// Waits until all are durable.
    ///
    /// # Errors
    /// The first record that was not taken.
    pub fn flush(&mut self) -> Result<(), BackendError> {
        while !self.under_way.is_empty() {
            self.settle_oldest()?;
        }
        Ok(())
    }

    /// How many records are known to be durable.
    pub fn confirmed(&self) -> u64 {
        self.confirmed
    }

    /// How long the records took, from when they were due.
    pub fn latencies(&self) -> Latencies {
        self.latencies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn settle_oldest(&mut self) -> Result<(), BackendError> {
        let Some((count, receiver)) = self.under_way.pop_front() else { return Ok(()) };
        self.in_flight -= count;
        let results = receiver.blocking_recv();
        let results = results.map_err(|_| BackendError::Unavailable("the producer has ended".to_owned()))?;
        self.confirmed += results.iter().filter(|result| result.is_ok()).count() as u64;
        results.into_iter().collect()
    }
}
