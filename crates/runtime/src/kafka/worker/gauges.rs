//! What a worker shows of itself.

use kefu_processor::{Effects, Stage};

use super::Worker;
use crate::metrics::{ServiceLabel, StageLabel};

impl Worker {
    pub(super) fn label(&self) -> ServiceLabel {
        ServiceLabel { service: self.options.service }
    }

    pub(super) fn stage_label(&self, stage: usize) -> StageLabel {
        let of = self.options.stages.get(stage);
        StageLabel { service: self.options.service, processor: of.map_or("unknown", |stage| stage.name) }
    }

    pub(super) fn stage_id(&self, stage: usize) -> String {
        self.options.stages.get(stage).map(Stage::id).unwrap_or_default()
    }

    pub(super) fn count(&self, label: &StageLabel, effects: &Effects) {
        let metrics = &self.options.metrics;
        metrics.records_processed.get_or_create(label).inc_by(effects.processed);
        metrics.records_duplicate.get_or_create(label).inc_by(effects.duplicates);
        metrics.timers_fired.get_or_create(label).inc_by(effects.timers);
        metrics.timer_faults.get_or_create(label).inc_by(effects.timer_faults.len() as u64);
        for fault in &effects.timer_faults {
            tracing::error!(processor = label.processor, fault, "a timer failed");
        }
    }

    pub(super) fn show_tasks(&self) {
        for stage in 0..self.options.stages.len() {
            let count = self.owned.keys().filter(|(of, _)| *of == stage).count();
            let gauge = self.options.metrics.tasks.get_or_create(&self.stage_label(stage)).clone();
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    pub(super) fn show_progress(&self) {
        let least = self.owned.values().map(|owned| owned.reached().complete).min();
        self.options.status.set_reached(least);
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        for stage in 0..self.options.stages.len() {
            let label = self.stage_label(stage);
            let tasks = || self.owned.values().filter(|owned| owned.stage == stage);
            let metrics = &self.options.metrics;
            if let Some(least) = tasks().map(|owned| owned.reached().complete).min() {
                #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
                metrics.watermark.get_or_create(&label).set(least.ms() as f64 / 1000.0);
            }
            metrics.states_loaded.get_or_create(&label).set(count(tasks().map(|owned| owned.task.loaded()).sum()));
            metrics.timers_waiting.get_or_create(&label).set(count(tasks().map(|owned| owned.task.timers()).sum()));
        }
    }
}
