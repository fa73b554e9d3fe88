//! Starting and stopping everything that runs on Kafka and Redis in a process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use kefu_contracts::Timestamp;
use kefu_contracts::codec::Codec;
use kefu_contracts::partition::PartitionBy;
use kefu_processor::{Service, Stage, Topology};
use prometheus_client::metrics::gauge::Gauge;
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::admin::{check_cleanup, check_topics};
use super::append::Appender;
use super::assignment::Assignment;
use super::client::{Connection, KafkaError};
use super::fetch::{BATCH_MAX, FetchQueue};
use super::grouping::Grouping;
use super::hot::HotStates;
use super::hot_reader::HotReader;
use super::observer::Observer;
use super::progress::{Horizons, ProgressWatch};
use super::retry::retry_topic;
use super::tasks::{hot_name, partition_of};
use super::worker::{Doing, Rejoins, Status, Worker, WorkerOptions};
use crate::backend::{Backend, BackendError, NewRecord, Pending, View};
use crate::clock;
use crate::heartbeat::Heartbeats;
use crate::metrics::{Metrics, NoLabel, ServiceLabel, WorkerLabel};
use crate::outage::Outage;
use crate::policies::PolicyTable;

/// Pause before Redis is tried again at the start.
const HOT_RETRY: Duration = Duration::from_secs(1);
/// Pause before the group is joined again.
const JOIN_RETRY: Duration = Duration::from_millis(250);
/// What a process waits for whose broker is away, for a person.
pub const BROKER_AWAY: &str = "the broker does not answer";

/// How the backend on Kafka is set up.
#[derive(Clone, Debug)]
pub struct KafkaOptions {
    /// The cluster.
    pub connection: Connection,
    /// Redis, as `redis://host:port`.
    pub redis: String,
    /// Unique among the instances of a service and the same after a restart, such as the pod's name.
    pub instance: String,
    /// How workers belong to their groups.
    pub grouping: Grouping,
    /// Workers of each service.
    pub threads: usize,
    /// Whether time is the wall clock's or the events'.
    pub live: bool,
    /// Where its threads tell that they live.
    pub heartbeats: Heartbeats,
}

/// The backend on Kafka and Redis, as APIs see it.
pub struct KafkaBackend {
    appender: Arc<Appender>,
    hot: HotReader,
    topology: Topology,
    partitions: i32,
    workers: Vec<Arc<Status>>,
}

/// The threads of the backend.
pub struct KafkaHandle {
    stop: Arc<AtomicBool>,
    threads: Vec<(String, JoinHandle<Result<(), KafkaError>>)>,
    workers: Vec<(String, Arc<Status>)>,
    kafka_available: Gauge,
    appender: Arc<Appender>,
}

impl KafkaHandle {
    /// Why workers cannot do their work now, each reason for a person.
    pub fn missing(&self) -> Vec<String> {
        let workers = self.workers.iter().filter_map(|(name, status)| Some((name, status.missing()?)));
        let mut missing: Vec<String> = workers.map(|(name, what)| format!("{name} {what}")).collect();
        if self.kafka_available.get() == 0 {
            missing.push(BROKER_AWAY.to_owned());
        }
        missing
    }

    /// The name of a thread that has ended by itself, which it only does on a failure.
    pub fn ended(&self) -> Option<&str> {
        self.threads.iter().find(|(_, thread)| thread.is_finished()).map(|(name, _)| name.as_str())
    }

    /// Lets each worker finish its last commit and leave.
    ///
    /// # Errors
    /// The first failure of a thread.
    pub fn stop(self) -> Result<(), KafkaError> {
        self.stop.store(true, Ordering::Relaxed);
        let mut first = None;
        for (name, thread) in self.threads {
            let result = thread.join().unwrap_or_else(|_| Err(KafkaError::Fatal(format!("thread {name} panicked"))));
            if let Err(error) = result {
                tracing::error!(thread = name, %error, "thread failed");
                first.get_or_insert(error);
            }
        }
        self.appender.flush()?;
        first.map_or(Ok(()), Err)
    }
}

