//! Reading a changelog partition back.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::client::{self, Connection, KafkaError, SETTLING};
use super::worker::Patience;
use crate::clock;

/// States, their bytes, and records gathered before they are handed on; bounds memory and what a failure repeats.
const STATES_MAX: usize = 10_000;
const BYTES_MAX: usize = 16 << 20;
const RECORDS_MAX: usize = 200_000;

/// The last states of a stretch of the changelog; none is a key that was forgotten.
pub(crate) type Stretch = HashMap<Arc<str>, Option<Vec<u8>>>;

const SETTLING_PERIOD: Duration = Duration::from_millis(10);
/// How often a long takeover tells how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// Whether the broker cannot be reached now, or has just started and does not lead its partitions yet.
fn is_away(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::AllBrokersDown
            | Code::BrokerTransportFailure
            | Code::OperationTimedOut
            | Code::Resolve
            | Code::UnknownPartition
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
    )
}

/// Reads changelog partitions, one after the other.
pub(crate) struct ChangelogReader {
    consumer: BaseConsumer,
    uncommitted: BaseConsumer,
    patience: Patience,
}

/// What is read has been written already: a broker that waits for more only keeps the end of the partition back.
fn replaying(connection: &Connection) -> ClientConfig {
    let mut config = connection.reader("read_committed");
    config.set("fetch.wait.max.ms", "1");
    config
}

impl ChangelogReader {
    pub(crate) fn new(connection: &Connection, patience: Patience) -> Result<Self, KafkaError> {
        Ok(Self {
            consumer: replaying(connection).create()?,
            uncommitted: connection.reader("read_uncommitted").create()?,
            patience,
        })
    }

    /// Who is told to end reads no further: a takeover may wait for longer than a process has to end.
    fn goes_on(&self) -> Result<(), KafkaError> {
        if self.patience.continues() { Ok(()) } else { Err(KafkaError::Stopped) }
    }

    /// First and next offset of a partition; waits while the broker is away.
    fn range(&self, consumer: &BaseConsumer, topic: &str, partition: i32) -> Result<(i64, i64), KafkaError> {
        loop {
            match client::range(consumer, topic, partition) {
                Err(KafkaError::Kafka(error)) if error.rdkafka_error_code().is_some_and(is_away) => {
                    let service = self.patience.service;
                    tracing::warn!(service, topic, partition, %error, "the broker is asked for offsets again");
                    if !self.patience.lasts() {
                        return Err(KafkaError::Stopped);
                    }
                }
                done => return done,
            }
        }
    }

    /// First and next offset of a partition, once every transaction that wrote to it before is over.
    ///
    /// A commit reaches partition by partition: the group may have its offsets while the changelog does not show its
    /// states yet. Whoever restored now would go on from those offsets with older states.
    pub(crate) fn settled_range(&self, topic: &str, partition: i32) -> Result<(i64, i64), KafkaError> {
        let (_, written) = self.range(&self.uncommitted, topic, partition)?;
        let begun = clock::monotonic();
        let mut told = begun;
        loop {
            let (low, end) = self.range(&self.consumer, topic, partition)?;
            if end >= written {
                return Ok((low, end));
            }
            if begun.elapsed() > SETTLING {
                return Err(KafkaError::SetUp(format!(
                    "a transaction on {topic}/{partition} is open at {end} of {written} for more than {} s; is its \
                     coordinator there? `kafka-transactions.sh find-hanging` shows one that nobody ends",
                    SETTLING.as_secs()
                )));
            }
            if told.elapsed() >= TOLD_EVERY {
                told = clock::monotonic();
                let service = self.patience.service;
                tracing::info!(service, topic, partition, end, written, "waits for an open transaction to end");
            }
            self.goes_on()?;
            clock::rest(SETTLING_PERIOD);
        }
    }

    /// Reads from `from` to the end in stretches, each with the offset that follows it; gives the end.
    pub(crate) fn replay<E: From<KafkaError>>(
        &self,
        topic: &str,
        partition: i32,
        from: i64,
        mut each: impl FnMut(Stretch, i64) -> Result<(), E>,
    ) -> Result<i64, E> {
        let (low, end) = self.range(&self.consumer, topic, partition)?;
        let mut next = from.max(low);
        if next >= end {
            return Ok(end.max(next));
        }
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(next)).map_err(KafkaError::from)?;
        self.consumer.assign(&list).map_err(KafkaError::from)?;
        let mut stretch = Stretch::new();
        let (mut records, mut bytes) = (0, 0);
        let mut idle = 0;
        let mut told = clock::monotonic();
        loop {
            self.goes_on()?;
            if told.elapsed() >= TOLD_EVERY {
                told = clock::monotonic();
                let service = self.patience.service;
                tracing::info!(service, topic, partition, from, next, end, "reads a changelog back");
            }
            match self.consumer.poll(Duration::from_millis(500)) {
                Some(Ok(message)) => {
                    idle = 0;
                    records += 1;
                    bytes += message.payload_len();
                    next = message.offset() + 1;
                    let key = message.key().and_then(|key| std::str::from_utf8(key).ok());
                    if let Some(key) = key {
                        stretch.insert(Arc::from(key), message.payload().map(<[u8]>::to_vec));
                    }
                    if stretch.len() >= STATES_MAX || bytes >= BYTES_MAX || records >= RECORDS_MAX {
                        each(std::mem::take(&mut stretch), next)?;
                        (records, bytes) = (0, 0);
                    }
                }
                // the end was reached, control records included
                Some(Err(ClientError::PartitionEOF(_))) => break,
                Some(Err(ClientError::MessageConsumption(code))) if is_away(code) => {}
                Some(Err(error)) => return Err(KafkaError::from(error).into()),
                None => {
                    idle += 1;
                    if idle > 60 {
                        let stopped = format!(
                            "the changelog {topic}/{partition} stopped at {next} of {end}; is the broker there?"
                        );
                        return Err(KafkaError::SetUp(stopped).into());
                    }
                }
            }
        }
        let end = end.max(next);
        each(stretch, end)?;
        self.consumer.unassign().map_err(KafkaError::from)?;
        Ok(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_that_is_away_is_waited_for_and_a_topic_that_is_gone_is_not() {
        for (code, away) in [
            (RDKafkaErrorCode::AllBrokersDown, true),
            (RDKafkaErrorCode::BrokerTransportFailure, true),
            (RDKafkaErrorCode::UnknownPartition, true),
            (RDKafkaErrorCode::UnknownTopicOrPartition, false),
            (RDKafkaErrorCode::TopicAuthorizationFailed, false),
        ] {
            assert_eq!(is_away(code), away, "{code:?}");
        }
    }
}
