//! What a worker shows of itself.

use std::collections::BTreeMap;

use kefu_contracts::Timestamp;
use kefu_processor::{Effects, Stage};

use super::Worker;
use crate::kafka::progress::Horizon;
use crate::metrics::{InputLabel, RefusalLabel, ServiceLabel, StageLabel, TasksLabel, WorkerLabel, gauge, seconds};

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

    fn tasks_label(&self, stage: usize) -> TasksLabel {
        let StageLabel { service, processor } = self.stage_label(stage);
        TasksLabel { service, processor, worker: self.options.worker }
    }

    pub(super) fn worker_label(&self) -> WorkerLabel {
        WorkerLabel { service: self.options.service, worker: self.options.worker }
    }

    /// Takes note of what a task did; it is counted once it is committed.
    pub(super) fn count(&mut self, stage: usize, effects: &Effects) {
        let counts = self.uncounted.of_stage(stage);
        counts.processed += effects.processed;
        counts.duplicates += effects.duplicates;
        counts.timers += effects.timers;
        let label = self.stage_label(stage);
        let faults = self.options.metrics.timer_faults.get_or_create(&label);
        faults.inc_by(effects.timer_faults.len() as u64);
        for fault in &effects.timer_faults {
            tracing::error!(service = label.service, processor = label.processor, fault, "a timer failed");
        }
    }

    /// Counts what was committed.
    pub(super) fn count_committed(&mut self) {
        let metrics = &self.options.metrics;
        let Uncounted { stages, refused } = std::mem::take(&mut self.uncounted);
        for (stage, counts) in stages {
            let label = self.stage_label(stage);
            metrics.records_processed.get_or_create(&label).inc_by(counts.processed);
            metrics.records_duplicate.get_or_create(&label).inc_by(counts.duplicates);
            metrics.timers_fired.get_or_create(&label).inc_by(counts.timers);
        }
        for (label, count) in refused {
            metrics.records_refused.get_or_create(&label).inc_by(count);
        }
    }

    /// Shows which tasks it has, and how many of them it has taken over.
    pub(super) fn show_tasks(&self) {
        let metrics = &self.options.metrics;
        let mut restored = 0;
        let mut owned = 0;
        for stage in 0..self.options.stages.len() {
            let label = self.tasks_label(stage);
            let copies = || self.protocol.copies().filter(|((of, _), _)| *of == stage);
            let (all, there) = (copies().count(), copies().filter(|(_, copy)| copy.is_ready()).count());
            metrics.tasks.get_or_create(&label).set(gauge(all));
            metrics.tasks_restoring.get_or_create(&label).set(gauge(all - there));
            owned += all;
            restored += there;
        }
        self.options.status.set_restored(restored, owned);
        self.show_progress();
    }

    pub(super) fn show_progress(&self) {
        let least = self.owned.values().map(|owned| owned.reached().complete).min();
        self.options.status.set_reached(least);
        let metrics = &self.options.metrics;
        for stage in 0..self.options.stages.len() {
            let label = self.tasks_label(stage);
            let tasks = || self.owned.values().filter(|owned| owned.stage == stage);
            // who has just taken a partition over has not reached anything yet
            match tasks().map(|owned| owned.reached().complete).min().filter(|least| *least > Timestamp::MIN) {
                Some(least) => _ = metrics.watermark.get_or_create(&label).set(seconds(least)),
                None => _ = metrics.watermark.remove(&label),
            }
            metrics.states_loaded.get_or_create(&label).set(gauge(tasks().map(|owned| owned.task.loaded()).sum()));
            metrics.timers_waiting.get_or_create(&label).set(gauge(tasks().map(|owned| owned.task.timers()).sum()));
        }
    }

    /// Shows how many records wait, as far as the horizons know.
    pub(super) fn show_lag(&self) {
        let mut lags: BTreeMap<&str, i64> = BTreeMap::new();
        let horizons: Vec<Horizon> =
            self.options.stages.iter().filter_map(|stage| self.options.horizons.of(&stage.id(), 0)).collect();
        for (topic, partition, position) in self.protocol.positions() {
            let ends = horizons.iter().filter_map(|horizon| horizon.ends.get(&(topic.clone(), partition)));
            if let Some(end) = ends.max() {
                *lags.entry(self.options.connection.without_prefix(topic)).or_default() += (end - position).max(0);
            }
        }
        let WorkerLabel { service, worker } = self.worker_label();
        for (topic, lag) in lags {
            let label = InputLabel { service, worker, topic: topic.to_owned() };
            self.options.metrics.input_lag.get_or_create(&label).set(lag);
        }
    }
}

/// What was done since the last commit: if that is given up, it is done again.
#[derive(Default)]
pub(super) struct Uncounted {
    stages: BTreeMap<usize, Counts>,
    refused: BTreeMap<RefusalLabel, u64>,
}

#[derive(Default)]
struct Counts {
    processed: u64,
    duplicates: u64,
    timers: u64,
}

impl Uncounted {
    fn of_stage(&mut self, stage: usize) -> &mut Counts {
        self.stages.entry(stage).or_default()
    }

    pub(super) fn refused(&mut self, label: RefusalLabel) {
        *self.refused.entry(label).or_default() += 1;
    }
}
