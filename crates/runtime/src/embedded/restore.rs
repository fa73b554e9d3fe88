//! What the engine reads back when it starts.

use std::sync::Arc;

use kefu_contracts::codec::Codec;
use kefu_processor::{Pipeline, PipelineError};

use super::engine::EngineError;
use super::store::{Store, StoreError};
use crate::backend::{View, Written};
use crate::heartbeat::Heartbeat;
use crate::metrics::StageLabel;

/// Records of a log read at once.
const READ_AT_ONCE: usize = 4096;
/// States between two signs of life.
const BEAT_EACH: u64 = 10_000;

/// Tells the tasks of every stored state: its timer, and whether it knows the policies. Gives how many each stage has.
pub(super) fn note_states(
    store: &Store,
    pipeline: &mut Pipeline,
    heartbeat: &Heartbeat,
) -> Result<Vec<(StageLabel, u64)>, EngineError> {
    let policies = pipeline.policies().clone();
    let mut counts = Vec::new();
    for (stage, task) in pipeline.tasks() {
        let id = stage.id();
        let mut failed = None;
        let mut count = 0;
        store.each_state(&id, |key, bytes| {
            count += 1;
            if count % BEAT_EACH == 0 {
                heartbeat.beat();
            }
            if let Err(error) = task.note(Arc::from(key), bytes, &policies) {
                failed = Some(error);
            }
        })?;
        if let Some(error) = failed {
            return Err(PipelineError::State { stage: id, error }.into());
        }
        counts.push((StageLabel { service: stage.service, processor: stage.name }, count));
    }
    Ok(counts)
}

/// Lets the views read what they need of the log.
pub(super) fn fill_views(store: &Store, codec: &Codec, views: &[Arc<dyn View>]) -> Result<(), StoreError> {
    for view in views.iter().filter(|view| view.needs_history()) {
        for topic in view.topics() {
            let mut from = 0;
            loop {
                let records = store.read(topic.name, from, READ_AT_ONCE)?;
                let Some(last) = records.last() else { break };
                from = last.sequence + 1;
                for record in &records {
                    let payload = Some(record.payload.as_slice());
                    view.apply(Written { topic: topic.name, key: &record.key, payload }, codec);
                }
            }
        }
    }
    Ok(())
}
