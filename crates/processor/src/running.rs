//! A stage at work in a pipeline.

use std::sync::Arc;

use crate::backend::StateSource;
use crate::effects::Effects;
use crate::pipeline::PipelineError;
use crate::task::Task;
use crate::topology::Stage;

/// Counts of what a stage did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageCounts {
    /// Records that changed something.
    pub processed: u64,
    /// Records seen before.
    pub duplicates: u64,
    /// Records that became dead letters.
    pub rejected: u64,
    /// Records written.
    pub emitted: u64,
    /// Timers fired.
    pub timers: u64,
}

/// A stage with its task, and what it has done.
pub(crate) struct Running {
    pub(crate) stage: Stage,
    pub(crate) task: Box<dyn Task>,
    pub(crate) counts: StageCounts,
    /// Timers that failed, as `key: cause`.
    pub(crate) faults: Vec<String>,
}

impl Running {
    pub(crate) fn new(stage: &Stage) -> Self {
        let (task, counts) = (stage.new_task(), StageCounts::default());
        Self { stage: stage.clone(), task, counts, faults: Vec::new() }
    }

    pub(crate) fn count(&mut self, effects: &Effects) {
        self.counts.processed += effects.processed;
        self.counts.duplicates += effects.duplicates;
        self.counts.rejected += effects.rejected;
        self.counts.timers += effects.timers;
        self.counts.emitted += effects.emissions.len() as u64;
        self.faults.extend_from_slice(&effects.timer_faults);
    }

    /// Gives the task the stored state of `key`.
    pub(crate) fn supply(&mut self, key: Arc<str>, states: &dyn StateSource) -> Result<(), PipelineError> {
        let stage = || self.stage.id();
        let bytes = states.load(&self.stage, &key).map_err(|error| PipelineError::Store { stage: stage(), error })?;
        let supplied = self.task.supply(key, bytes.as_deref());
        supplied.map_err(|error| PipelineError::State { stage: stage(), error })
    }
}
