//! The commit: records, states, progress and offsets in one transaction, then Redis.

use kefu_commit::{Step, TaskId};
use rdkafka::consumer::Consumer;
use rdkafka::{Offset, TopicPartitionList};

use super::hot_copy::lost;
use super::{Doing, Worker, WorkerError};
use crate::clock;
use crate::kafka::client::KafkaError;
use crate::kafka::copies::write_copies;
use crate::kafka::hot::{HotChange, HotError};
use crate::kafka::produce::Outgoing;
use crate::kafka::progress::{progress_record, progress_topic};
use crate::kafka::tasks::changelog_name;
use crate::metrics::{TopicLabel, seconds};

/// States that a worker keeps in memory, shared among its tasks, before unneeded ones are let go.
const STATES_KEPT: usize = 400_000;

/// The changed states of a task.
pub(super) type TaskChanges = (TaskId, Vec<HotChange>);

impl Worker {
    pub(super) fn has_progress(&self) -> bool {
        self.owned.values().any(|owned| owned.reached != owned.published)
    }

    /// Makes everything since the last commit durable at once.
    pub(super) fn commit(&mut self) -> Result<(), WorkerError> {
        if !self.protocol.is_open() && !self.has_progress() {
            return Ok(());
        }
        self.begin()?;
        self.protocol.commit();
        while let step @ (Step::Produce | Step::SendOffsets | Step::EndTransaction | Step::WriteCopies) =
            self.protocol.next()
        {
            self.commit_step(step)?;
        }
        Ok(())
    }

    /// Does one step of a commit.
    pub(super) fn commit_step(&mut self, step: Step) -> Result<(), WorkerError> {
        match step {
            Step::Produce => self.produce(),
            Step::SendOffsets => self.send_offsets(),
            Step::EndTransaction => {
                self.transaction.commit()?;
                self.after_commit();
                Ok(())
            }
            Step::WriteCopies => self.write_copies(),
            _ => Ok(()),
        }
    }

    fn produce(&mut self) -> Result<(), WorkerError> {
        let committing = clock::monotonic();
        let snapshots = self.open.as_mut().map(|open| std::mem::take(&mut open.snapshots)).unwrap_or_default();
        for (emission, context) in snapshots.into_values() {
            self.send(&emission, context)?;
        }
        let changes = self.send_changes()?;
        self.send_progress()?;
        self.transaction.deliver();
        self.protocol.produced(changes.iter().map(|(task, changes)| (*task, changes.len())));
        if let Some(open) = self.open.as_mut() {
            open.committing = committing;
            open.changes = changes;
        }
        Ok(())
    }

    fn send_offsets(&mut self) -> Result<(), WorkerError> {
        let mut offsets = TopicPartitionList::new();
        for (topic, partition, position) in self.protocol.positions() {
            offsets.add_partition_offset(topic, partition, Offset::Offset(position))?;
        }
        let group = self
            .consumer
            .group_metadata()
            .ok_or_else(|| KafkaError::Fatal("the consumer has no group metadata".to_owned()))?;
        // asked after that: whoever lost its partitions may have metadata of no generation, and a group that has become
        // empty takes offsets from anybody
        if self.consumer.assignment_lost() {
            return Err(WorkerError::Lost("the group gave the partitions to others".to_owned()));
        }
        self.transaction.send_offsets(&offsets, &group)?;
        self.protocol.offsets_sent();
        Ok(())
    }

    fn send_changes(&mut self) -> Result<Vec<TaskChanges>, WorkerError> {
        let mut all = Vec::new();
        for (key, owned) in &mut self.owned {
            let stage = self.options.stages.get(key.0).map(changelog_name).unwrap_or_default();
            let changes = owned.task.changes().map_err(|error| KafkaError::State { stage, error })?;
            if !changes.is_empty() {
                let changelog = self.transaction.topic(&owned.changelog)?;
                self.transaction.send_states(changelog, owned.partition, &changes)?;
                all.push((*key, changes));
            }
        }
        Ok(all)
    }

    fn send_progress(&mut self) -> Result<(), WorkerError> {
        let topic =
            self.transaction.topic(&self.options.connection.topic_named(&progress_topic(self.options.service)))?;
        let at_ms = self.at_ms();
        for ((stage, partition), owned) in &mut self.owned {
            let Some(of) = self.options.stages.get(*stage) else { continue };
            for (pass, reached) in owned.reached.iter().enumerate() {
                if owned.published.get(pass) == Some(reached) {
                    continue;
                }
                let (key, value) = progress_record(of.name, pass, *partition, *reached);
                self.transaction.send(&Outgoing {
                    topic,
                    partition: 0,
                    key: key.as_bytes(),
                    payload: value.as_bytes(),
                    headers: &[],
                    at_ms,
                })?;
            }
            owned.published.clone_from(&owned.reached);
        }
        Ok(())
    }

    fn after_commit(&mut self) {
        let metrics = self.options.metrics.clone();
        if let Some(open) = self.open.take() {
            for (topic, count) in open.written {
                metrics.records_written.get_or_create(&TopicLabel { topic }).inc_by(count);
            }
            for (task, states) in open.changes {
                if let Some(owned) = self.owned.get_mut(&task) {
                    owned.committed(states);
                }
            }
            let took = open.committing.elapsed().as_secs_f64();
            metrics.commit_duration.get_or_create(&self.label()).observe(took);
        }
        self.committed_at = clock::monotonic();
        metrics.last_commit.get_or_create(&self.worker_label()).set(seconds(clock::now()));
        self.count_committed();
        metrics.commits.get_or_create(&self.label()).inc();
        self.protocol.committed();
        self.failures = 0;
        if !self.is_laden() {
            self.options.status.set(Doing::Working);
        }
        self.show_progress();
    }

    /// Writes what was committed to Redis. If Redis does not take it, the states stay in memory until a later commit;
    /// not the next one, if Redis has failed for a while.
    fn write_copies(&mut self) -> Result<(), WorkerError> {
        if !self.trouble.is_due(clock::monotonic()) {
            self.protocol.copies_later();
            return Ok(());
        }
        match write_copies(&mut self.owned, &mut self.protocol, &mut self.hot) {
            Ok(()) => self.hot_is_back(),
            Err(HotError::Lost) => return Err(lost()),
            Err(error) => {
                self.hot_failed(&error);
                self.protocol.copies_later();
            }
        }
        Ok(())
    }

    /// Lets go of states in memory beyond what is kept; not while records wait for those that were loaded for them.
    pub(super) fn shrink(&mut self) {
        let keep = STATES_KEPT / self.owned.len().max(1);
        self.owned.values_mut().for_each(|owned| owned.shrink(keep));
    }
}
