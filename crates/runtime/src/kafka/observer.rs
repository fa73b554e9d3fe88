//! Reading whole topics: views of a process, and dumps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kefu_contracts::Timestamp;
use kefu_contracts::codec::Codec;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::{Headers, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::client::{CALL, Connection, KafkaError, range};
use crate::backend::{View, Written};
use crate::clock;
use crate::heartbeat::Heartbeat;

/// The thread that feeds a process' views.
pub(crate) struct Observer {
    consumer: BaseConsumer,
    connection: Connection,
    views: Vec<Arc<dyn View>>,
    codec: Codec,
    stop: Arc<AtomicBool>,
}

impl Observer {
    /// Reads what the views need from the start, then is ready to follow.
    pub(crate) fn new(
        connection: &Connection,
        partitions: i32,
        views: Vec<Arc<dyn View>>,
        codec: Codec,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, KafkaError> {
        let consumer: BaseConsumer = connection.reader("read_committed").create()?;
        let observer = Self { consumer, connection: connection.clone(), views, codec, stop };
        let mut follow = TopicPartitionList::new();
        for view in &observer.views {
            for topic in view.topics() {
                let name = connection.topic(&topic);
                for partition in 0..partitions {
                    let from = match view.needs_history() {
                        true => observer.read_history(&name, partition)?,
                        // the end as it is now: `Offset::End` would be looked up later, past what is written meanwhile
                        false => range(&observer.consumer, &name, partition)?.1,
                    };
                    follow.add_partition_offset(&name, partition, Offset::Offset(from))?;
                }
            }
        }
        observer.consumer.assign(&follow)?;
        Ok(observer)
    }

    /// Reads a partition to its end; gives where to go on.
    fn read_history(&self, topic: &str, partition: i32) -> Result<i64, KafkaError> {
        let (low, end) = range(&self.consumer, topic, partition)?;
        let mut next = low;
        if end == low {
            return Ok(next);
        }
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(low))?;
        self.consumer.assign(&list)?;
        let mut heard = clock::monotonic();
        loop {
            match self.consumer.poll(Duration::from_millis(500)) {
                Some(Ok(message)) => {
                    heard = clock::monotonic();
                    next = message.offset() + 1;
                    self.apply(&message);
                }
                Some(Err(ClientError::PartitionEOF(_))) => return Ok(next),
                Some(Err(error)) => tracing::warn!(%error, topic, "a view cannot be read"),
                None => {}
            }
            // what is decided without the policies, for one, would be wrong
            if heard.elapsed() > CALL {
                return Err(KafkaError::SetUp(format!(
                    "{topic}/{partition} cannot be read on from {next} of {end}; is its leader there?"
                )));
            }
        }
    }

    pub(crate) fn run(&self, heartbeat: &Heartbeat) {
        while !self.stop.load(Ordering::Relaxed) {
            heartbeat.beat();
            match self.consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => self.apply(&message),
                Some(Err(ClientError::PartitionEOF(_))) | None => {}
                Some(Err(error)) => tracing::warn!(%error, "views cannot be read"),
            }
        }
    }

    fn apply(&self, message: &impl Message) {
        let topic = self.connection.without_prefix(message.topic());
        let Some(key) = message.key().and_then(|key| std::str::from_utf8(key).ok()) else { return };
        for view in &self.views {
            if view.topics().iter().any(|read| read.name == topic) {
                view.apply(Written { topic, key, payload: message.payload() }, &self.codec);
            }
        }
    }
}

/// A record as it stands in a topic.
#[derive(Clone, Debug)]
pub struct LogRecord {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// When the broker took it.
    pub appended_at: Timestamp,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value; none for a key that is gone.
    pub payload: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Vec<(String, String)>,
}

/// Calls `each` with every committed record of `topic`, partition by partition.
///
/// # Errors
/// If the topic cannot be read to the end it had at the call.
pub fn read_log(
    connection: &Connection,
    topic: &str,
    mut each: impl FnMut(LogRecord) -> Result<(), std::io::Error>,
) -> Result<(), KafkaError> {
    let consumer: BaseConsumer = connection.reader("read_committed").create()?;
    let metadata = consumer.fetch_metadata(Some(topic), CALL)?;
    let partitions: Vec<i32> =
        metadata.topics().iter().flat_map(|topic| topic.partitions()).map(|partition| partition.id()).collect();
    if partitions.is_empty() {
        return Err(KafkaError::SetUp(format!("topic `{topic}` does not exist")));
    }
    for partition in partitions {
        let (low, end) = range(&consumer, topic, partition)?;
        if low >= end {
            continue;
        }
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Beginning)?;
        consumer.assign(&list)?;
        loop {
            match consumer.poll(CALL) {
                // what came since the call is not meant
                Some(Ok(message)) if message.offset() >= end => break,
                Some(Ok(message)) => each(log_record(&message))?,
                Some(Err(ClientError::PartitionEOF(_))) => break,
                Some(Err(error)) => return Err(error.into()),
                None => return Err(KafkaError::SetUp(format!("topic `{topic}` stopped before its end"))),
            }
        }
    }
    Ok(())
}

fn log_record(message: &impl Message) -> LogRecord {
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    LogRecord {
        partition: message.partition(),
        offset: message.offset(),
        appended_at: Timestamp::from_ms(message.timestamp().to_millis().unwrap_or(0)),
        key: message.key().unwrap_or_default().to_vec(),
        payload: message.payload().map(<[u8]>::to_vec),
        headers: headers.map(|header| (header.key.to_owned(), text(header.value.unwrap_or_default()))).collect(),
    }
}
