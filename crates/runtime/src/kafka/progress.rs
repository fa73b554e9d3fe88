//! How far everyone is: the watermarks that let timers fire.
//!
//! Owns the records of `cs.<service>.watermarks` and the horizon of each stage: the instant up to which all upstream
//! tasks are complete, with the end offsets of the stage's inputs observed after that. A task whose positions have
//! reached those ends has seen everything up to the horizon, so it may fire timers up to it.
//!
//! The ends are those of uncommitted data: upstream's outputs are in the log before its progress can be read, but the
//! broker may publish the commit of one partition before that of another.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kefu_contracts::Timestamp;
use kefu_processor::Topology;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};

use super::client::{CALL, Connection, KafkaError};
use crate::clock;

/// The first stage's upstream with the event clock: whoever loads recorded inputs.
pub const LOAD: &str = "load";

/// How often a horizon is looked for.
const PERIOD: Duration = Duration::from_millis(50);

/// A task, as its progress is keyed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProgressKey {
    /// The service.
    pub service: String,
    /// The processor in it.
    pub stage: String,
    /// The partition.
    pub partition: i32,
}

/// The topic of a service's progress, without prefix.
pub(crate) fn progress_topic(service: &str) -> String {
    format!("{service}.watermarks")
}

/// The record of a task's progress: key and value.
pub(crate) fn progress_record(stage: &str, partition: i32, reached: Timestamp) -> (String, String) {
    (format!("{stage}/{partition}"), reached.ms().to_string())
}

/// Publishes the progress of a loader of recorded inputs.
pub struct ProgressWriter {
    producer: ThreadedProducer<DefaultProducerContext>,
    topic: String,
}

impl ProgressWriter {
    /// A writer for the loader.
    ///
    /// # Errors
    /// If the client cannot be made.
    pub fn for_load(connection: &Connection) -> Result<Self, KafkaError> {
        let mut config = connection.config();
        config.set("enable.idempotence", "true").set("linger.ms", "1");
        Ok(Self { producer: config.create()?, topic: connection.topic_named(&progress_topic(LOAD)) })
    }

    /// Says that every input up to `reached` is in the log.
    ///
    /// # Errors
    /// If the broker does not take it.
    pub fn publish(&self, reached: Timestamp) -> Result<(), KafkaError> {
        let (key, value) = progress_record(LOAD, 0, reached);
        self.producer
            .send(BaseRecord::to(&self.topic).partition(0).key(&key).payload(&value))
            .map_err(|(error, _)| error)?;
        Ok(self.producer.flush(CALL)?)
    }
}

/// What a stage may fire up to.
#[derive(Clone, Debug)]
pub(crate) struct Horizon {
    /// Everything upstream is complete up to here.
    pub(crate) reached: Timestamp,
    /// The inputs' ends observed after that, by full topic name and partition.
    pub(crate) ends: Arc<HashMap<(String, i32), i64>>,
}

/// The horizons of a process' stages, by `service/processor`.
#[derive(Clone, Default)]
pub(crate) struct Horizons {
    by_stage: Arc<Mutex<HashMap<String, Horizon>>>,
}

impl Horizons {
    pub(crate) fn of(&self, stage: &str) -> Option<Horizon> {
        self.by_stage.lock().unwrap_or_else(PoisonError::into_inner).get(stage).cloned()
    }

    fn set(&self, stage: String, horizon: Horizon) {
        self.by_stage.lock().unwrap_or_else(PoisonError::into_inner).insert(stage, horizon);
    }
}

/// Reads the progress of services.
struct ProgressReader {
    consumer: BaseConsumer,
    reached: BTreeMap<ProgressKey, Timestamp>,
    services: HashMap<String, String>,
}

impl ProgressReader {
    fn new(connection: &Connection, services: &[&str]) -> Result<Self, KafkaError> {
        let consumer: BaseConsumer = connection.reader("read_committed").create()?;
        let mut list = TopicPartitionList::new();
        let mut names = HashMap::new();
        for service in services {
            let topic = connection.topic_named(&progress_topic(service));
            list.add_partition_offset(&topic, 0, Offset::Beginning)?;
            names.insert(topic, (*service).to_owned());
        }
        consumer.assign(&list)?;
        Ok(Self { consumer, reached: BTreeMap::new(), services: names })
    }

    /// Takes in what was published, waiting up to `wait` for the first record.
    fn poll(&mut self, wait: Duration) -> Result<(), KafkaError> {
        let mut wait = wait;
        while let Some(polled) = self.consumer.poll(wait) {
            wait = Duration::ZERO;
            match polled {
                Ok(message) => {
                    if let Some((key, reached)) = parse(&self.services, &message) {
                        self.reached.insert(key, reached);
                    }
                }
                Err(ClientError::PartitionEOF(_)) => {}
                Err(error) => tracing::warn!(%error, "watermarks cannot be read"),
            }
        }
        Ok(())
    }

    /// The instant that all `partitions` tasks of a stage have reached.
    fn least(&self, service: &str, stage: &str, partitions: i32) -> Option<Timestamp> {
        let of = |partition| {
            let key = ProgressKey { service: service.to_owned(), stage: stage.to_owned(), partition };
            self.reached.get(&key).copied()
        };
        (0..partitions).map(of).collect::<Option<Vec<_>>>()?.into_iter().min()
    }
}

