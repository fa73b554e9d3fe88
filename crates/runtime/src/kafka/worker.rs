//! A worker: one thread, one consumer, one transactional producer, its tasks.
//!
//! Owns the loop and the order of its steps:
//!
//! 1. between transactions, serve the group: take over what came, let go of what went
//! 2. take a batch, load the states it needs, run the processors; records go to the open transaction as they come
//! 3. fire the timers that each task's horizon allows
//! 4. commit outputs, changed states, progress and the offsets of every partition owned: the offsets fence a zombie
//! 5. write the changed states to Redis
//!
//! A transaction that is aborted leaves the tasks ahead of the log, so all of them are dropped and restored.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kefu_contracts::Timestamp;
use kefu_contracts::codec::Codec;
use kefu_contracts::partition::split_key;
use kefu_contracts::topic::{Cleanup, DEAD_LETTERS};
use kefu_processor::{Clock, Effects, Emission, Environment, Reached, Record, Stage};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use super::assignment::{Assignment, Change};
use super::changelog::ChangelogReader;
use super::client::{Connection, KafkaError};
use super::fetch::{FetchQueue, Fetched, Kind};
use super::group::SubTopology;
use super::hot::{HotChange, HotError, HotStates};
use super::progress::{Horizons, progress_record, progress_topic};
use super::tasks::{LoadError, Owned, changelog_name, partition_of};
use super::transaction::{Outgoing, Transaction, TransactionError};
use crate::clock;
use crate::dead_letter::{self, Origin};
use crate::metrics::{Metrics, RefusalLabel, ServiceLabel, StageLabel, TopicLabel};
use crate::policies::PolicyTable;
use crate::trace::{self, TraceContext};

/// Longest time between the first record of a transaction and its commit.
const COMMIT_EVERY: Duration = Duration::from_millis(50);
/// Records after which a transaction is committed at once.
const COMMIT_RECORDS: usize = 20_000;
/// Longest time without publishing progress; with the event clock everybody waits for it.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);
const PROGRESS_EVERY_EVENT: Duration = Duration::from_millis(10);
/// Timers of a task fired before the next commit.
const TIMERS_AT_ONCE: usize = 5_000;
/// Pause before Redis is tried again.
const HOT_RETRY: Duration = Duration::from_millis(100);

/// What a worker is made of.
pub(crate) struct WorkerOptions {
    pub(crate) connection: Connection,
    pub(crate) service: &'static str,
    pub(crate) stages: Vec<Stage>,
    pub(crate) sub_topologies: Vec<SubTopology>,
    pub(crate) partitions: i32,
    pub(crate) redis: String,
    pub(crate) live: bool,
    pub(crate) codec: Codec,
    pub(crate) policies: Arc<PolicyTable>,
    pub(crate) horizons: Horizons,
    pub(crate) metrics: Metrics,
    pub(crate) stop: Arc<AtomicBool>,
    /// Set while every task that is owned is restored.
    pub(crate) ready: Arc<AtomicBool>,
}

pub(crate) struct Worker {
    options: WorkerOptions,
    consumer: Arc<BaseConsumer<Assignment>>,
    queue: Option<FetchQueue>,
    transaction: Transaction,
    changelog: ChangelogReader,
    hot: HotStates,
    owned: BTreeMap<(usize, i32), Owned>,
    /// Next offset of each input partition, by full topic name.
    positions: HashMap<(String, i32), i64>,
    open: Option<Open>,
    committed_at: Instant,
    policies_seen: u64,
}

/// A transaction that is open.
struct Open {
    since: Instant,
    records: usize,
    /// The last snapshot of each key, by full topic name.
    snapshots: HashMap<(&'static str, String), (Emission, TraceContext)>,
    written: BTreeMap<&'static str, u64>,
}

/// The changed states of a task, by stage and partition.
type TaskChanges = ((usize, i32), Vec<HotChange>);

/// Why the loop must begin anew or end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkerError {
    /// What was computed did not get into the log: drop and restore the tasks.
    #[error("{0}")]
    StartOver(String),
    /// The worker cannot go on with this client.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}

impl From<TransactionError> for WorkerError {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Aborted(_) => WorkerError::StartOver(error.to_string()),
            TransactionError::Fatal(text) => WorkerError::Kafka(KafkaError::Fatal(text)),
        }
    }
}

