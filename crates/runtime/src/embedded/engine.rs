//! The thread that runs all stages on the embedded store.
//!
//! Owns the commit: take the records that wait, run them and the timers that are due through all stages, write records
//! and states in one transaction of the store, then answer those who wait. If a commit fails the engine stops: what is
//! in memory may then be ahead of the file, and a restart begins from the file.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use kefu_contracts::Timestamp;
use kefu_contracts::codec::Codec;
use kefu_contracts::topic::Cleanup;
use kefu_processor::{Clock, Pipeline, PipelineError, Record, Stage, StateSource, Topology};
use tokio::sync::oneshot;

use super::batch::{Batch, Entry};
use super::gauges::Gauges;
use super::restore;
use super::store::{Commit, Store, StoreError};
use crate::backend::{Backend, BackendError, NewRecord, Pending, View, Written};
use crate::clock;
use crate::heartbeat::Heartbeats;
use crate::metrics::Metrics;
use crate::policies::PolicyTable;

/// Requests that may wait for the engine; bounds memory.
const WAITING_MAX: usize = 1024;
/// Records taken into one commit.
const BATCH_RECORDS: usize = 4096;
/// States kept in memory for each stage between commits.
const STATES_KEPT: usize = 100_000;
/// States of a stage told of new policies in one commit.
const TOLD_AT_ONCE: usize = 1000;
/// How often time is looked at when nothing else happens.
const TICK: Duration = Duration::from_millis(200);
/// Records removed by age in one commit, so that a commit stays short.
const EXPIRE_RECORDS: usize = 1000;
/// What the engine is called in the log and in `/healthz`.
const NAME: &str = "embedded-engine";

/// How the embedded backend is set up.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// The folder that holds the file.
    pub data_dir: PathBuf,
    /// Whether time is the wall clock's or the events'.
    pub live: bool,
}

/// Why the engine ended.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stage failed.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// A folder or thread cannot be had.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

enum Request {
    Append { records: Vec<NewRecord>, answer: oneshot::Sender<Vec<Result<(), BackendError>>> },
    RunOut { until: Option<Timestamp>, answer: oneshot::Sender<()> },
}

/// The embedded backend, as APIs see it.
pub struct Embedded {
    store: Arc<Store>,
    requests: SyncSender<Request>,
    watermark: Arc<AtomicI64>,
}

/// Ends the engine and tells how it ended.
pub struct EngineHandle {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), EngineError>>,
}

impl EngineHandle {
    /// Lets the engine take what waits into a last commit. What comes after that is told that it has ended.
    ///
    /// # Errors
    /// If the engine had failed.
    pub fn stop(self) -> Result<(), EngineError> {
        self.stop.store(true, Ordering::Relaxed);
        let panicked = || EngineError::Io(std::io::Error::other("the engine panicked"));
        self.thread.join().unwrap_or_else(|_| Err(panicked()))
    }

    /// Whether the engine has ended by itself, which it only does on a failure.
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }
}

impl Embedded {
    /// Opens the store, restores timers and views, and starts the engine.
    ///
    /// # Errors
    /// If the store cannot be opened or read.
    pub fn start(
        options: &EmbeddedOptions,
        topology: &Topology,
        codec: &Codec,
        policies: &Arc<PolicyTable>,
        views: Vec<Arc<dyn View>>,
        metrics: &Metrics,
        heartbeats: &Heartbeats,
    ) -> Result<(Arc<Self>, EngineHandle), EngineError> {
        std::fs::create_dir_all(&options.data_dir)?;
        let store = Arc::new(Store::open(&options.data_dir.join("kefu.redb"))?);
        restore::fill_views(&store, codec, &views)?;
        let watermark = Arc::new(AtomicI64::new(i64::MIN));
        let reached = store.number("watermark")?.map_or(i64::MIN, u64::cast_signed);
        let clock = Clock { now: Timestamp::from_ms(reached), live: options.live };
        let mut pipeline = Pipeline::new(topology, codec.clone(), policies.current(), clock);
        let heartbeat = heartbeats.of(NAME);
        let restored = restore::note_states(&store, &mut pipeline, &heartbeat)?;
        tell_start(options, &mut pipeline, restored.iter().map(|(_, count)| count).sum());
        let gauges = Gauges::new(metrics.clone(), &pipeline, &restored);
        let (requests, receiver) = sync_channel(WAITING_MAX);
        let stop = Arc::new(AtomicBool::new(false));
        let engine = Engine {
            batch: Batch::new(store.ends()?, options.live, metrics.clone(), heartbeat),
            gauges,
            store: store.clone(),
            pipeline,
            codec: codec.clone(),
            views,
            policies: policies.clone(),
            policies_seen: policies.revision(),
            watermark: watermark.clone(),
            stop: stop.clone(),
        };
        let thread = std::thread::Builder::new().name(NAME.to_owned()).spawn(move || engine.run(&receiver))?;
        Ok((Arc::new(Self { store, requests, watermark }), EngineHandle { stop, thread }))
    }

