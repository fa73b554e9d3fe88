//! Reading a changelog partition back.

use std::collections::HashMap;
use std::sync::Arc;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::client::{Connection, KafkaError, range};

/// States gathered before they are handed on; bounds memory.
const CHUNK: usize = 10_000;

/// The last states of a stretch of the changelog; none is a key that was forgotten.
pub(crate) type Stretch = HashMap<Arc<str>, Option<Vec<u8>>>;

/// Reads changelog partitions, one after the other.
pub(crate) struct ChangelogReader {
    consumer: BaseConsumer,
}

impl ChangelogReader {
    pub(crate) fn new(connection: &Connection) -> Result<Self, KafkaError> {
        Ok(Self { consumer: connection.reader("read_committed").create()? })
    }

    /// First and next offset of a partition.
    pub(crate) fn range(&self, topic: &str, partition: i32) -> Result<(i64, i64), KafkaError> {
        range(&self.consumer, topic, partition)
    }

    /// Reads from `from` to the end in stretches, each with the offset that follows it; gives the end.
    pub(crate) fn replay(
        &self,
        topic: &str,
        partition: i32,
        from: i64,
        mut each: impl FnMut(Stretch, i64) -> Result<(), KafkaError>,
    ) -> Result<i64, KafkaError> {
        let (low, end) = self.range(topic, partition)?;
        let mut next = from.max(low);
        if next >= end {
            return Ok(end.max(next));
        }
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(next))?;
        self.consumer.assign(&list)?;
        let mut stretch = Stretch::new();
        let mut idle = 0;
        loop {
            match self.consumer.poll(std::time::Duration::from_millis(500)) {
                Some(Ok(message)) => {
                    idle = 0;
                    next = message.offset() + 1;
                    let key = message.key().and_then(|key| std::str::from_utf8(key).ok());
                    if let Some(key) = key {
                        stretch.insert(Arc::from(key), message.payload().map(<[u8]>::to_vec));
                    }
                    if stretch.len() >= CHUNK {
                        each(std::mem::take(&mut stretch), next)?;
                    }
                }
                // the end was reached, control records included
                Some(Err(ClientError::PartitionEOF(_))) => break,
                Some(Err(ClientError::MessageConsumption(RDKafkaErrorCode::BrokerTransportFailure))) => {}
                Some(Err(error)) => return Err(error.into()),
                None => {
                    idle += 1;
                    if idle > 60 {
                        return Err(KafkaError::SetUp(format!(
                            "the changelog {topic}/{partition} stopped at {next} of {end}; is the broker there?"
                        )));
                    }
                }
            }
        }
        let end = end.max(next);
        each(stretch, end)?;
        self.consumer.unassign()?;
        Ok(end)
    }
}