impl From<rdkafka::error::KafkaError> for WorkerError {
    fn from(error: rdkafka::error::KafkaError) -> Self {
        WorkerError::Kafka(error.into())
    }
}

impl Worker {
    /// Joins the group and takes over `instance`'s place in it.
    pub(crate) fn new(
        options: WorkerOptions,
        consumer: Arc<BaseConsumer<Assignment>>,
        queue: FetchQueue,
        instance: &str,
    ) -> Result<Self, KafkaError> {
        let transaction = Transaction::new(
            &options.connection,
            &format!("{}{}.{instance}", options.connection.prefix, options.service),
        )?;
        let changelog = ChangelogReader::new(&options.connection)?;
        let mut hot = HotStates::new(&options.redis, &options.connection.prefix)?;
        hot.check_policy()?;
        let policies_seen = options.policies.revision();
        Ok(Self {
            options,
            consumer,
            queue: Some(queue),
            transaction,
            changelog,
            hot,
            owned: BTreeMap::new(),
            positions: HashMap::new(),
            open: None,
            committed_at: clock::monotonic(),
            policies_seen,
        })
    }

    /// Runs until told to stop.
    pub(crate) fn run(&mut self) -> Result<(), KafkaError> {
        while !self.options.stop.load(Ordering::Relaxed) {
            match self.turn() {
                Ok(()) => {}
                Err(WorkerError::StartOver(cause)) => {
                    tracing::warn!(service = self.options.service, cause, "tasks are restored");
                    self.options.metrics.commit_aborts.get_or_create(&self.label()).inc();
                    self.start_over()?;
                }
                Err(WorkerError::Kafka(error)) => return Err(error),
            }
        }
        match self.commit() {
            Ok(()) => Ok(()),
            Err(WorkerError::Kafka(error)) => Err(error),
            // the next owner begins from what is in the log
            Err(WorkerError::StartOver(_)) => Ok(()),
        }
    }

    fn label(&self) -> ServiceLabel {
        ServiceLabel { service: self.options.service }
    }

    /// One round of the loop.
    fn turn(&mut self) -> Result<(), WorkerError> {
        if self.open.is_none() {
            self.serve_group()?;
        }
        self.take_policies()?;
        self.take_batch()?;
        self.fire_timers()?;
        let due = match &self.open {
            Some(open) => open.records >= COMMIT_RECORDS || open.since.elapsed() >= COMMIT_EVERY,
            None => self.committed_at.elapsed() >= self.progress_every() && self.has_progress(),
        };
        if due { self.commit() } else { Ok(()) }
    }

    fn progress_every(&self) -> Duration {
        if self.options.live { PROGRESS_EVERY } else { PROGRESS_EVERY_EVENT }
    }