    /// The store, for reading logs.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Lets time run on as a replay does after its last input.
    ///
    /// # Errors
    /// If the engine has ended.
    pub async fn run_out(&self, until: Option<Timestamp>) -> Result<(), BackendError> {
        let (answer, answered) = oneshot::channel();
        self.request(Request::RunOut { until, answer })?;
        answered.await.map_err(|_| BackendError::Unavailable("the engine has ended".to_owned()))
    }

    fn request(&self, request: Request) -> Result<(), BackendError> {
        self.requests.try_send(request).map_err(|error| match error {
            TrySendError::Full(_) => BackendError::Unavailable(format!("{WAITING_MAX} requests wait already")),
            TrySendError::Disconnected(_) => BackendError::Unavailable("the engine has ended".to_owned()),
        })
    }
}

impl Backend for Embedded {
    fn append(&self, records: Vec<NewRecord>) -> Pending<Vec<Result<(), BackendError>>> {
        let count = records.len();
        let (answer, answered) = oneshot::channel();
        let requested = self.request(Request::Append { records, answer });
        Box::pin(async move {
            let failed = |error: BackendError| vec![Err(error); count];
            match requested {
                Ok(()) => answered
                    .await
                    .unwrap_or_else(|_| failed(BackendError::Unavailable("the engine has ended".to_owned()))),
                Err(error) => failed(error),
            }
        })
    }

    fn state(&self, stage: &'static str, key: String) -> Pending<Result<Option<Vec<u8>>, BackendError>> {
        let store = self.store.clone();
        let read = tokio::task::spawn_blocking(move || store.state(stage, &key));
        Box::pin(async move {
            match read.await {
                Ok(Ok(bytes)) => Ok(bytes),
                Ok(Err(error)) => Err(BackendError::Unavailable(error.to_string())),
                Err(error) => Err(BackendError::Unavailable(error.to_string())),
            }
        })
    }

    fn watermark(&self) -> Option<Timestamp> {
        let reached = self.watermark.load(Ordering::Relaxed);
        (reached != i64::MIN).then(|| Timestamp::from_ms(reached))
    }
}

struct States<'a>(&'a Store);

impl StateSource for States<'_> {
    fn load(&self, stage: &Stage, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.0.state(&stage.id(), key).map_err(|error| error.to_string())
    }
}

/// A changed state: the stage, the key, and the state unless the key is forgotten.
type StageChange = (String, Arc<str>, Option<Vec<u8>>);

fn tell_start(options: &EmbeddedOptions, pipeline: &mut Pipeline, states: u64) {
    let data_dir = options.data_dir.display();
    let timers: usize = pipeline.tasks().map(|(_, task)| task.timers()).sum();
    let now = pipeline.clock().now;
    let watermark = if now > Timestamp::MIN { now.to_string() } else { "none".to_owned() };
    tracing::info!(%data_dir, states, timers, watermark, "embedded store opened");
}

struct Engine {
    store: Arc<Store>,
    pipeline: Pipeline,
    codec: Codec,
    views: Vec<Arc<dyn View>>,
    policies: Arc<PolicyTable>,
    policies_seen: u64,
    watermark: Arc<AtomicI64>,
    batch: Batch,
    gauges: Gauges,
    stop: Arc<AtomicBool>,
}

