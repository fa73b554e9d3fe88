//! What the group gives and takes, and beginning anew from what is committed.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::{Offset, TopicPartitionList};

use super::{Worker, WorkerError};
use crate::kafka::assignment::Change;
use crate::kafka::client::{CALL, KafkaError};
use crate::kafka::tasks::{LoadError, Owned};
use crate::metrics::StageLabel;

impl Worker {
    /// Serves rebalances and errors; only between transactions.
    pub(super) fn serve_group(&mut self) -> Result<(), WorkerError> {
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

    pub(super) fn stages_of(&self, lead: &str) -> Vec<usize> {
        let groups = self.options.sub_topologies.iter();
        let mut of_lead =
            groups.filter(|group| group.lead().is_some_and(|topic| self.options.connection.topic(topic) == lead));
        of_lead.next().map(|group| group.stages.clone()).unwrap_or_default()
    }

    pub(super) fn take_over(
        &mut self,
        lead: &str,
        partition: i32,
        starts: Vec<(String, i64)>,
    ) -> Result<(), WorkerError> {
        for (topic, offset) in starts {
            self.positions.insert((topic, partition), offset);
        }
        for stage in self.stages_of(lead) {
            self.restore(stage, partition)?;
        }
        Ok(())
    }

    pub(super) fn restore(&mut self, stage: usize, partition: i32) -> Result<(), WorkerError> {
        let Some(of) = self.options.stages.get(stage).cloned() else { return Ok(()) };
        let policies = self.options.policies.current();
        loop {
            let mut owned = Owned::new(stage, &of, partition, &self.options.connection);
            match owned.restore(&self.changelog, &mut self.hot, &policies, &of.id()) {
                Ok(restored) => {
                    self.hot_available(true);
                    let label = StageLabel { service: of.service, processor: of.name };
                    self.options.metrics.states_restored.get_or_create(&label).inc_by(restored);
                    tracing::info!(stage = of.id(), partition, restored, "partition taken over");
                    self.owned.insert((stage, partition), owned);
                    return Ok(());
                }
                Err(LoadError::Hot(error)) => self.wait_for_hot(&error.to_string())?,
                Err(LoadError::State(error)) => return Err(error.into()),
            }
        }
    }

    pub(super) fn let_go(&mut self, lead: &str, partition: i32) {
        for stage in self.stages_of(lead) {
            if let Some(owned) = self.owned.remove(&(stage, partition)) {
                for topic in owned.inputs {
                    self.positions.remove(&(topic, partition));
                }
            }
        }
    }

    /// Drops what was computed, goes back to what is committed and restores.
    pub(super) fn start_over(&mut self) -> Result<(), KafkaError> {
        self.open = None;
        let mut wanted = TopicPartitionList::new();
        for (topic, partition) in self.positions.keys() {
            wanted.add_partition(topic, *partition);
        }
        if wanted.count() > 0 {
            let committed = self.consumer.committed_offsets(wanted, CALL)?;
            let mut back = TopicPartitionList::new();
            for entry in committed.elements() {
                let offset = entry.offset().to_raw().unwrap_or(0).max(0);
                self.positions.insert((entry.topic().to_owned(), entry.partition()), offset);
                back.add_partition_offset(entry.topic(), entry.partition(), Offset::Offset(offset))?;
            }
            self.consumer.seek_partitions(back, CALL)?;
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
}
