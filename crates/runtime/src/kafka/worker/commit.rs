//! The commit: records, states, progress and offsets in one transaction, then Redis.

use std::time::Instant;

use rdkafka::consumer::Consumer;
use rdkafka::{Offset, TopicPartitionList};

use super::{Doing, Worker, WorkerError};
use crate::clock;
use crate::kafka::client::KafkaError;
use crate::kafka::hot::{HotChange, HotError};
use crate::kafka::progress::{progress_record, progress_topic};
use crate::kafka::tasks::changelog_name;
use crate::kafka::transaction::Outgoing;
use crate::metrics::TopicLabel;

/// States that a worker keeps in memory, shared among its tasks, before unneeded ones are let go.
const STATES_KEPT: usize = 400_000;

/// The changed states of a task, by stage and partition.
type TaskChanges = ((usize, i32), Vec<HotChange>);

impl Worker {
    pub(super) fn has_progress(&self) -> bool {
        self.owned.values().any(|owned| owned.reached != owned.published)
    }

    /// Makes everything since the last commit durable at once.
    pub(super) fn commit(&mut self) -> Result<(), WorkerError> {
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
        self.after_commit(changes, begun)
    }

    pub(super) fn send_changes(&mut self) -> Result<Vec<TaskChanges>, WorkerError> {
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

    pub(super) fn send_progress(&mut self) -> Result<(), WorkerError> {
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

    fn after_commit(&mut self, changes: Vec<TaskChanges>, begun: Instant) -> Result<(), WorkerError> {
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
        self.failures = 0;
        self.options.status.set(Doing::Working);
        self.show_progress();
        self.warm()
    }

    /// Writes what was committed to Redis. If Redis is away, the states stay in memory until a later commit.
    fn warm(&mut self) -> Result<(), WorkerError> {
        let keep = STATES_KEPT / self.owned.len().max(1);
        let mut written = Ok(());
        for owned in self.owned.values_mut() {
            written = owned.warm(&mut self.hot, keep);
            if written.is_err() {
                break;
            }
        }
        match written {
            Ok(()) => self.hot_available(true),
            Err(HotError::Lost) => return Err(self.lost()),
            Err(HotError::Redis(error)) => {
                tracing::warn!(service = self.options.service, %error, "redis is away: states stay in memory");
                self.hot.disconnect();
                self.hot_available(false);
            }
        }
        Ok(())
    }
}
