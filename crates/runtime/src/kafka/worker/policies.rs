//! Telling states of new policies.
//!
//! A state knows which policies it was computed under. When they change, the stored states are looked through for those
//! that do not; so are they when a partition is taken over, so that nothing is missed while nobody owned it.

use kefu_processor::Effects;

use super::hot_copy::lost;
use super::{Worker, WorkerError};
use crate::kafka::hot::HotError;
use crate::kafka::tasks::LoadError;

/// States of a task told before the next commit.
const TOLD_AT_ONCE: usize = 1_000;

impl Worker {
    pub(super) fn take_policies(&mut self) -> Result<(), WorkerError> {
        let revision = self.options.policies.revision();
        let keys: Vec<(usize, i32)> = self.owned.keys().copied().collect();
        if revision != self.policies_seen {
            self.policies_seen = revision;
            for key in &keys {
                self.note_untold(*key)?;
            }
        }
        for key in keys {
            if self.is_full() {
                break;
            }
            self.tell_policies(key)?;
        }
        Ok(())
    }

    /// Finds the states of a task that do not know the policies.
    fn note_untold(&mut self, key: (usize, i32)) -> Result<(), WorkerError> {
        let policies = self.options.policies.current();
        let stage = self.stage_id(key.0);
        loop {
            let Some(owned) = self.owned.get_mut(&key).filter(|owned| owned.task.heeds_policies()) else {
                return Ok(());
            };
            owned.task.policies_changed(&policies);
            match owned.note_stored(owned.mark(&self.protocol), &mut self.hot, &policies, &stage) {
                Ok(()) => {
                    self.hot_is_back();
                    return Ok(());
                }
                Err(LoadError::Hot(HotError::Lost)) => return Err(lost()),
                Err(LoadError::Hot(error)) => self.wait_for_hot(&error)?,
                Err(LoadError::State(error)) => return Err(error.into()),
            }
        }
    }

    fn tell_policies(&mut self, key: (usize, i32)) -> Result<(), WorkerError> {
        let Some(owned) = self.owned.get(&key).filter(|owned| owned.task.has_untold()) else { return Ok(()) };
        let missing = owned.task.missing_for_policies(TOLD_AT_ONCE);
        self.load(key, missing)?;
        let Some(mut owned) = self.owned.remove(&key) else { return Ok(()) };
        let policies = self.options.policies.current();
        let clock = self.clock(owned.reached().complete);
        let environment = self.environment(&policies, clock);
        let mut effects = Effects::default();
        owned.task.tell_policies(TOLD_AT_ONCE, environment, &mut effects);
        let done = self.take_effects(&mut owned, effects, &[]);
        self.owned.insert(key, owned);
        done
    }
}
