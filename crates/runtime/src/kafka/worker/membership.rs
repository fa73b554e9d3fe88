//! What the group gives and takes, taking partitions over, and beginning anew from what is committed.

use std::sync::atomic::Ordering;
use std::time::Duration;

use kefu_commit::{CopyStep, Step, TaskId};
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaResult;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::gauges::Uncounted;
use super::{Doing, Worker, WorkerError};
use crate::clock;
use crate::kafka::assignment::Change;
use crate::kafka::client::{CALL, KafkaError};
use crate::kafka::tasks::{LoadError, Owned, Restored};
use crate::metrics::StageLabel;
use crate::outage::Outage;

/// Pause before work is tried again that failed twice in a row; doubles with each further failure.
const BACK_OFF: Duration = Duration::from_millis(50);
const BACK_OFF_DOUBLINGS: u32 = 7;

impl Worker {
    /// Serves rebalances and errors; only between transactions.
    pub(super) fn serve_group(&mut self) -> Result<(), WorkerError> {
        while let Some(polled) = self.consumer.poll(Duration::ZERO) {
            match polled {
                Err(error) => tracing::warn!(service = self.options.service, %error, "kafka consumer"),
                // all of them go to the queue; one that came here would be missing there
                Ok(stray) if self.protocol.position(stray.topic(), stray.partition()).is_some() => {
                    return Err(WorkerError::Lost("a record came past the queue".to_owned()));
                }
                Ok(_) => {}
            }
        }
        if let Some((code, reason)) = self.consumer.client().fatal_error() {
            return Err(WorkerError::Kafka(KafkaError::Fatal(format!("{code}: {reason}"))));
        }
        if self.transaction.just_started()? {
            self.show_doing();
        }
        let changes = self.consumer.context().take_changes();
        let served = !changes.is_empty();
        let were_here: Vec<(String, i32)> = if served { self.inputs() } else { Vec::new() };
        for change in changes {
            match change {
                Change::Came { partition, starts } => {
                    self.options.metrics.partitions_came.get_or_create(&self.label()).inc();
                    self.protocol.take_over(partition, starts);
                }
                Change::Went(partition) => {
                    self.options.metrics.partitions_went.get_or_create(&self.label()).inc();
                    tracing::info!(service = self.options.service, partition, "partition given up");
                    self.protocol.let_go(partition);
                    self.owned.retain(|(_, of), _| *of != partition);
                }
                // a spare instance has nothing to do, and is ready to take over
                Change::Assigned => self.has_joined = true,
                Change::Failed(cause) => return Err(WorkerError::Kafka(cause)),
            }
        }
        self.protocol.served();
        if served {
            self.stay(&were_here)?;
            self.show_tasks();
            self.show_doing();
        }
        Ok(())
    }

    /// Says what it is at: it works once it has all that a commit needs.
    fn show_doing(&self) {
        self.options.status.set(match () {
            () if !self.has_joined => Doing::Joining,
            () if !self.protocol.is_restored() => Doing::Restoring,
            () if self.transaction.is_starting() => Doing::WaitingForKafka,
            () => Doing::Working,
        });
    }

    /// Does one step of taking a task over.
    pub(super) fn restore(&mut self, task: TaskId, step: CopyStep) -> Result<(), WorkerError> {
        let Some(of) = self.options.stages.get(task.0).cloned() else { return Ok(()) };
        let new = || Owned::new(task.0, &of, task.1, &self.options.connection);
        let owned = match step {
            // nothing of what was known before counts
            CopyStep::Claim => self.owned.entry(task).insert_entry(new()).into_mut(),
            _ => self.owned.entry(task).or_insert_with(new),
        };
        let policies = self.options.policies.current();
        let begun = clock::monotonic();
        let done = owned.restore(step, &mut self.protocol, &self.changelog, &mut self.hot, &policies, &of.id());
        let Restored { states: restored, whole } = owned.restored;
        tracing::debug!(stage = of.id(), partition = task.1, ?step, took = ?begun.elapsed(), "taking over");
        match done {
            Ok(done) => self.protocol.copy_done(task, done),
            Err(LoadError::Hot(error)) => {
                self.owned.remove(&task);
                self.protocol.copy_failed(task);
                return self.restore_again(&of, task.1, &error);
            }
            Err(LoadError::State(error)) => return Err(error.into()),
        }
        // it may have waited for the broker
        self.show_doing();
        if step == CopyStep::Note {
            self.hot_works();
            let label = StageLabel { service: of.service, processor: of.name };
            self.options.metrics.states_restored.get_or_create(&label).inc_by(restored);
            tracing::info!(stage = of.id(), partition = task.1, restored, whole, "partition taken over");
            self.show_tasks();
            self.show_doing();
        }
        Ok(())
    }

