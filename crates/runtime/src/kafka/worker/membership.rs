//! What the group gives and takes, and beginning anew from what is committed.

use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaResult, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use super::{Doing, Worker, WorkerError};
use crate::clock;
use crate::kafka::assignment::Change;
use crate::kafka::client::{CALL, KafkaError};
use crate::kafka::tasks::{LoadError, Owned};
use crate::metrics::StageLabel;

/// Pause before work is tried again that failed twice in a row; doubles with each further failure.
const BACK_OFF: Duration = Duration::from_millis(50);
const BACK_OFF_DOUBLINGS: u32 = 7;

/// Whether a client says so because another one with its name took its place.
fn is_fenced(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{Fenced, FencedInstanceId, ProducerFenced};
    matches!(code, Fenced | FencedInstanceId | ProducerFenced)
}

impl Worker {
    /// What `error`, which ends the worker, comes from. Whichever of its clients learns first that another process has
    /// taken its place, the cause is the same.
    pub(super) fn cause(&self, error: KafkaError) -> KafkaError {
        let member = self.consumer.client().fatal_error().map(|(code, _)| code);
        let codes = [member, self.transaction.fatal_code()];
        if codes.into_iter().flatten().any(is_fenced) {
            return KafkaError::Fenced(self.options.instance.clone());
        }
        error
    }

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
        let served = !changes.is_empty();
        if served {
            self.options.status.set(Doing::Restoring);
        }
        for change in changes {
            match change {
                Change::Came { partition, starts } => self.take_over(partition, starts)?,
                Change::Went(partition) => self.let_go(partition),
                // a spare instance has nothing to do, and is ready to take over
                Change::Assigned => {}
                Change::Failed(cause) => return Err(WorkerError::Kafka(KafkaError::Fatal(cause))),
            }
        }
        if served {
            self.show_tasks();
            self.options.status.set(Doing::Working);
        }
        Ok(())
    }

    fn take_over(&mut self, partition: i32, starts: Vec<(String, i64)>) -> Result<(), WorkerError> {
        for (topic, offset) in starts {
            self.positions.insert((topic, partition), offset);
        }
        for stage in 0..self.options.stages.len() {
            self.restore(stage, partition)?;
        }
        Ok(())
    }

    fn restore(&mut self, stage: usize, partition: i32) -> Result<(), WorkerError> {
        let Some(of) = self.options.stages.get(stage).cloned() else { return Ok(()) };
        let policies = self.options.policies.current();
        loop {
            self.options.heartbeat.beat();
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
                Err(LoadError::Hot(error)) => self.rest_for_hot(&error.to_string())?,
                Err(LoadError::State(error)) => return Err(error.into()),
            }
        }
    }

    fn let_go(&mut self, partition: i32) {
        self.owned.retain(|(_, of), _| *of != partition);
        self.positions.retain(|(_, of), _| *of != partition);
    }

    /// Drops what was computed, goes back to what is committed and restores; gives whether that was done before the
    /// worker was told to stop.
    pub(super) fn start_over(&mut self) -> Result<bool, KafkaError> {
        self.options.status.set(Doing::Restoring);
        self.open = None;
        self.failures += 1;
        clock::rest(BACK_OFF.saturating_mul(1 << self.failures.min(BACK_OFF_DOUBLINGS)) - BACK_OFF * 2);
        if !self.go_back()? {
            return Ok(false);
        }
        // all at once: none of what was computed may get into a commit
        for (stage, partition) in std::mem::take(&mut self.owned).into_keys() {
            match self.restore(stage, partition) {
                Ok(()) => {}
                Err(WorkerError::Kafka(error)) => return Err(error),
                // only when told to stop
                Err(WorkerError::StartOver(_)) => return Ok(false),
            }
        }
        self.options.status.set(Doing::Working);
        Ok(true)
    }

    /// Sets the positions back to what is committed, once the broker tells it.
    fn go_back(&mut self) -> Result<bool, KafkaError> {
        let mut wanted = TopicPartitionList::new();
        for (topic, partition) in self.positions.keys() {
            wanted.add_partition(topic, *partition);
        }
        if wanted.count() == 0 {
            return Ok(true);
        }
        let patience = self.options.patience();
        loop {
            match self.seek_committed(&wanted) {
                Ok(()) => return Ok(true),
                Err(_) if !patience.lasts() => return Ok(false),
                Err(error) if self.consumer.client().fatal_error().is_some() => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(service = self.options.service, %error, "going back is tried again");
                    clock::rest(BACK_OFF);
                }
            }
        }
    }

    fn seek_committed(&mut self, wanted: &TopicPartitionList) -> KafkaResult<()> {
        let mut back = TopicPartitionList::new();
        for entry in self.consumer.committed_offsets(wanted.clone(), CALL)?.elements() {
            entry.error()?;
            let offset = entry.offset().to_raw().unwrap_or(0).max(0);
            self.positions.insert((entry.topic().to_owned(), entry.partition()), offset);
            back.add_partition_offset(entry.topic(), entry.partition(), Offset::Offset(offset))?;
        }
        let sought = self.consumer.seek_partitions(back, CALL)?;
        sought.elements().iter().try_for_each(rdkafka::topic_partition_list::TopicPartitionListElem::error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_whose_place_was_taken_is_told_from_a_broken_one() {
        for (code, expected) in [
            (RDKafkaErrorCode::FencedInstanceId, true),
            (RDKafkaErrorCode::Fenced, true),
            (RDKafkaErrorCode::ProducerFenced, true),
            (RDKafkaErrorCode::OutOfOrderSequenceNumber, false),
            (RDKafkaErrorCode::TransactionalIdAuthorizationFailed, false),
        ] {
            assert_eq!(is_fenced(code), expected, "{code:?}");
        }
        let told = KafkaError::Fenced("i0".to_owned()).to_string();
        assert!(told.contains("instance `i0`") && told.contains("give each process its own --instance"), "{told}");
    }
}
