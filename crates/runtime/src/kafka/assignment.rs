//! What the group hands to this consumer.
//!
//! All topics that a service reads have as many partitions, and partition `p` of all of them belongs to one worker. The
//! group hands out those of one topic, the lead; the others follow it. Owns the rebalance callback: it adds the
//! followers, starts all at their committed offsets, and notes what came and went. The worker takes the notes up
//! between two batches, when no transaction is open.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use super::client::{CALL, KafkaError, SETTLING};
use super::worker::Patience;
use crate::clock;
use crate::outage::Outage;

/// Something the group did.
#[derive(Debug)]
pub(crate) enum Change {
    /// A partition came, with the offsets its topics start at.
    Came { partition: i32, starts: Vec<(String, i64)> },
    /// A partition went.
    Went(i32),
    /// The group has told what is this consumer's for now.
    Assigned,
    /// The callback failed; the worker must start anew.
    Failed(KafkaError),
}

/// Pause before the broker is asked again.
const AGAIN: Duration = Duration::from_millis(50);

/// Called for each partition just before it is assigned.
pub(crate) type Forward = Box<dyn Fn(&str, i32) + Send + Sync>;

/// The consumer's context.
pub(crate) struct Assignment {
    /// Full names of all topics; the first is the lead.
    topics: Vec<String>,
    changes: Mutex<Vec<Change>>,
    forward: OnceLock<Forward>,
    patience: Patience,
}

impl Assignment {
    pub(crate) fn new(topics: Vec<String>, patience: Patience) -> Self {
        Self { topics, changes: Mutex::new(Vec::new()), forward: OnceLock::new(), patience }
    }

    pub(crate) fn forward_with(&self, forward: Forward) {
        // set once, right after the consumer was made
        self.forward.set(forward).ok();
    }

    pub(crate) fn take_changes(&self) -> Vec<Change> {
        std::mem::take(&mut self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, changes: impl IntoIterator<Item = Change>) {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).extend(changes);
    }

    fn with_followers(&self, leads: &TopicPartitionList) -> TopicPartitionList {
        let mut all = TopicPartitionList::new();
        for lead in leads.elements() {
            for topic in &self.topics {
                all.add_partition(topic, lead.partition());
            }
        }
        all
    }

    fn assign(&self, consumer: &BaseConsumer<Self>, leads: &TopicPartitionList) -> Result<(), KafkaError> {
        let all = self.with_followers(leads);
        if all.count() == 0 {
            return Ok(consumer.incremental_assign(&all)?);
        }
        let mut start = TopicPartitionList::new();
        let mut starts: BTreeMap<i32, Vec<(String, i64)>> = BTreeMap::new();
        for entry in committed(consumer, &all, &self.patience)?.elements() {
            entry.error()?;
            let offset = match entry.offset() {
                Offset::Offset(offset) => offset,
                _ => 0,
            };
            let from = if offset == 0 { Offset::Beginning } else { Offset::Offset(offset) };
            start.add_partition_offset(entry.topic(), entry.partition(), from)?;
            starts.entry(entry.partition()).or_default().push((entry.topic().to_owned(), offset));
            if let Some(forward) = self.forward.get() {
                forward(entry.topic(), entry.partition());
            }
        }
        consumer.incremental_assign(&start)?;
        self.note(starts.into_iter().map(|(partition, starts)| Change::Came { partition, starts }));
        Ok(())
    }

    fn unassign(&self, consumer: &BaseConsumer<Self>, leads: &TopicPartitionList) -> Result<(), KafkaError> {
        consumer.incremental_unassign(&self.with_followers(leads))?;
        self.note(leads.elements().iter().map(|lead| Change::Went(lead.partition())));
        Ok(())
    }
}

/// The offsets to start at. While the last owner's transaction is open the broker does not tell them; it ends by its
/// time limit at the latest.
fn committed(
    consumer: &BaseConsumer<Assignment>,
    all: &TopicPartitionList,
    patience: &Patience,
) -> Result<TopicPartitionList, KafkaError> {
    let begun = clock::monotonic();
    let mut outage = Outage::default();
    loop {
        let error = match consumer.committed_offsets(all.clone(), CALL) {
            Ok(offsets) => return Ok(offsets),
            Err(error) => error,
        };
        if !patience.lasts() {
            return Err(error.into());
        }
        if begun.elapsed() > SETTLING {
            return Err(KafkaError::SetUp(format!(
                "committed offsets cannot be had for more than {} s ({error}); `kafka-transactions.sh find-hanging` \
                 shows what keeps them",
                SETTLING.as_secs()
            )));
        }
        if outage.lasts() {
            let service = patience.service;
            tracing::warn!(service, %error, "committed offsets are asked for again; is a transaction left open?");
        }
        clock::rest(AGAIN);
    }
}

impl ClientContext for Assignment {
    fn error(&self, error: ClientError, reason: &str) {
        tracing::warn!(service = self.patience.service, %error, reason, "kafka consumer");
    }
}

impl ConsumerContext for Assignment {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, kind: RDKafkaRespErr, leads: &mut TopicPartitionList) {
        let done = match kind {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.assign(consumer, leads),
            _ => self.unassign(consumer, leads),
        };
        // also if nothing came or went: the client paused what stays
        self.note([Change::Assigned]);
        if let Err(error) = done
            && self.patience.continues()
        {
            self.note([Change::Failed(error)]);
        }
    }
}

/// A consumer that its queue and its worker share.
pub(crate) type WeakConsumer = Weak<BaseConsumer<Assignment>>;