fn parse(services: &HashMap<String, String>, message: &impl Message) -> Option<(ProgressKey, Timestamp)> {
    let service = services.get(message.topic())?.clone();
    let (stage, partition) = std::str::from_utf8(message.key()?).ok()?.rsplit_once('/')?;
    let reached = std::str::from_utf8(message.payload()?).ok()?.parse().ok()?;
    let key = ProgressKey { service, stage: stage.to_owned(), partition: partition.parse().ok()? };
    Some((key, Timestamp::from_ms(reached)))
}

/// Waits for all stages to come to an instant.
pub struct ProgressGate {
    reader: ProgressReader,
    stages: Vec<(&'static str, &'static str)>,
    partitions: i32,
}

impl ProgressGate {
    /// A gate for the stages of `topology`.
    ///
    /// # Errors
    /// If the watermarks cannot be read.
    pub fn new(connection: &Connection, topology: &Topology, partitions: i32) -> Result<Self, KafkaError> {
        let stages: Vec<_> = topology.stages.iter().map(|stage| (stage.service, stage.name)).collect();
        let services: BTreeSet<&str> = stages.iter().map(|(service, _)| *service).collect();
        let services: Vec<&str> = services.into_iter().collect();
        Ok(Self { reader: ProgressReader::new(connection, &services)?, stages, partitions })
    }

    /// Waits until every task of every stage has reached `until`; gives those that had not within `limit`, with how
    /// far they are.
    ///
    /// # Errors
    /// If the watermarks cannot be read.
    pub fn wait(&mut self, until: Timestamp, limit: Duration) -> Result<Vec<(String, Option<Timestamp>)>, KafkaError> {
        let begun = clock::monotonic();
        loop {
            self.reader.poll(PERIOD)?;
            let behind: Vec<_> = self
                .stages
                .iter()
                .map(|(service, stage)| (service, stage, self.reader.least(service, stage, self.partitions)))
                .filter(|(_, _, reached)| reached.is_none_or(|reached| reached < until))
                .map(|(service, stage, reached)| (format!("{service}/{stage}"), reached))
                .collect();
            if behind.is_empty() || begun.elapsed() >= limit {
                return Ok(behind);
            }
        }
    }
}

/// The thread that keeps a process' horizons up to date.
pub(crate) struct ProgressWatch {
    pub(crate) connection: Connection,
    /// The stages of this process.
    pub(crate) topology: Topology,
    pub(crate) partitions: i32,
    pub(crate) live: bool,
    pub(crate) horizons: Horizons,
    pub(crate) stop: Arc<AtomicBool>,
}

impl ProgressWatch {
    pub(crate) fn run(self) -> Result<(), KafkaError> {
        let upstream = (0..self.topology.stages.len()).flat_map(|index| self.topology.upstream(index));
        let services: BTreeSet<&str> = upstream.map(|stage| stage.service).collect();
        let mut services: Vec<&str> = services.into_iter().collect();
        if !self.live {
            services.push(LOAD);
        }
        let mut reader = ProgressReader::new(&self.connection, &services)?;
        let ends: BaseConsumer = self.connection.reader("read_uncommitted").create()?;
        let mut last: HashMap<usize, Timestamp> = HashMap::new();
        while !self.stop.load(Ordering::Relaxed) {
            reader.poll(PERIOD)?;
            let advanced = self.advanced(&reader, &last);
            if advanced.is_empty() {
                continue;
            }
            match self.observe(&ends, &advanced) {
                Ok(()) => last.extend(advanced),
                Err(error) => tracing::warn!(%error, "end offsets cannot be had"),
            }
        }
        Ok(())
    }

    /// The stages here whose upstream has advanced, with how far.
    fn advanced(&self, reader: &ProgressReader, last: &HashMap<usize, Timestamp>) -> Vec<(usize, Timestamp)> {
        let stages = self.topology.stages.iter().enumerate();
        let reached = stages.filter_map(|(index, _)| {
            let upstream = self.topology.upstream(index);
            let reached = if !upstream.is_empty() {
                let each = upstream.iter().map(|stage| reader.least(stage.service, stage.processor, self.partitions));
                each.collect::<Option<Vec<_>>>()?.into_iter().min()?
            } else if self.live {
                clock::now()
            } else {
                reader.least(LOAD, LOAD, 1)?
            };
            (last.get(&index).is_none_or(|last| reached > *last)).then_some((index, reached))
        });
        reached.collect()
    }

    fn observe(&self, consumer: &BaseConsumer, advanced: &[(usize, Timestamp)]) -> Result<(), KafkaError> {
        let mut wanted = TopicPartitionList::new();
        let mut seen = std::collections::HashSet::new();
        for (index, _) in advanced {
            for input in self.topology.stages[*index].inputs {
                if seen.insert(input.name) {
                    for partition in 0..self.partitions {
                        wanted.add_partition_offset(&self.connection.topic(input), partition, Offset::End)?;
                    }
                }
            }
        }
        let mut ends = HashMap::new();
        for entry in consumer.offsets_for_times(wanted, CALL)?.elements() {
            entry.error()?;
            let offset = entry.offset().to_raw().unwrap_or(0).max(0);
            ends.insert((entry.topic().to_owned(), entry.partition()), offset);
        }
        let ends = Arc::new(ends);
        for (index, reached) in advanced {
            let horizon = Horizon { reached: *reached, ends: ends.clone() };
            self.horizons.set(self.topology.stages[*index].id(), horizon);
        }
        Ok(())
    }
}