    /// Serves rebalances and errors; only between transactions.
    fn serve_group(&mut self) -> Result<(), WorkerError> {
        while let Some(polled) = self.consumer.poll(Duration::ZERO) {
            if let Err(error) = polled {
                tracing::warn!(service = self.options.service, %error, "kafka consumer");
            }
        }
        if let Some((code, reason)) = self.consumer.client().fatal_error() {
            return Err(WorkerError::Kafka(KafkaError::Fatal(format!("{code}: {reason}"))));
        }
        let changes = self.consumer.context().take_changes();
        if changes.is_empty() {
            return Ok(());
        }
        self.options.ready.store(false, Ordering::Relaxed);
        for change in changes {
            match change {
                Change::Came { lead, partition, starts } => self.take_over(&lead, partition, starts)?,
                Change::Went { lead, partition } => self.let_go(&lead, partition),
                Change::Failed(cause) => return Err(WorkerError::Kafka(KafkaError::Fatal(cause))),
            }
        }
        self.show_tasks();
        self.options.ready.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn stages_of(&self, lead: &str) -> Vec<usize> {
        let groups = self.options.sub_topologies.iter();
        let mut of_lead =
            groups.filter(|group| group.lead().is_some_and(|topic| self.options.connection.topic(topic) == lead));
        of_lead.next().map(|group| group.stages.clone()).unwrap_or_default()
    }

    fn take_over(&mut self, lead: &str, partition: i32, starts: Vec<(String, i64)>) -> Result<(), WorkerError> {
        for (topic, offset) in starts {
            self.positions.insert((topic, partition), offset);
        }
        for stage in self.stages_of(lead) {
            self.restore(stage, partition)?;
        }
        Ok(())
    }

    fn restore(&mut self, stage: usize, partition: i32) -> Result<(), WorkerError> {
        let Some(of) = self.options.stages.get(stage).cloned() else { return Ok(()) };
        loop {
            let mut owned = Owned::new(stage, &of, partition, &self.options.connection);
            match owned.restore(&self.changelog, &mut self.hot, &of.id()) {
                Ok(restored) => {
                    self.hot_available(true);
                    let label = StageLabel { service: of.service, processor: of.name };
                    self.options.metrics.states_restored.get_or_create(&label).inc_by(restored);
                    tracing::info!(stage = of.id(), partition, restored, "partition taken over");
                    self.owned.insert((stage, partition), owned);
                    return Ok(());
                }
                Err(KafkaError::Redis(error)) => self.wait_for_hot(&error.to_string())?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn let_go(&mut self, lead: &str, partition: i32) {
        for stage in self.stages_of(lead) {
            if let Some(owned) = self.owned.remove(&(stage, partition)) {
                for topic in owned.inputs {
                    self.positions.remove(&(topic, partition));
                }
            }
        }
    }

    /// Drops what was computed, goes back to what is committed and restores.
    fn start_over(&mut self) -> Result<(), KafkaError> {
        self.open = None;
        let mut wanted = TopicPartitionList::new();
        for (topic, partition) in self.positions.keys() {
            wanted.add_partition(topic, *partition);
        }
        if wanted.count() > 0 {
            let committed = self.consumer.committed_offsets(wanted, super::client::CALL)?;
            let mut back = TopicPartitionList::new();
            for entry in committed.elements() {
                let offset = entry.offset().to_raw().unwrap_or(0).max(0);
                self.positions.insert((entry.topic().to_owned(), entry.partition()), offset);
                back.add_partition_offset(entry.topic(), entry.partition(), Offset::Offset(offset))?;
            }
            self.consumer.seek_partitions(back, super::client::CALL)?;
        }
        let tasks: Vec<(usize, i32)> = self.owned.keys().copied().collect();
        for (stage, partition) in tasks {
            self.owned.remove(&(stage, partition));
            match self.restore(stage, partition) {
                Ok(()) => {}
                Err(WorkerError::Kafka(error)) => return Err(error),
                Err(WorkerError::StartOver(cause)) => return Err(KafkaError::Fatal(cause)),
            }
        }
        Ok(())
    }

    fn take_policies(&mut self) -> Result<(), WorkerError> {
        let revision = self.options.policies.revision();
        if revision == self.policies_seen {
            return Ok(());
        }
        self.policies_seen = revision;
        let tenants = self.options.policies.take_changed();
        let keys: Vec<(usize, i32)> = self.owned.keys().copied().collect();
        for tenant in tenants {
            for key in &keys {
                self.tell_policies(*key, &tenant)?;
            }
        }
        Ok(())
    }

    fn tell_policies(&mut self, key: (usize, i32), tenant: &str) -> Result<(), WorkerError> {
        let Some(mut owned) = self.owned.remove(&key) else { return Ok(()) };
        let mut effects = Effects::default();
        let policies = self.options.policies.current();
        let clock = self.clock(owned.reached().complete);
        let environment = Environment { codec: &self.options.codec, policies: &policies, clock };
        owned.task.policies_changed(tenant, environment, &mut effects);
        let done = self.take_effects(&owned, effects, &[], &[]);
        self.owned.insert(key, owned);
        done
    }

    fn clock(&self, reached: Timestamp) -> Clock {
        // before anything was reached, time stands at 1970: rules may add to it
        let now = if self.options.live { clock::now() } else { reached.max(Timestamp::from_ms(0)) };
        Clock { now, live: self.options.live }
    }

    fn take_batch(&mut self) -> Result<(), WorkerError> {
        let Some(mut queue) = self.queue.take() else { return Ok(()) };
        let done = {
            let batch = queue.take(10);
            let fetched: Vec<Fetched<'_>> = batch.iter().collect();
            self.process(&fetched)
        };
        self.queue = Some(queue);
        done
    }

    fn process(&mut self, fetched: &[Fetched<'_>]) -> Result<(), WorkerError> {
        let mut touched: BTreeMap<(usize, i32), Effects> = BTreeMap::new();
        for (index, message) in fetched.iter().enumerate() {
            let position = match message.kind() {
                Kind::Record => message.offset() + 1,
                Kind::EndOfPartition => message.offset(),
                Kind::Error(error) => {
                    tracing::warn!(topic = message.topic(), error, "kafka consumer");
                    continue;
                }
            };
            let at = (message.topic().to_owned(), message.partition());
            let Some(known) = self.positions.get_mut(&at) else { continue };
            if position <= *known {
                continue;
            }
            *known = position;
            if matches!(message.kind(), Kind::Record) {
                self.accept(index, message, &mut touched);
            }
        }
        for (key, effects) in touched {
            self.run_task(key, effects, fetched)?;
        }
        Ok(())
    }

    fn accept(&mut self, index: usize, message: &Fetched<'_>, touched: &mut BTreeMap<(usize, i32), Effects>) {
        let partition = message.partition();
        let topic = self.options.connection.without_prefix(message.topic());
        for (stage, of) in self.options.stages.iter().enumerate() {
            if of.inputs.iter().any(|input| input.name == topic)
                && let Some(owned) = self.owned.get_mut(&(stage, partition))
            {
                let record = Record { topic, key: message.key(), payload: message.payload(), index };
                let effects = touched.entry((stage, partition)).or_default();
                owned.task.accept(&record, &self.options.codec, effects);
            }
        }
    }

    fn run_task(
        &mut self,
        key: (usize, i32),
        mut effects: Effects,
        fetched: &[Fetched<'_>],
    ) -> Result<(), WorkerError> {
        let missing = self.owned.get(&key).map(|owned| owned.task.missing()).unwrap_or_default();
        self.load(key, missing)?;
        let Some(mut owned) = self.owned.remove(&key) else { return Ok(()) };
        let policies = self.options.policies.current();
        let clock = self.clock(owned.reached().complete);
        let environment = Environment { codec: &self.options.codec, policies: &policies, clock };
        let traces = trace::begin(&self.options.stages[key.0], fetched);
        owned.task.run(environment, &mut effects);
        let done = self.take_effects(&owned, effects, fetched, &traces);
        self.owned.insert(key, owned);
        done
    }

    /// Loads states, waiting for Redis if need be.
    fn load(&mut self, key: (usize, i32), keys: Vec<Arc<str>>) -> Result<(), WorkerError> {
        if keys.is_empty() {
            return Ok(());
        }
        let stage = self.options.stages.get(key.0).map(Stage::id).unwrap_or_default();
        loop {
            let Some(owned) = self.owned.get_mut(&key) else { return Ok(()) };
            match owned.load(keys.clone(), &mut self.hot, &stage) {
                Ok(()) => {
                    self.hot_available(true);
                    return Ok(());
                }
                Err(LoadError::Hot(HotError::Redis(error))) => self.wait_for_hot(&error.to_string())?,
                Err(LoadError::Hot(HotError::Lost)) => {
                    return Err(self.abort("the hot copy was lost; the states come from the changelog"));
                }
                Err(LoadError::State(error)) => return Err(error.into()),
            }
        }
    }

    /// Gives up the open transaction, so that the tasks can be restored.
    fn abort(&mut self, cause: &str) -> WorkerError {
        match self.open.take() {
            Some(_) => self.transaction.abort(cause).into(),
            None => WorkerError::StartOver(cause.to_owned()),
        }
    }

    fn wait_for_hot(&mut self, cause: &str) -> Result<(), WorkerError> {
        tracing::warn!(service = self.options.service, cause, "redis is away: a state is needed that is not in memory");
        self.hot_available(false);
        self.hot.disconnect();
        if self.options.stop.load(Ordering::Relaxed) {
            return Err(self.abort("stopped while redis was away"));
        }
        // an open transaction would time out meanwhile
        if self.open.is_some() {
            return Err(self.abort("redis is away"));
        }
        clock::rest(HOT_RETRY);
        Ok(())
    }

    fn hot_available(&self, available: bool) {
        self.options.metrics.hot_states_available.get_or_create(&self.label()).set(i64::from(available));
    }

    /// Fires the timers that the horizons allow, and moves the tasks' progress.
    fn fire_timers(&mut self) -> Result<(), WorkerError> {
        let keys: Vec<(usize, i32)> = self.owned.keys().copied().collect();
        for key in keys {
            let passes = self.owned.get(&key).map_or(0, |owned| owned.reached.len());
            for pass in 0..passes {
                self.pass(key, pass)?;
            }
        }
        Ok(())
    }

    /// Moves a task's progress in a pass to its horizon, once its inputs are consumed up to the ends observed then.
    fn pass(&mut self, key: (usize, i32), pass: usize) -> Result<(), WorkerError> {
        let Some(stage) = self.options.stages.get(key.0) else { return Ok(()) };
        let Some(horizon) = self.options.horizons.of(&stage.id(), pass) else { return Ok(()) };
        let Some(owned) = self.owned.get(&key) else { return Ok(()) };
        let caught_up = owned.inputs.iter().all(|topic| {
            let at = (topic.clone(), key.1);
            let end = horizon.ends.get(&at).copied().unwrap_or(0);
            self.positions.get(&at).is_some_and(|position| *position >= end)
        });
        let behind = owned.reached.get(pass).is_some_and(|reached| horizon.reached > *reached);
        if !caught_up || !behind {
            return Ok(());
        }
        let mut until = owned.reached();
        if pass == 0 {
            until.complete = horizon.reached;
        }
        if pass + 1 == owned.reached.len() {
            until.settled = horizon.reached;
        }
        if self.fire_until(key, until)?
            && let Some(reached) = self.owned.get_mut(&key).and_then(|owned| owned.reached.get_mut(pass))
        {
            *reached = horizon.reached;
        }
        Ok(())
    }

    /// Fires the timers that may fire; gives whether none is left.
    fn fire_until(&mut self, key: (usize, i32), until: Reached) -> Result<bool, WorkerError> {
        let missing =
            self.owned.get(&key).map(|owned| owned.task.missing_for_timers(until, TIMERS_AT_ONCE)).unwrap_or_default();
        self.load(key, missing)?;
        let Some(mut owned) = self.owned.remove(&key) else { return Ok(true) };
        let policies = self.options.policies.current();
        let mut effects = Effects::default();
        let label = self.stage_label(key.0);
        for _ in 0..TIMERS_AT_ONCE {
            let Some(due) = owned.task.next_due(until) else { break };
            let clock = self.clock(due.at);
            let environment = Environment { codec: &self.options.codec, policies: &policies, clock };
            if !owned.task.fire(until, environment, &mut effects) {
                break;
            }
            if self.options.live {
                let late_ms = clock::now().ms_since(due.at).max(0);
                #[expect(clippy::cast_precision_loss, reason = "a lateness in milliseconds is far below 2^52")]
                self.options.metrics.timer_lateness.get_or_create(&label).observe(late_ms as f64 / 1000.0);
            }
        }
        let none_left = owned.task.next_due(until).is_none();
        let done = self.take_effects(&owned, effects, &[], &[]);
        self.owned.insert(key, owned);
        done.map(|()| none_left)
    }

    fn stage_label(&self, stage: usize) -> StageLabel {
        let of = self.options.stages.get(stage);
        StageLabel { service: self.options.service, processor: of.map_or("unknown", |stage| stage.name) }
    }

    /// Hands what a task wrote to the open transaction.
    fn take_effects(
        &mut self,
        owned: &Owned,
        effects: Effects,
        fetched: &[Fetched<'_>],
        traces: &[TraceContext],
    ) -> Result<(), WorkerError> {
        let label = self.stage_label(owned.stage);
        self.count(&label, &effects);
        let records = usize::try_from(effects.processed + effects.timers).unwrap_or(usize::MAX);
        if effects.emissions.is_empty() && effects.dead_letters.is_empty() && records == 0 {
            return Ok(());
        }
        self.begin()?;
        for letter in &effects.dead_letters {
            let Some(message) = fetched.get(letter.cause) else { continue };
            self.send_dead_letter(label.processor, letter, message)?;
        }
        for emission in effects.emissions {
            let context = emission.cause.and_then(|cause| traces.get(cause)).copied().unwrap_or_else(trace::fresh);
            self.emit(emission, context)?;
        }
        if let Some(open) = self.open.as_mut() {
            open.records += records;
        }
        Ok(())
    }

    fn count(&self, label: &StageLabel, effects: &Effects) {
        let metrics = &self.options.metrics;
        metrics.records_processed.get_or_create(label).inc_by(effects.processed);
        metrics.records_duplicate.get_or_create(label).inc_by(effects.duplicates);
        metrics.timers_fired.get_or_create(label).inc_by(effects.timers);
        metrics.timer_faults.get_or_create(label).inc_by(effects.timer_faults.len() as u64);
        for fault in &effects.timer_faults {
            tracing::error!(processor = label.processor, fault, "a timer failed");
        }
    }

    fn begin(&mut self) -> Result<(), WorkerError> {
        if self.open.is_none() {
            self.transaction.begin()?;
            self.open = Some(Open {
                since: clock::monotonic(),
                records: 0,
                snapshots: HashMap::new(),
                written: BTreeMap::new(),
            });
        }
        Ok(())
    }

    fn emit(&mut self, emission: Emission, context: TraceContext) -> Result<(), WorkerError> {
        if emission.topic.cleanup == Cleanup::Compact
            && let Some(open) = self.open.as_mut()
        {
            open.snapshots.insert((emission.topic.name, emission.key.clone()), (emission, context));
            return Ok(());
        }
        self.send(&emission, context)
    }

    fn send(&mut self, emission: &Emission, context: TraceContext) -> Result<(), WorkerError> {
        let topic = self.options.connection.topic(&emission.topic);
        let traceparent = context.header();
        self.transaction.send(&Outgoing {
            topic: &topic,
            partition: partition_of(emission.topic.partition_by, &emission.key, self.options.partitions),
            key: emission.key.as_bytes(),
            payload: Some(&emission.payload),
            headers: &[
                ("traceparent", traceparent.as_bytes()),
                ("tenant", split_key(&emission.key).0.as_bytes()),
                ("event-type", emission.event_type.as_bytes()),
            ],
        })?;
        if let Some(open) = self.open.as_mut() {
            *open.written.entry(emission.topic.name).or_default() += 1;
        }
        Ok(())
    }

    fn send_dead_letter(
        &mut self,
        processor: &'static str,
        letter: &kefu_processor::DeadLetter,
        message: &Fetched<'_>,
    ) -> Result<(), WorkerError> {
        let service = self.options.service;
        let code = letter.code.as_str();
        self.options.metrics.records_refused.get_or_create(&RefusalLabel { service, processor, code }).inc();
        tracing::warn!(service, processor, code, detail = letter.detail, "record refused");
        let origin = Origin {
            topic: self.options.connection.without_prefix(message.topic()),
            partition: message.partition(),
            offset: message.offset(),
            service,
            attempt: 1,
        };
        let headers = dead_letter::headers(&origin, letter);
        let headers: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        self.transaction.send(&Outgoing {
            topic: &self.options.connection.topic(&DEAD_LETTERS),
            partition: message.partition(),
            key: message.key(),
            payload: Some(message.payload()),
            headers: &headers,
        })?;
        Ok(())
    }

    fn has_progress(&self) -> bool {
        self.owned.values().any(|owned| owned.reached != owned.published)
    }

    /// Makes everything since the last commit durable at once.
    fn commit(&mut self) -> Result<(), WorkerError> {
        if self.open.is_none() && !self.has_progress() {
            return Ok(());
        }
        self.begin()?;
        let begun = clock::monotonic();
        let snapshots = self.open.as_mut().map(|open| std::mem::take(&mut open.snapshots)).unwrap_or_default();
        for (emission, context) in snapshots.into_values() {
            self.send(&emission, context)?;
        }
        let changes = self.send_changes()?;
        self.send_progress()?;
        let mut offsets = TopicPartitionList::new();
        for ((topic, partition), position) in &self.positions {
            offsets.add_partition_offset(topic, *partition, Offset::Offset(*position))?;
        }
        let group = self
            .consumer
            .group_metadata()
            .ok_or_else(|| KafkaError::Fatal("the consumer has no group metadata".to_owned()))?;
        self.transaction.commit(&offsets, &group)?;
        self.after_commit(changes, begun);
        Ok(())
    }

    fn send_changes(&mut self) -> Result<Vec<TaskChanges>, WorkerError> {
        let mut all = Vec::new();
        for (key, owned) in &mut self.owned {
            let stage = self.options.stages.get(key.0).map(changelog_name).unwrap_or_default();
            let changes = owned.task.changes().map_err(|error| KafkaError::State { stage, error })?;
            for (state_key, bytes) in &changes {
                self.transaction.send(&Outgoing {
                    topic: &owned.changelog,
                    partition: owned.partition,
                    key: state_key.as_bytes(),
                    payload: bytes.as_deref(),
                    headers: &[],
                })?;
            }
            if !changes.is_empty() {
                all.push((*key, changes));
            }
        }
        Ok(all)
    }

    fn send_progress(&mut self) -> Result<(), WorkerError> {
        let topic = self.options.connection.topic_named(&progress_topic(self.options.service));
        for ((stage, partition), owned) in &mut self.owned {
            let Some(of) = self.options.stages.get(*stage) else { continue };
            for (pass, reached) in owned.reached.iter().enumerate() {
                if owned.published.get(pass) == Some(reached) {
                    continue;
                }
                let (key, value) = progress_record(of.name, pass, *partition, *reached);
                self.transaction.send(&Outgoing {
                    topic: &topic,
                    partition: 0,
                    key: key.as_bytes(),
                    payload: Some(value.as_bytes()),
                    headers: &[],
                })?;
            }
            owned.published.clone_from(&owned.reached);
        }
        Ok(())
    }

    fn after_commit(&mut self, changes: Vec<TaskChanges>, begun: Instant) {
        let metrics = self.options.metrics.clone();
        if let Some(open) = self.open.take() {
            for (topic, count) in open.written {
                metrics.records_written.get_or_create(&TopicLabel { topic }).inc_by(count);
            }
        }
        self.committed_at = clock::monotonic();
        metrics.commits.get_or_create(&self.label()).inc();
        metrics.commit_duration.get_or_create(&self.label()).observe(begun.elapsed().as_secs_f64());
        for (key, states) in changes {
            if let Some(owned) = self.owned.get_mut(&key) {
                owned.committed(states);
            }
        }
        let mut available = true;
        for owned in self.owned.values_mut() {
            if !available {
                break;
            }
            match owned.warm(&mut self.hot) {
                // a loss is found, and mended, when a state is read
                Ok(()) | Err(HotError::Lost) => {}
                Err(HotError::Redis(error)) => {
                    tracing::warn!(service = self.options.service, %error, "redis is away: states stay in memory");
                    self.hot.disconnect();
                    available = false;
                }
            }
        }
        self.hot_available(available);
        self.show_progress();
    }

    fn show_tasks(&self) {
        for stage in 0..self.options.stages.len() {
            let count = self.owned.keys().filter(|(of, _)| *of == stage).count();
            let gauge = self.options.metrics.tasks.get_or_create(&self.stage_label(stage)).clone();
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    fn show_progress(&self) {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        for stage in 0..self.options.stages.len() {
            let label = self.stage_label(stage);
            let tasks = || self.owned.values().filter(|owned| owned.stage == stage);
            let metrics = &self.options.metrics;
            if let Some(least) = tasks().map(|owned| owned.reached().complete).min() {
                #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
                metrics.watermark.get_or_create(&label).set(least.ms() as f64 / 1000.0);
            }
            metrics.states_loaded.get_or_create(&label).set(count(tasks().map(|owned| owned.task.loaded()).sum()));
            metrics.timers_waiting.get_or_create(&label).set(count(tasks().map(|owned| owned.task.timers()).sum()));
        }
    }
}