impl Engine {
    fn run(mut self, requests: &Receiver<Request>) -> Result<(), EngineError> {
        let mut idle = true;
        loop {
            let stopping = self.stop.load(Ordering::Relaxed);
            let patience = if idle && !stopping { TICK } else { Duration::ZERO };
            let first = match requests.recv_timeout(patience) {
                Ok(request) => Some(request),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            self.batch.turn();
            idle = self.commit(first, requests)?;
            if stopping {
                return Ok(());
            }
        }
    }

    /// Takes the requests that wait, runs them and commits; gives whether nothing is left to do of itself.
    fn commit(&mut self, first: Option<Request>, requests: &Receiver<Request>) -> Result<bool, EngineError> {
        let mut all_told = self.tell_policies()?;
        // with the event clock a record may move time beyond the instant at which a policy takes force
        while !all_told && !self.pipeline.clock().live {
            all_told = self.tell_policies()?;
        }
        let mut answers = Vec::new();
        let mut taken = 0;
        let mut next = first;
        while let Some(request) = next {
            match request {
                Request::Append { records, answer } => {
                    answers.push((answer, records.len()));
                    taken += records.len();
                    for record in records {
                        self.take(record)?;
                    }
                }
                Request::RunOut { until, answer } => {
                    self.pipeline.run_out(until, &States(&self.store), &mut self.batch)?;
                    self.pipeline.end(&States(&self.store), &mut self.batch)?;
                    self.write()?;
                    // whoever asked may have gone
                    answer.send(()).ok();
                }
            }
            next = if taken < BATCH_RECORDS { requests.try_recv().ok() } else { None };
        }
        if self.pipeline.clock().live {
            let now = clock::now();
            self.pipeline.set_now(now);
            self.pipeline.advance(now, true, &States(&self.store), &mut self.batch)?;
        }
        self.write()?;
        for (answer, count) in answers {
            // whoever asked may have gone
            answer.send(vec![Ok(()); count]).ok();
        }
        Ok(all_told)
    }

    fn take(&mut self, record: NewRecord) -> Result<(), PipelineError> {
        if self.pipeline.clock().live {
            self.pipeline.set_now(clock::now());
        } else {
            self.pipeline.advance(record.at, false, &States(&self.store), &mut self.batch)?;
            self.pipeline.set_now(record.at);
        }
        let (topic, key, payload) = (record.topic, record.key, record.payload);
        let index = self.batch.append(topic, key.clone(), record.at, payload.clone());
        let record = Record { topic: topic.name, key: key.as_bytes(), payload: &payload, index };
        self.pipeline.push(record, None, &States(&self.store), &mut self.batch)
    }

    /// Takes new policies over; gives whether every state was told of them.
    fn tell_policies(&mut self) -> Result<bool, EngineError> {
        let revision = self.policies.revision();
        if revision != self.policies_seen {
            self.policies_seen = revision;
            self.pipeline.set_policies(self.policies.current());
            restore::note_states(&self.store, &mut self.pipeline, self.batch.heartbeat())?;
        }
        Ok(self.pipeline.tell_policies(TOLD_AT_ONCE, &States(&self.store), &mut self.batch)?)
    }

    fn write(&mut self) -> Result<(), EngineError> {
        let mut changes = Vec::new();
        for (stage, task) in self.pipeline.tasks() {
            let id = stage.id();
            let changed = task.changes().map_err(|error| PipelineError::State { stage: id.clone(), error })?;
            changes.extend(changed.into_iter().map(|(key, bytes)| (id.clone(), key, bytes)));
        }
        if !self.batch.written.is_empty() || !changes.is_empty() {
            let begun = clock::monotonic();
            let commit = self.store.begin()?;
            self.fill(&commit, &changes)?;
            commit.finish()?;
            self.gauges.commit(begun.elapsed());
        }
        self.watermark.store(self.pipeline.clock().now.ms(), Ordering::Relaxed);
        for (_, task) in self.pipeline.tasks() {
            task.shrink(STATES_KEPT);
        }
        for Entry { topic, key, payload, .. } in self.batch.committed() {
            for view in &self.views {
                if view.topics().iter().any(|read| read.name == topic.name) {
                    view.apply(Written { topic: topic.name, key: &key, payload: Some(&payload) }, &self.codec);
                }
            }
        }
        self.gauges.show(&mut self.pipeline);
        Ok(())
    }

    fn fill(&self, commit: &Commit, changes: &[StageChange]) -> Result<(), StoreError> {
        let now = clock::now();
        let mut seen = BTreeSet::new();
        for Entry { topic, key, at, payload, sequence } in &self.batch.written {
            let stored = commit.append(topic, key, *at, now, payload)?;
            debug_assert_eq!(stored, *sequence, "the log of {} is written by the engine alone", topic.name);
        }
        for (stage, key, bytes) in changes {
            commit.put_state(stage, key, bytes.as_deref())?;
        }
        for Entry { topic, .. } in &self.batch.written {
            if let Cleanup::Delete(age_ms) = topic.cleanup
                && seen.insert(topic.name)
            {
                commit.expire(topic.name, now.plus_ms(-age_ms), EXPIRE_RECORDS)?;
            }
        }
        commit.put_number("watermark", self.pipeline.clock().now.ms().cast_unsigned())
    }
}
