//! Dead letters sent back to the service that refused them.
//!
//! Owns `cs.<service>.retry.repartition`: the original bytes under the original key, in the original partition, read by
//! that service alone. Each record there names the letter it was made of, so that what was sent back before is known
//! from the topic itself; a transactional id keeps two senders from working at once. Which letters are sent back is the
//! operator's matter.

use std::collections::{BTreeMap, BTreeSet};

use kefu_contracts::partition::split_key;
use kefu_contracts::topic::DEAD_LETTERS;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;

use super::client::{CALL, Connection, KafkaError};
use super::observer::{LogRecord, read_log};
use crate::{clock, trace};

/// The header of a sent-back record that names its letter, as `partition:offset`.
const LETTER: &str = "letter";
/// Headers that go back as they are.
const KEPT: [&str; 7] =
    ["source-topic", "source-partition", "source-offset", "service", "processor", "first-failure", "first-code"];

/// The topic on which `service` gets its dead letters back, without prefix.
pub fn retry_topic(service: &str) -> String {
    format!("{service}.retry.repartition")
}

/// A record of `cs.dlq`.
#[derive(Clone, Debug)]
pub struct Letter {
    record: LogRecord,
    headers: BTreeMap<String, String>,
}

impl Letter {
    /// A letter as it was read.
    pub fn new(mut record: LogRecord) -> Self {
        let headers = std::mem::take(&mut record.headers).into_iter().collect();
        Self { record, headers }
    }

    /// The record, without its headers.
    pub fn record(&self) -> &LogRecord {
        &self.record
    }

    /// Where the letter is: `partition:offset`.
    pub fn position(&self) -> String {
        format!("{}:{}", self.record.partition, self.record.offset)
    }

    /// Its headers by name.
    pub fn headers(&self) -> &BTreeMap<String, String> {
        &self.headers
    }

    /// A header; none if it is not there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// How often the record was tried.
    pub fn attempt(&self) -> Option<u32> {
        self.header("attempt")?.parse().ok()
    }

    /// Whether its headers say enough to send it back.
    pub fn is_complete(&self) -> bool {
        self.source_partition().is_some() && self.attempt().is_some() && self.header("source-topic").is_some()
    }

    /// The partition that the record came from.
    fn source_partition(&self) -> Option<i32> {
        self.header("source-partition")?.parse().ok()
    }

    /// The headers of the record when it is sent back.
    fn headers_back(&self) -> Option<Vec<(&'static str, String)>> {
        let mut back: Vec<(&'static str, String)> = Vec::with_capacity(KEPT.len() + 5);
        for name in KEPT {
            if let Some(value) = self.header(name) {
                back.push((name, value.to_owned()));
            }
        }
        back.push(("attempt", self.attempt()?.checked_add(1)?.to_string()));
        back.push((LETTER, self.position()));
        back.push(("traceparent", trace::fresh().header()));
        back.push(("tenant", split_key(&String::from_utf8_lossy(&self.record.key)).0.to_owned()));
        back.push(("event-type", "DeadLetter".to_owned()));
        Some(back)
    }
}

/// Calls `each` with every dead letter.
///
/// # Errors
/// If the topic cannot be read to the end it had at the call.
pub fn read_letters(
    connection: &Connection,
    mut each: impl FnMut(Letter) -> Result<(), std::io::Error>,
) -> Result<(), KafkaError> {
    read_log(connection, &connection.topic(&DEAD_LETTERS), |record| each(Letter::new(record)))
}

/// Which letters were sent back to a service.
#[derive(Debug, Default)]
pub struct SentBack {
    letters: BTreeMap<String, BTreeSet<String>>,
}

impl SentBack {
    /// Whether the letter was sent back. Reads the service's topic when it is first asked about it.
    ///
    /// # Errors
    /// If the topic is missing or cannot be read.
    pub fn contains(&mut self, connection: &Connection, letter: &Letter) -> Result<bool, KafkaError> {
        let service = letter.header("service").unwrap_or_default();
        if !self.letters.contains_key(service) {
            let mut known = BTreeSet::new();
            read_log(connection, &connection.topic_named(&retry_topic(service)), |record| {
                known.extend(record.headers.into_iter().filter(|(name, _)| name == LETTER).map(|(_, at)| at));
                Ok(())
            })
            .map_err(|error| missing(connection, service, error))?;
            self.letters.insert(service.to_owned(), known);
        }
        Ok(self.letters.get(service).is_some_and(|known| known.contains(&letter.position())))
    }
}

fn missing(connection: &Connection, service: &str, error: KafkaError) -> KafkaError {
    let topic = connection.topic_named(&retry_topic(service));
    KafkaError::SetUp(format!("{error}; if `{topic}` is missing, run `kefu topics apply`"))
}

/// Sends letters back, one transaction after the other.
pub struct Resender {
    connection: Connection,
    producer: ThreadedProducer<DefaultProducerContext>,
    partitions: BTreeMap<String, i32>,
}

impl Resender {
    /// Takes over from any other resender of the cluster: what that one had not committed is lost to it. What was sent
    /// back before must be read after this.
    ///
    /// # Errors
    /// If the broker is away.
    pub fn new(connection: &Connection) -> Result<Self, KafkaError> {
        let id = format!("{}kefu.dlq-replay", connection.prefix);
        let config = connection.client(&[("transactional.id", &id), ("compression.type", "lz4"), ("linger.ms", "5")]);
        let producer: ThreadedProducer<DefaultProducerContext> = config.create()?;
        producer.init_transactions(CALL * 3)?;
        Ok(Self { connection: connection.clone(), producer, partitions: BTreeMap::new() })
    }

