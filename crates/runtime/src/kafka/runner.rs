//! Starting and stopping everything that runs on Kafka and Redis in a process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use kefu_contracts::Timestamp;
use kefu_contracts::codec::Codec;
use kefu_processor::{Service, Topology};
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::admin::check_topics;
use super::append::Appender;
use super::assignment::Assignment;
use super::client::{Connection, KafkaError};
use super::fetch::FetchQueue;
use super::group::sub_topologies;
use super::hot::HotStates;
use super::observer::Observer;
use super::progress::{Horizons, ProgressWatch};
use super::tasks::partition_of;
use super::worker::{Worker, WorkerOptions};
use crate::backend::{Backend, BackendError, NewRecord, Pending, View};
use crate::metrics::Metrics;
use crate::policies::PolicyTable;

/// Messages taken in one call.
const BATCH: usize = 2000;

/// How the backend on Kafka is set up.
#[derive(Clone, Debug)]
pub struct KafkaOptions {
    /// The cluster.
    pub connection: Connection,
    /// Redis, as `redis://host:port`.
    pub redis: String,
    /// Unique among the instances of a service and the same after a restart, such as the pod's name.
    pub instance: String,
    /// Workers of each service.
    pub threads: usize,
    /// Whether time is the wall clock's or the events'.
    pub live: bool,
}

/// The backend on Kafka and Redis, as APIs see it.
pub struct KafkaBackend {
    appender: Arc<Appender>,
    hot: Arc<Mutex<HotStates>>,
    topology: Topology,
    partitions: i32,
    reached: Horizons,
}

/// The threads of the backend.
pub struct KafkaHandle {
    stop: Arc<AtomicBool>,
    threads: Vec<(String, JoinHandle<Result<(), KafkaError>>)>,
    ready: Vec<Arc<AtomicBool>>,
    appender: Arc<Appender>,
}

impl KafkaHandle {
    /// Whether every worker has restored what it owns.
    pub fn is_ready(&self) -> bool {
        self.ready.iter().all(|ready| ready.load(Ordering::Relaxed))
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
    /// If the broker or Redis is away, or the cluster is not set up.
    pub fn start(
        options: &KafkaOptions,
        topology: &Topology,
        services: &[Service],
        codec: &Codec,
        policies: &Arc<PolicyTable>,
        views: Vec<Arc<dyn View>>,
        metrics: &Metrics,
    ) -> Result<(Arc<Self>, KafkaHandle), KafkaError> {
        let partitions = check_topics(&options.connection, topology)?;
        let stop = Arc::new(AtomicBool::new(false));
        let horizons = Horizons::default();
        let appender = Arc::new(Appender::new(&options.connection, partitions)?);
        let mut handle =
            KafkaHandle { stop: stop.clone(), threads: Vec::new(), ready: Vec::new(), appender: appender.clone() };
        let observer = Observer::new(&options.connection, partitions, views, codec.clone(), stop.clone())?;
        handle.spawn("views".to_owned(), move || {
            observer.run();
            Ok(())
        })?;
        let watch = ProgressWatch {
            connection: options.connection.clone(),
            topology: topology.clone(),
            partitions,
            live: options.live,
            horizons: horizons.clone(),
            stop: stop.clone(),
        };
        handle.spawn("progress".to_owned(), move || watch.run())?;
        for service in services {
            for thread in 0..options.threads.max(1) {
                let ready = Arc::new(AtomicBool::new(false));
                let worker_options = WorkerOptions {
                    connection: options.connection.clone(),
                    service: service.name,
                    stages: service.stages.clone(),
                    sub_topologies: sub_topologies(&service.stages),
                    partitions,
                    redis: options.redis.clone(),
                    live: options.live,
                    codec: codec.clone(),
                    policies: policies.clone(),
                    horizons: horizons.clone(),
                    metrics: metrics.clone(),
                    stop: stop.clone(),
                    ready: ready.clone(),
                };
                handle.ready.push(ready);
                handle.start_worker(worker_options, &format!("{}-{thread}", options.instance))?;
            }
        }
        let hot = HotStates::new(&options.redis, &options.connection.prefix)?;
        let hot = Arc::new(Mutex::new(hot));
        let backend = Self { appender, hot, topology: topology.clone(), partitions, reached: horizons };
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
        let (consumer, queue) = join_group(&options, instance)?;
        let instance = instance.to_owned();
        self.spawn(format!("{}-{instance}", options.service), move || {
            Worker::new(options, consumer, queue, &instance)?.run()
        })
    }
}

fn join_group(
    options: &WorkerOptions,
    instance: &str,
) -> Result<(Arc<BaseConsumer<Assignment>>, FetchQueue), KafkaError> {
    let connection = &options.connection;
    let mut followers = HashMap::new();
    for group in &options.sub_topologies {
        if let Some(lead) = group.lead() {
            followers
                .insert(connection.topic(lead), group.topics.iter().map(|topic| connection.topic(topic)).collect());
        }
    }
    let leads: Vec<String> = followers.keys().cloned().collect();
    let mut config = connection.reader("read_committed");
    config
        .set("group.id", format!("{}{}", connection.prefix, options.service))
        .set("group.instance.id", format!("{}-{instance}", options.service))
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "500");
    let consumer: BaseConsumer<Assignment> = config.create_with_context(Assignment::new(followers))?;
    let consumer = Arc::new(consumer);
    let queue = FetchQueue::new(consumer.clone(), BATCH);
    consumer.context().forward_with(queue.forwarder(Arc::downgrade(&consumer)));
    let leads: Vec<&str> = leads.iter().map(String::as_str).collect();
    consumer.subscribe(&leads)?;
    Ok((consumer, queue))
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
        let hot = self.hot.clone();
        let found = self.topology.stages.iter().find(|known| known.id() == stage).cloned();
        let partitions = self.partitions;
        let read = tokio::task::spawn_blocking(move || {
            let Some(stage) = found else { return Ok(None) };
            let by =
                stage.inputs.first().map_or(kefu_contracts::partition::PartitionBy::Key, |topic| topic.partition_by);
            let partition = partition_of(by, &key, partitions);
            let mut hot = hot.lock().unwrap_or_else(PoisonError::into_inner);
            let name = format!("{}.{}.{partition}", stage.service, stage.name);
            hot.peek(&name, &key).inspect_err(|_| hot.disconnect())
        });
        Box::pin(async move {
            match read.await {
                Ok(Ok(bytes)) => Ok(bytes),
                Ok(Err(error)) => Err(BackendError::Unavailable(error.to_string())),
                Err(error) => Err(BackendError::Unavailable(error.to_string())),
            }
        })
    }

    fn watermark(&self) -> Option<Timestamp> {
        let reached = self.topology.stages.iter().filter_map(|stage| self.reached.of(&stage.id(), 0));
        reached.map(|horizon| horizon.reached).min()
    }
}
