//! Looking after the hot copy: it may be away, or lose what it had.

use std::sync::atomic::Ordering;
use std::time::Duration;

use kefu_processor::Stage;

use super::{Doing, Worker, WorkerError};
use crate::clock;
use crate::kafka::client::KafkaError;
use crate::kafka::hot::HotError;
use crate::kafka::tasks::Owned;

/// Pause before Redis is tried again.
const RETRY: Duration = Duration::from_millis(100);
/// Memory for states that Redis lacks, beyond which a worker waits for Redis: an outage must not take all there is.
const PINNED_BYTES_MAX: usize = 256 << 20;
/// How often a worker makes sure that Redis still has what it had, though no record asks for it: APIs read it.
const VERIFY_EVERY: Duration = Duration::from_secs(1);

impl Worker {
    /// Finds out between transactions whether Redis lost its memory.
    pub(super) fn verify_hot(&mut self) -> Result<(), WorkerError> {
        let now = clock::monotonic();
        let is_due = now.duration_since(self.hot_verified_at) >= VERIFY_EVERY && self.trouble.is_due(now);
        if !is_due || self.owned.is_empty() {
            return Ok(());
        }
        self.hot_verified_at = now;
        let marks = self.owned.values().map(|owned| (owned.hot_name.as_str(), owned.mark(&self.protocol)));
        match self.hot.verify_each(&marks.collect::<Vec<_>>()) {
            Ok(()) => self.hot_works(),
            Err(HotError::Lost) => return Err(lost()),
            Err(error) => self.hot_failed(&error),
        }
        Ok(())
    }

    /// Waits a moment, and ends the turn, if Redis lacks more states than may stay in memory; gives whether it did.
    pub(super) fn waits_to_write(&mut self) -> Result<bool, WorkerError> {
        let Some(cause) = self.trouble.cause().filter(|_| self.is_laden()).cloned() else { return Ok(false) };
        if self.trouble.is_due(clock::monotonic()) {
            // a commit of nothing but offsets writes them
            self.begin()?;
            self.commit()?;
        }
        if self.is_laden() {
            self.rest_for_hot(&cause)?;
        } else {
            self.options.status.set(Doing::Working);
        }
        self.protocol.end_turn();
        Ok(true)
    }

    /// Whether Redis lacks more states than may stay in memory.
    pub(super) fn is_laden(&self) -> bool {
        self.owned.values().map(Owned::pinned_bytes).sum::<usize>() > PINNED_BYTES_MAX
    }

    /// Waits a moment for a state that Redis must give. What was done before is committed: its transaction would time
    /// out meanwhile.
    pub(super) fn wait_for_hot(&mut self, cause: &HotError) -> Result<(), WorkerError> {
        if self.protocol.is_open() {
            self.commit()?;
        }
        self.rest_for_hot(cause)
    }

    /// Waits a moment before a partition is taken over anew.
    pub(super) fn restore_again(&mut self, stage: &Stage, partition: i32, cause: &HotError) -> Result<(), WorkerError> {
        if !matches!(cause, HotError::Lost) {
            return self.rest_for_hot(cause);
        }
        // redis answered, so nothing is wrong with it; the group is asked next
        self.options.status.set(Doing::Restoring);
        let stage = stage.id();
        tracing::warn!(stage, partition, "taken over again: another instance has claimed it, or redis was replaced");
        clock::rest(RETRY);
        Ok(())
    }

    /// Waits a moment for Redis and commits nothing.
    pub(super) fn rest_for_hot(&mut self, cause: &HotError) -> Result<(), WorkerError> {
        self.options.heartbeat.beat();
        self.options.status.set(Doing::WaitingForRedis);
        if self.trouble.waits(cause, clock::monotonic()) {
            tracing::warn!(service = self.options.service, %cause, "nothing is done until redis can be used");
        }
        self.hot_lacks(cause);
        if self.options.stop.load(Ordering::Relaxed) {
            return Err(KafkaError::Stopped.into());
        }
        clock::rest(RETRY);
        Ok(())
    }

    /// A call failed that can wait.
    pub(super) fn hot_failed(&mut self, cause: &HotError) {
        if self.trouble.failed(cause, clock::monotonic()) {
            tracing::warn!(service = self.options.service, %cause, "states stay in memory until redis can be used");
        }
        self.hot_lacks(cause);
    }

    fn hot_lacks(&mut self, cause: &HotError) {
        // what answered can be asked again
        if matches!(cause, HotError::Redis(_)) {
            self.hot.disconnect();
        }
        self.hot_available(false);
    }

    /// Redis gave or took what it had to.
    pub(super) fn hot_is_back(&mut self) {
        self.hot_works();
        self.options.status.set(Doing::Working);
    }

    /// A call went well. Where writes are refused, that reads do says nothing: all is well once no copy is behind.
    pub(super) fn hot_works(&mut self) {
        if self.protocol.behind().next().is_some() {
            return;
        }
        self.hot_available(true);
        if self.trouble.ended() {
            tracing::info!(service = self.options.service, "redis can be used again, and has all that is committed");
        }
    }

    fn hot_available(&self, available: bool) {
        self.options.metrics.hot_states_available.get_or_create(&self.worker_label()).set(i64::from(available));
    }
}

/// A hot copy is not what this worker wrote last.
pub(super) fn lost() -> WorkerError {
    WorkerError::Lost("the hot copy was lost; the states come from the changelog".to_owned())
}
