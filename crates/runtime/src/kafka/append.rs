//! Appending records for APIs and loaders: durable when every in-sync replica has them.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use kefu_contracts::partition::split_key;
use rdkafka::ClientContext;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use tokio::sync::oneshot;

use super::client::{CALL, Connection, KafkaError};
use super::tasks::partition_of;
use crate::backend::{BackendError, NewRecord};
use crate::trace;

/// A result for each record of a call.
type Results = Vec<Result<(), BackendError>>;

/// Delivery of the records of one call: one counter a call, not a channel a record.
pub(crate) struct Pending {
    left: AtomicUsize,
    results: Mutex<Results>,
    done: Mutex<Option<oneshot::Sender<Results>>>,
}

impl Pending {
    fn finish(&self, index: usize, result: Result<(), BackendError>) {
        let lock = |error: std::sync::PoisonError<_>| error.into_inner();
        if let Err(error) = result
            && let Some(slot) = self.results.lock().unwrap_or_else(lock).get_mut(index)
        {
            *slot = Err(error);
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            let results = std::mem::take(&mut *self.results.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
            let sender = self.done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
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
        let mut config = connection.config();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "5")
            .set("compression.type", "lz4")
            .set("message.timeout.ms", "10000")
            .set("queue.buffering.max.messages", "200000")
            .set("queue.buffering.max.kbytes", "131072");
        let producer = config.create_with_context(Deliveries)?;
        Ok(Self { producer, connection: connection.clone(), partitions })
    }

    /// Queues records; the receiver gets a result for each when all are decided.
    pub(crate) fn append(&self, records: &[NewRecord]) -> oneshot::Receiver<Results> {
        let (done, receiver) = oneshot::channel();
        let pending = Arc::new(Pending {
            left: AtomicUsize::new(records.len() + 1),
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

/// Appends records from a plain thread, for loaders.
pub struct Appending {
    appender: Appender,
}

impl Appending {
    /// Connects.
    ///
    /// # Errors
    /// If the client cannot be made.
    pub fn new(connection: &Connection, partitions: i32) -> Result<Self, KafkaError> {
        Ok(Self { appender: Appender::new(connection, partitions)? })
    }

    /// Appends records and waits until all are durable.
    ///
    /// # Errors
    /// The first record that was not taken.
    pub fn append(&self, records: Vec<NewRecord>) -> Result<(), BackendError> {
        let results = self.appender.append(&records).blocking_recv();
        let results = results.map_err(|_| BackendError::Unavailable("the producer has ended".to_owned()))?;
        results.into_iter().collect()
    }
}
