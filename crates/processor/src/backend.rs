//! What a pipeline needs of a backend: stored states, and somewhere to write to.

use std::sync::Arc;

use crate::effects::{DeadLetter, Emission};
use crate::task::Record;
use crate::timers::Due;
use crate::topology::Stage;

/// Where stored states come from.
pub trait StateSource {
    /// The stored state of `key` in `stage`.
    ///
    /// # Errors
    /// If the store cannot be read: what was wrong.
    fn load(&self, stage: &Stage, key: &str) -> Result<Option<Vec<u8>>, String>;

    /// Whether nothing is ever stored: then nobody asks.
    fn is_nowhere(&self) -> bool {
        false
    }
}

/// For a pipeline that keeps its states in memory.
#[derive(Clone, Copy, Debug)]
pub struct NoStates;

impl StateSource for NoStates {
    fn load(&self, _: &Stage, _: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(None)
    }

    fn is_nowhere(&self) -> bool {
        true
    }
}

/// Takes what the pipeline writes.
pub trait Sink {
    /// A record written to a topic; called in order of emission.
    fn emission(&mut self, stage: &Stage, emission: &Arc<Emission>);

    /// The [`Record::index`] under which the record of the last emission is read, so that a dead letter names it.
    fn last_index(&self) -> usize {
        0
    }

    /// A record that `stage` could not process.
    fn dead_letter(&mut self, stage: &Stage, record: &Record<'_>, letter: &DeadLetter);

    /// A timer of `stage` fired; what it wrote follows.
    fn timer(&mut self, _stage: &Stage, _due: Due) {}
}