    /// Sends the letters' records back to the services that refused them, in the partitions they came from: all of
    /// them or none.
    ///
    /// # Errors
    /// If a letter's headers do not say where it came from, the broker is away, or another resender took over.
    pub fn send(&mut self, letters: &[Letter]) -> Result<(), KafkaError> {
        if letters.is_empty() {
            return Ok(());
        }
        self.producer.begin_transaction()?;
        for letter in letters {
            self.send_one(letter)?;
        }
        Ok(self.producer.commit_transaction(CALL * 3)?)
    }

    fn send_one(&mut self, letter: &Letter) -> Result<(), KafkaError> {
        let damaged = || KafkaError::SetUp(format!("letter {} does not say where it came from", letter.position()));
        let service = letter.header("service").ok_or_else(damaged)?;
        let (partition, headers) = letter.source_partition().zip(letter.headers_back()).ok_or_else(damaged)?;
        let topic = self.connection.topic_named(&retry_topic(service));
        let partitions = self.partitions_of(&topic)?;
        if !(0..partitions).contains(&partition) {
            let at = letter.position();
            return Err(KafkaError::SetUp(format!("letter {at} is of partition {partition}, which `{topic}` has not")));
        }
        self.produce(&topic, partition, letter, &headers)
    }

    fn produce(
        &self,
        topic: &str,
        partition: i32,
        letter: &Letter,
        headers: &[(&'static str, String)],
    ) -> Result<(), KafkaError> {
        let owned = headers.iter().fold(OwnedHeaders::new_with_capacity(headers.len()), |owned, (key, value)| {
            owned.insert(Header { key, value: Some(value.as_bytes()) })
        });
        let record = letter.record();
        let mut outgoing = BaseRecord::<[u8], [u8]>::to(topic).partition(partition).key(&record.key).headers(owned);
        if let Some(payload) = &record.payload {
            outgoing = outgoing.payload(payload);
        }
        loop {
            match self.producer.send(outgoing) {
                Ok(()) => return Ok(()),
                Err((ClientError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    outgoing = back;
                    clock::rest(std::time::Duration::from_millis(1));
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
    }

    fn partitions_of(&mut self, topic: &str) -> Result<i32, KafkaError> {
        if let Some(known) = self.partitions.get(topic) {
            return Ok(*known);
        }
        let client: BaseConsumer = self.connection.config().create()?;
        let metadata = client.fetch_metadata(Some(topic), CALL)?;
        let count = metadata.topics().iter().map(|topic| topic.partitions().len()).sum::<usize>();
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        self.partitions.insert(topic.to_owned(), count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use kefu_contracts::Timestamp;

    use super::*;
    use crate::dead_letter::{First, Refused};

    fn letter(headers: &[(&str, &str)]) -> Letter {
        Letter::new(LogRecord {
            partition: 2,
            offset: 17,
            appended_at: Timestamp::from_ms(1_772_413_200_000),
            key: b"demo/c-1".to_vec(),
            payload: Some(b"bytes".to_vec()),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        })
    }

    const HEADERS: &[(&str, &str)] = &[
        ("source-topic", "channel-events"),
        ("source-partition", "2"),
        ("source-offset", "41"),
        ("service", "intake"),
        ("processor", "cases"),
        ("code", "no_case"),
        ("detail", "no case is open"),
        ("attempt", "1"),
        ("first-failure", "2026-03-02T01:00:00.000Z"),
        ("first-code", "no_case"),
    ];

    #[test]
    fn what_goes_back_is_read_by_the_service_as_the_next_attempt() {
        let back = letter(HEADERS).headers_back().unwrap();
        let find = |name: &CStr| {
            let found = back.iter().find(|(known, _)| known.as_bytes() == name.to_bytes());
            found.map(|(_, value)| value.as_bytes())
        };
        let refused = Refused::sent_back(find).unwrap();
        let (origin, first) = (refused.origin, refused.first);
        assert_eq!((origin.topic, origin.partition, origin.offset, origin.attempt), ("channel-events", 2, 41, 2));
        assert_eq!(first, Some(First { at: "2026-03-02T01:00:00.000Z", code: "no_case" }));
        assert_eq!((find(c"letter"), find(c"tenant")), (Some(&b"2:17"[..]), Some(&b"demo"[..])));
        assert_eq!(find(c"detail"), None);
    }

    #[test]
    fn a_letter_without_an_attempt_cannot_go_back() {
        assert!(letter(&[("service", "intake"), ("source-partition", "2")]).headers_back().is_none());
    }
}