impl KafkaBackend {
    /// Starts `services`, whose stages are in `topology`, with `views`.
    ///
    /// # Errors
    /// If the broker is away, or the cluster is not set up. Redis is waited for.
    pub async fn start(
        options: &KafkaOptions,
        topology: &Topology,
        services: &[Service],
        codec: &Codec,
        policies: &Arc<PolicyTable>,
        views: Vec<Arc<dyn View>>,
        metrics: &Metrics,
    ) -> Result<(Arc<Self>, KafkaHandle), KafkaError> {
        let partitions = check_topics(&options.connection, topology)?;
        check_cleanup(&options.connection, topology).await?;
        let stop = Arc::new(AtomicBool::new(false));
        let horizons = Horizons::default();
        let appender = Arc::new(Appender::new(&options.connection, partitions)?);
        let mut handle = KafkaHandle {
            stop: stop.clone(),
            threads: Vec::new(),
            workers: Vec::new(),
            kafka_available: metrics.kafka_available.get_or_create(&NoLabel {}).clone(),
            appender: appender.clone(),
        };
        let observer = Observer::new(&options.connection, partitions, views, codec.clone(), stop.clone())?;
        let heartbeat = options.heartbeats.of("views");
        handle.spawn("views".to_owned(), move || {
            observer.run(&heartbeat);
            Ok(())
        })?;
        let watch = ProgressWatch {
            connection: options.connection.clone(),
            topology: topology.clone(),
            partitions,
            live: options.live,
            horizons: horizons.clone(),
            metrics: metrics.clone(),
            stop: stop.clone(),
        };
        let heartbeat = options.heartbeats.of("progress");
        handle.spawn("progress".to_owned(), move || watch.run(&heartbeat))?;
        for service in services {
            for thread in 0..options.threads.max(1) {
                let name = format!("{}-{}-{thread}", service.name, options.instance);
                let status = Arc::new(Status::new(metrics, service.name));
                let worker = u32::try_from(thread).unwrap_or(u32::MAX);
                handle.workers.push((name.clone(), status.clone()));
                let worker_options = WorkerOptions {
                    connection: options.connection.clone(),
                    service: service.name,
                    instance: options.instance.clone(),
                    worker,
                    grouping: options.grouping,
                    stages: service.stages.clone(),
                    partitions,
                    redis: options.redis.clone(),
                    live: options.live,
                    codec: codec.clone(),
                    policies: policies.clone(),
                    horizons: horizons.clone(),
                    metrics: metrics.clone(),
                    stop: stop.clone(),
                    status,
                    heartbeat: options.heartbeats.of(&name),
                };
                handle.start_worker(worker_options, &format!("{}-{thread}", options.instance))?;
            }
        }
        let workers = handle.workers.iter().map(|(_, status)| status.clone()).collect();
        let hot = HotReader::new(&options.redis, &options.connection.prefix)?;
        let backend = Self { appender, hot, topology: topology.clone(), partitions, workers };
        Ok((Arc::new(backend), handle))
    }
}

impl KafkaHandle {
    fn spawn(
        &mut self,
        name: String,
        work: impl FnOnce() -> Result<(), KafkaError> + Send + 'static,
    ) -> Result<(), KafkaError> {
        let thread = std::thread::Builder::new().name(name.clone()).spawn(work)?;
        self.threads.push((name, thread));
        Ok(())
    }

    fn start_worker(&mut self, options: WorkerOptions, instance: &str) -> Result<(), KafkaError> {
        let instance = instance.to_owned();
        let label = ServiceLabel { service: options.service };
        // shown from the start: a rate needs its zero
        drop(options.metrics.rejoins.get_or_create(&label));
        self.spawn(format!("{}-{instance}", options.service), move || {
            let (mut outage, mut rejoins) = (Outage::default(), Rejoins::default());
            loop {
                let Some(hot) = wait_for_hot(&options)? else { return Ok(()) };
                let (consumer, queue) = join_group(&options, &instance)?;
                options.status.set(Doing::Joining);
                // the worker leaves the group before it is joined again
                let mut worker = Worker::new(options.clone(), consumer, queue, hot, &instance)?;
                match worker.run() {
                    Err(error) if worker.goes_on() && worker.can_join_again(&error, &mut rejoins) => {
                        options.metrics.rejoins.get_or_create(&label).inc();
                        if outage.lasts() {
                            tracing::warn!(service = options.service, %error, "the group is joined again");
                        }
                        drop(worker);
                        clock::rest(JOIN_RETRY);
                    }
                    ended => return ended.map_err(|error| worker.cause(error)),
                }
            }
        })
    }
}

