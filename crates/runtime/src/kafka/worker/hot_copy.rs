//! Looking after the hot copy: it may be away, or lose what it had.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Doing, Worker, WorkerError};
use crate::clock;
use crate::kafka::client::KafkaError;
use crate::kafka::hot::HotError;

/// Pause before Redis is tried again.
const RETRY: Duration = Duration::from_millis(100);
/// How often a worker makes sure that Redis still has what it had, though no record asks for it: APIs read it.
const VERIFY_EVERY: Duration = Duration::from_secs(1);

impl Worker {
    /// Finds out between transactions whether Redis lost its memory.
    pub(super) fn verify_hot(&mut self) -> Result<(), WorkerError> {
        if self.hot_verified_at.elapsed() < VERIFY_EVERY || self.owned.is_empty() {
            return Ok(());
        }
        self.hot_verified_at = clock::monotonic();
        self.hot_verify_next += 1;
        let Some(owned) = self.owned.values().nth(self.hot_verify_next % self.owned.len()) else { return Ok(()) };
        let verified = owned.verify(&self.protocol, &mut self.hot);
        self.hot_available(matches!(verified, Ok(()) | Err(HotError::Lost)));
        match verified {
            Ok(()) => Ok(()),
            Err(HotError::Lost) => Err(lost()),
            Err(error) => {
                tracing::warn!(service = self.options.service, %error, "redis cannot be used");
                self.hot.disconnect();
                Ok(())
            }
        }
    }

    /// Waits a moment for a state that Redis must give. What was done before is committed: its transaction would time
    /// out meanwhile.
    pub(super) fn wait_for_hot(&mut self, cause: &str) -> Result<(), WorkerError> {
        if self.protocol.is_open() {
            self.commit()?;
        }
        self.rest_for_hot(cause)
    }

    /// Waits a moment for Redis and commits nothing: tasks are being restored.
    pub(super) fn rest_for_hot(&mut self, cause: &str) -> Result<(), WorkerError> {
        self.options.heartbeat.beat();
        if self.options.status.set(Doing::WaitingForRedis) {
            let service = self.options.service;
            tracing::warn!(service, cause, "redis cannot be used, and cannot be done without now");
        }
        self.hot_available(false);
        self.hot.disconnect();
        if self.options.stop.load(Ordering::Relaxed) {
            return Err(KafkaError::Stopped.into());
        }
        clock::rest(RETRY);
        Ok(())
    }

    /// Redis gave what was needed.
    pub(super) fn hot_is_back(&self) {
        self.hot_available(true);
        self.options.status.set(Doing::Working);
    }

    pub(super) fn hot_available(&self, available: bool) {
        self.options.metrics.hot_states_available.get_or_create(&self.worker_label()).set(i64::from(available));
    }
}

/// A hot copy is not what this worker wrote last.
pub(super) fn lost() -> WorkerError {
    WorkerError::Lost("the hot copy was lost; the states come from the changelog".to_owned())
}
