//! What the engine shows of itself in the metrics.

use std::time::Duration;

use kefu_contracts::Timestamp;
use kefu_processor::Pipeline;
use kefu_processor::StageCounts;

use crate::clock;
use crate::metrics::{Metrics, ServiceLabel, StageLabel, StateLabel, TasksLabel, WorkerLabel, gauge, seconds};

/// The metrics, and what they were told last. One commit is one of each service.
pub(super) struct Gauges {
    metrics: Metrics,
    stages: Vec<(StageLabel, StageCounts)>,
    services: Vec<ServiceLabel>,
}

impl Gauges {
    /// Shows the stages of `pipeline`, of which `restored` tells how many states were read back.
    pub(super) fn new(metrics: Metrics, pipeline: &Pipeline, restored: &[(StageLabel, u64)]) -> Self {
        let labels = pipeline.counts().map(|(stage, counts)| {
            let label = StageLabel { service: stage.service, processor: stage.name };
            (label, counts)
        });
        let stages: Vec<(StageLabel, StageCounts)> = labels.collect();
        let mut services: Vec<ServiceLabel> = Vec::new();
        for (label, _) in &stages {
            metrics.tasks.get_or_create(&tasks_label(label)).set(1);
            let service = ServiceLabel { service: label.service };
            if !services.contains(&service) {
                metrics.workers.get_or_create(&StateLabel { service: label.service, state: "working" }).set(1);
                services.push(service);
            }
        }
        for (label, count) in restored {
            metrics.states_restored.get_or_create(label).inc_by(*count);
        }
        Self { metrics, stages, services }
    }

    /// Counts a commit.
    pub(super) fn commit(&self, took: Duration) {
        for label in &self.services {
            self.metrics.commits.get_or_create(label).inc();
            self.metrics.commit_duration.get_or_create(label).observe(took.as_secs_f64());
            let worker = WorkerLabel { service: label.service, worker: 0 };
            self.metrics.last_commit.get_or_create(&worker).set(seconds(clock::now()));
        }
    }

    /// Shows what the stages did and hold.
    pub(super) fn show(&mut self, pipeline: &mut Pipeline) {
        let metrics = &self.metrics;
        for ((label, told), (_, counts)) in self.stages.iter_mut().zip(pipeline.counts()) {
            metrics.records_processed.get_or_create(label).inc_by(counts.processed - told.processed);
            metrics.records_duplicate.get_or_create(label).inc_by(counts.duplicates - told.duplicates);
            metrics.timers_fired.get_or_create(label).inc_by(counts.timers - told.timers);
            *told = counts;
        }
        for ((label, _), (_, faults)) in self.stages.iter().zip(pipeline.take_timer_faults()) {
            metrics.timer_faults.get_or_create(label).inc_by(faults.len() as u64);
            for fault in faults {
                tracing::error!(service = label.service, processor = label.processor, fault, "a timer failed");
            }
        }
        let now = pipeline.clock().now;
        for ((label, _), (_, task)) in self.stages.iter().zip(pipeline.tasks()) {
            let label = &tasks_label(label);
            metrics.states_loaded.get_or_create(label).set(gauge(task.loaded()));
            metrics.timers_waiting.get_or_create(label).set(gauge(task.timers()));
            if now > Timestamp::MIN {
                metrics.watermark.get_or_create(label).set(seconds(now));
            }
        }
    }
}

/// The engine is the only worker.
fn tasks_label(label: &StageLabel) -> TasksLabel {
    TasksLabel { service: label.service, processor: label.processor, worker: 0 }
}