/// Connects to Redis, however long that takes; none if told to stop meanwhile. The worker joins its group after that,
/// so that it holds no partition that it cannot serve.
fn wait_for_hot(options: &WorkerOptions) -> Result<Option<HotStates>, KafkaError> {
    let mut hot = HotStates::new(&options.redis, &options.connection.prefix)?;
    let label = WorkerLabel { service: options.service, worker: options.worker };
    let available = options.metrics.hot_states_available.get_or_create(&label).clone();
    let mut outage = Outage::default();
    while !options.stop.load(Ordering::Relaxed) {
        match hot.check_policy() {
            Ok(()) => {
                available.set(1);
                return Ok(Some(hot));
            }
            Err(KafkaError::Redis(error)) => {
                available.set(0);
                options.status.set(Doing::WaitingForRedis);
                if outage.lasts() {
                    let (service, url) = (options.service, redis_address(&options.redis));
                    tracing::warn!(service, url, %error, "redis does not answer; it is tried again");
                }
                hot.disconnect();
                options.heartbeat.beat();
                clock::rest(HOT_RETRY);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The address without user and password.
fn redis_address(url: &str) -> &str {
    url.rsplit_once('@').map_or(url, |(_, address)| address)
}

fn join_group(
    options: &WorkerOptions,
    instance: &str,
) -> Result<(Arc<BaseConsumer<Assignment>>, FetchQueue), KafkaError> {
    let connection = &options.connection;
    let topics = topics_of(options.service, &options.stages, connection);
    let lead = topics.first().cloned().unwrap_or_default();
    let config = connection.member(options.service, instance, options.grouping);
    let context = Assignment::new(topics, options.patience());
    let consumer: BaseConsumer<Assignment> = config.create_with_context(context)?;
    let consumer = Arc::new(consumer);
    let queue = FetchQueue::new(consumer.clone(), BATCH_MAX);
    consumer.context().forward_with(queue.forwarder(Arc::downgrade(&consumer)));
    consumer.subscribe(&[&lead])?;
    Ok((consumer, queue))
}

/// Full names of everything that a service's stages read.
fn topics_of(service: &str, stages: &[Stage], connection: &Connection) -> Vec<String> {
    let mut topics = Vec::new();
    for topic in stages.iter().flat_map(|stage| stage.inputs).map(|topic| connection.topic(topic)) {
        if !topics.contains(&topic) {
            topics.push(topic);
        }
    }
    topics.push(connection.topic_named(&retry_topic(service)));
    topics
}

impl Backend for KafkaBackend {
    fn append(&self, records: Vec<NewRecord>) -> Pending<Vec<Result<(), BackendError>>> {
        let count = records.len();
        let receiver = self.appender.append(&records);
        Box::pin(async move {
            let gone = || vec![Err(BackendError::Unavailable("the producer has ended".to_owned())); count];
            receiver.await.unwrap_or_else(|_| gone())
        })
    }

    fn state(&self, stage: &'static str, key: String) -> Pending<Result<Option<Vec<u8>>, BackendError>> {
        let Some(stage) = self.topology.stages.iter().find(|known| known.id() == stage) else {
            return Box::pin(async { Ok(None) });
        };
        let by = stage.inputs.first().map_or(PartitionBy::Key, |topic| topic.partition_by);
        let partition = partition_of(by, &key, self.partitions);
        let name = hot_name(stage, partition);
        Box::pin(self.hot.clone().read(name, key))
    }

    fn watermark(&self) -> Option<Timestamp> {
        self.workers.iter().filter_map(|status| status.reached()).min()
    }
}