    /// Drops what was computed; the protocol goes back to what is committed.
    pub(super) fn start_over(&mut self) -> Result<(), KafkaError> {
        self.options.status.set(Doing::Restoring);
        self.open = None;
        self.uncounted = Uncounted::default();
        // all at once: none of what was computed may get into a commit
        self.owned.clear();
        if self.protocol.next() == Step::Abort {
            if let Err(error) = self.transaction.abort("what was computed does not count") {
                return Err(KafkaError::Fatal(error.to_string()));
            }
            self.protocol.aborted();
        }
        self.failures += 1;
        if self.options.stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        clock::rest(BACK_OFF.saturating_mul(1 << self.failures.min(BACK_OFF_DOUBLINGS)) - BACK_OFF * 2);
        Ok(())
    }

    /// Lets the partitions that stay go on where this worker is.
    ///
    /// While the group rebalances, the client pauses them, then goes on where it believes the program to be. Messages
    /// that are taken in batches make it believe that an end of partition is a record, and that the next one was read.
    fn stay(&self, were_here: &[(String, i32)]) -> Result<(), WorkerError> {
        let mut here = TopicPartitionList::new();
        for (topic, partition) in were_here {
            if let Some(position) = self.protocol.position(topic, *partition) {
                here.add_partition_offset(topic, *partition, Offset::Offset(position))?;
            }
        }
        self.patiently(|worker| worker.seek(&here))
    }

    /// Sets the positions back to what is committed, once the broker tells it.
    pub(super) fn go_back(&mut self) -> Result<(), WorkerError> {
        let mut wanted = TopicPartitionList::new();
        for (topic, partition) in self.inputs() {
            wanted.add_partition(&topic, partition);
        }
        let committed = self.patiently(|worker| worker.seek_committed(&wanted))?;
        self.protocol.went_back(committed);
        self.show_doing();
        Ok(())
    }

    /// The inputs of the partitions owned.
    fn inputs(&self) -> Vec<(String, i32)> {
        self.protocol.positions().map(|(topic, partition, _)| (topic.clone(), partition)).collect()
    }

    /// Tries until it is done.
    fn patiently<T>(&self, seek: impl Fn(&Self) -> KafkaResult<T>) -> Result<T, WorkerError> {
        let patience = self.options.patience();
        let mut outage = Outage::default();
        loop {
            match seek(self) {
                Ok(done) => return Ok(done),
                Err(_) if !patience.lasts() => return Err(KafkaError::Stopped.into()),
                Err(error) if self.consumer.client().fatal_error().is_some() => return Err(error.into()),
                Err(error) => {
                    if outage.lasts() {
                        tracing::warn!(service = self.options.service, %error, "a position is set again");
                    }
                    clock::rest(BACK_OFF);
                }
            }
        }
    }

    fn seek_committed(&self, wanted: &TopicPartitionList) -> KafkaResult<Vec<(String, i32, i64)>> {
        let mut committed = Vec::new();
        if wanted.count() == 0 {
            return Ok(committed);
        }
        let mut back = TopicPartitionList::new();
        for entry in self.consumer.committed_offsets(wanted.clone(), CALL)?.elements() {
            entry.error()?;
            let offset = entry.offset().to_raw().unwrap_or(0).max(0);
            back.add_partition_offset(entry.topic(), entry.partition(), Offset::Offset(offset))?;
            committed.push((entry.topic().to_owned(), entry.partition(), offset));
        }
        self.seek(&back)?;
        Ok(committed)
    }

    fn seek(&self, to: &TopicPartitionList) -> KafkaResult<()> {
        if to.count() == 0 {
            return Ok(());
        }
        let sought = self.consumer.seek_partitions(to.clone(), CALL)?;
        sought.elements().iter().try_for_each(rdkafka::topic_partition_list::TopicPartitionListElem::error)
    }
}
