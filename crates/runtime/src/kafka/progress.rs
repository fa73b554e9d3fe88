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
use kefu_processor::flow::{self, StageName};
use kefu_processor::{Stage, Topology};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};

use super::client::{CALL, Connection, KafkaError};
use crate::clock;
use crate::heartbeat::Heartbeat;
use crate::metrics::{Metrics, NoLabel};
use crate::outage::Outage;

/// The first stage's upstream with the event clock: whoever loads recorded inputs.
pub const LOAD: &str = "load";

/// How often a horizon is looked for.
const PERIOD: Duration = Duration::from_millis(20);

/// After how long without a word from the broker it is asked for one.
const PROBE_AFTER: Duration = Duration::from_secs(5);
/// Pause before a broker that did not answer is asked again.
const AGAIN: Duration = Duration::from_millis(200);

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

/// The record of a task's progress in a pass: key and value.
pub(crate) fn progress_record(stage: &str, pass: usize, partition: i32, reached: Timestamp) -> (String, String) {
    (format!("{}/{partition}", in_pass(stage, pass)), reached.ms().to_string())
}

/// A stage's name in a pass, see [`flow`].
fn in_pass(stage: &str, pass: usize) -> String {
    if pass == 0 { stage.to_owned() } else { format!("{stage}@{pass}") }
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
        let config = connection.client(&[("enable.idempotence", "true"), ("linger.ms", "1")]);
        Ok(Self { producer: config.create()?, topic: connection.topic_named(&progress_topic(LOAD)) })
    }

    /// Says that every input up to `reached` is in the log.
    ///
    /// # Errors
    /// If the broker does not take it.
    pub fn publish(&self, reached: Timestamp) -> Result<(), KafkaError> {
        let (key, value) = progress_record(LOAD, 0, 0, reached);
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
    /// The horizon of a stage (`service/processor`) in a pass.
    pub(crate) fn of(&self, stage: &str, pass: usize) -> Option<Horizon> {
        self.by_stage.lock().unwrap_or_else(PoisonError::into_inner).get(&in_pass(stage, pass)).cloned()
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
    stages: Vec<(&'static str, String)>,
    partitions: i32,
}

impl ProgressGate {
    /// A gate for the stages of `topology`.
    ///
    /// # Errors
    /// If the watermarks cannot be read.
    pub fn new(connection: &Connection, topology: &Topology, partitions: i32) -> Result<Self, KafkaError> {
        let in_passes = |stage: &Stage| {
            let (service, name) = (stage.service, stage.name);
            (0..=flow::passes(stage.stage_name()).len()).map(move |pass| (service, in_pass(name, pass)))
        };
        let stages: Vec<_> = topology.stages.iter().flat_map(in_passes).collect();
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
    pub(crate) metrics: Metrics,
    pub(crate) stop: Arc<AtomicBool>,
}

impl ProgressWatch {
    pub(crate) fn run(self, heartbeat: &Heartbeat) -> Result<(), KafkaError> {
        let sought = self.sought();
        let services: BTreeSet<&str> =
            sought.iter().flat_map(|sought| &sought.waits_for).map(|(service, _)| *service).collect();
        let mut services: Vec<&str> = services.into_iter().collect();
        if !self.live {
            services.push(LOAD);
        }
        let mut reader = ProgressReader::new(&self.connection, &services)?;
        let ends: BaseConsumer = self.connection.reader("read_uncommitted").create()?;
        let mut last: HashMap<usize, Timestamp> = HashMap::new();
        let mut outage = Outage::default();
        let mut heard = clock::monotonic();
        let available = self.metrics.kafka_available.get_or_create(&NoLabel {}).clone();
        available.set(1);
        while !self.stop.load(Ordering::Relaxed) {
            heartbeat.beat();
            reader.poll(PERIOD)?;
            let advanced = self.advanced(&sought, &reader, &last);
            // who hears of no progress cannot tell whether there is none
            if advanced.is_empty() && heard.elapsed() < PROBE_AFTER {
                continue;
            }
            let observed = match advanced.is_empty() {
                true => self.probe(&ends),
                false => self.observe(&ends, &sought, &advanced),
            };
            match observed {
                Ok(()) => {
                    last.extend(advanced);
                    heard = clock::monotonic();
                    available.set(1);
                    if outage.is_over() {
                        tracing::info!("the broker answers again");
                    }
                }
                Err(error) => {
                    available.set(0);
                    if outage.lasts() {
                        tracing::warn!(%error, "the broker does not answer: no end offsets, so timers wait");
                    }
                    clock::rest(AGAIN);
                }
            }
        }
        Ok(())
    }

    /// Asks the broker for something.
    fn probe(&self, consumer: &BaseConsumer) -> Result<(), KafkaError> {
        let Some(stage) = self.topology.stages.first() else { return Ok(()) };
        consumer.fetch_watermarks(&self.connection.topic_named(&progress_topic(stage.service)), 0, CALL)?;
        Ok(())
    }

    /// The horizons that the stages here need.
    fn sought(&self) -> Vec<Sought> {
        let mut sought = Vec::new();
        for (index, stage) in self.topology.stages.iter().enumerate() {
            let pass_of =
                |upstream: StageName| if self.live { 0 } else { flow::pass_for(stage.stage_name(), upstream) };
            let upstream = self.topology.upstream(index).iter();
            let waits_for = upstream.map(|from| (from.service, in_pass(from.processor, pass_of(*from)))).collect();
            sought.push(Sought { stage: stage.clone(), pass: 0, waits_for });
            for (number, writers) in flow::passes(stage.stage_name()).iter().enumerate() {
                let waits_for = writers.iter().map(|from| (from.service, from.processor.to_owned())).collect();
                sought.push(Sought { stage: stage.clone(), pass: number + 1, waits_for });
            }
        }
        sought
    }

    /// The horizons whose upstream has advanced, with how far.
    fn advanced(
        &self,
        sought: &[Sought],
        reader: &ProgressReader,
        last: &HashMap<usize, Timestamp>,
    ) -> Vec<(usize, Timestamp)> {
        let reached = sought.iter().enumerate().filter_map(|(index, sought)| {
            let reached = if !sought.waits_for.is_empty() {
                let each =
                    sought.waits_for.iter().map(|(service, stage)| reader.least(service, stage, self.partitions));
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

    fn observe(
        &self,
        consumer: &BaseConsumer,
        sought: &[Sought],
        advanced: &[(usize, Timestamp)],
    ) -> Result<(), KafkaError> {
        let mut wanted = TopicPartitionList::new();
        let mut seen = BTreeSet::new();
        let inputs = advanced.iter().filter_map(|(index, _)| sought.get(*index)).flat_map(|sought| sought.stage.inputs);
        for input in inputs.filter(|input| seen.insert(input.name)) {
            for partition in 0..self.partitions {
                wanted.add_partition_offset(&self.connection.topic(input), partition, Offset::End)?;
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
            let Some(sought) = sought.get(*index) else { continue };
            let horizon = Horizon { reached: *reached, ends: ends.clone() };
            self.horizons.set(in_pass(&sought.stage.id(), sought.pass), horizon);
        }
        Ok(())
    }
}

/// A horizon to be kept up to date.
struct Sought {
    stage: Stage,
    pass: usize,
    /// Service and processor (in a pass) of everyone it waits for; nobody is the first stage's upstream but time.
    waits_for: Vec<(&'static str, String)>,
}
