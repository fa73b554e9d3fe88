//! Every metric that kefu's services export.
//!
//! Owns names, units, help texts and labels, which are bounded sets: one table says all of it. Dashboards and alerts
//! are checked against [`NAMES`].

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use kefu_contracts::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry, Unit};

/// A processor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StageLabel {
    /// The service.
    pub service: &'static str,
    /// The processor in it.
    pub processor: &'static str,
}

/// A processor in one worker thread: what is measured of each and must be added up, or the least taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TasksLabel {
    /// The service.
    pub service: &'static str,
    /// The processor in it.
    pub processor: &'static str,
    /// The number of the worker thread, from 0.
    pub worker: u32,
}

/// A worker thread.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct WorkerLabel {
    /// The service.
    pub service: &'static str,
    /// Its number, from 0.
    pub worker: u32,
}

/// A service's worker threads that are at the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StateLabel {
    /// The service.
    pub service: &'static str,
    /// What they are at.
    pub state: &'static str,
}

/// An input of a worker thread.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct InputLabel {
    /// The service.
    pub service: &'static str,
    /// The number of the worker thread, from 0.
    pub worker: u32,
    /// The topic.
    pub topic: String,
}

/// Why work was given up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AbortLabel {
    /// The service.
    pub service: &'static str,
    /// `aborted`: the broker did not take the transaction; `lost`: Redis or the group did not keep what was this
    /// worker's.
    pub cause: &'static str,
}

/// A processor and why it refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelSet)]
pub struct RefusalLabel {
    /// The service.
    pub service: &'static str,
    /// The processor in it.
    pub processor: &'static str,
    /// The rejection code.
    pub code: &'static str,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ServiceLabel {
    /// The service.
    pub service: &'static str,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TopicLabel {
    /// The name without prefix.
    pub topic: &'static str,
}

/// The process, where that can be told or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct NoLabel {}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabel {
    /// The route's pattern, not the path.
    pub route: String,
    /// The answer's status.
    pub status: u16,
}

type FloatGauge = Gauge<f64, AtomicU64>;
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// An instant as metrics have it, in seconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
pub(crate) fn seconds(at: Timestamp) -> f64 {
    at.ms() as f64 / 1000.0
}

/// A count as a gauge has it.
pub(crate) fn gauge(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// From 1 ms to about 30 s.
fn durations() -> Histogram {
    Histogram::new([0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0])
}

fn histograms<L: Clone + std::hash::Hash + Eq>() -> Histograms<L> {
    Family::new_with_constructor(durations)
}

/// Registers a metric of the table; its comment is its help text, which Prometheus' format ends with a full stop.
fn register(registry: &mut Registry, name: &str, help: &str, unit: Option<Unit>, metric: impl Metric) {
    let help = help.trim().trim_end_matches('.');
    match unit {
        Some(unit) => registry.register_with_unit(name, help, unit, metric),
        None => registry.register(name, help, metric),
    }
}

macro_rules! catalogue {
    ($( #[doc = $help:literal] $name:ident: $kind:ty = $new:expr, $unit:expr => $exported:literal; )*) => {
        /// The metrics of a process. Cheap to clone; clones share the values.
        #[derive(Clone)]
        pub struct Metrics {
            registry: Arc<Registry>,
            $( #[doc = $help] pub $name: $kind, )*
        }

        /// The names as they are exported, with unit and suffix.
        pub const NAMES: &[&str] = &[$( $exported ),*];

        impl Default for Metrics {
            fn default() -> Self {
                let mut registry = Registry::with_prefix("kefu");
                $(
                    let $name: $kind = $new;
                    register(&mut registry, stringify!($name), $help, $unit, $name.clone());
                )*
                Self { registry: Arc::new(registry), $( $name ),* }
            }
        }
    };
}

catalogue! {
    /// Records committed that changed state or led to others.
    records_processed: Family<StageLabel, Counter> = Family::default(), None => "kefu_records_processed_total";
    /// Records that had been seen before.
    records_duplicate: Family<StageLabel, Counter> = Family::default(), None => "kefu_records_duplicate_total";
    /// Records that became dead letters, by rejection code.
    records_refused: Family<RefusalLabel, Counter> = Family::default(), None => "kefu_records_refused_total";
    /// Records committed, by topic.
    records_written: Family<TopicLabel, Counter> = Family::default(), None => "kefu_records_written_total";
    /// Records of inputs that wait, as far as the ends of the topics were last looked at.
    input_lag: Family<InputLabel, Gauge> = Family::default(), None => "kefu_input_lag";
    /// Timers that fired.
    timers_fired: Family<StageLabel, Counter> = Family::default(), None => "kefu_timers_fired_total";
    /// Timers that failed: a fault of kefu.
    timer_faults: Family<StageLabel, Counter> = Family::default(), None => "kefu_timer_faults_total";
    /// Wall time from a timer's instant to its firing.
    timer_lateness: Histograms<StageLabel> = histograms(), Some(Unit::Seconds) => "kefu_timer_lateness_seconds";
    /// Commits that went through; one on the embedded store counts for each of its services.
    commits: Family<ServiceLabel, Counter> = Family::default(), None => "kefu_commits_total";
    /// Times that work since the last commit was given up and done again.
    commit_aborts: Family<AbortLabel, Counter> = Family::default(), None => "kefu_commit_aborts_total";
    /// Time of a commit.
    commit_duration: Histograms<ServiceLabel> = histograms(), Some(Unit::Seconds) => "kefu_commit_duration_seconds";
    /// When a worker last committed, as seconds since 1970; on Kafka, progress alone is committed too.
    last_commit: Family<WorkerLabel, FloatGauge> = Family::default(), Some(Unit::Seconds) => "kefu_last_commit_seconds";
    /// Event time up to which a processor's tasks here are complete, as seconds since 1970.
    watermark: Family<TasksLabel, FloatGauge> = Family::default(), Some(Unit::Seconds) => "kefu_watermark_seconds";
    /// Worker threads, by what they are at.
    workers: Family<StateLabel, Gauge> = Family::default(), None => "kefu_workers";
    /// Times that a worker joined its group again, because clients of it broke or its place was not free yet.
    rejoins: Family<ServiceLabel, Counter> = Family::default(), None => "kefu_rejoins_total";
    /// Partitions that this instance owns.
    tasks: Family<TasksLabel, Gauge> = Family::default(), None => "kefu_tasks";
    /// Partitions that this instance owns and has not taken over yet.
    tasks_restoring: Family<TasksLabel, Gauge> = Family::default(), None => "kefu_tasks_restoring";
    /// Partitions that the group gave to this instance.
    partitions_came: Family<ServiceLabel, Counter> = Family::default(), None => "kefu_partitions_came_total";
    /// Partitions that the group took from this instance.
    partitions_went: Family<ServiceLabel, Counter> = Family::default(), None => "kefu_partitions_went_total";
    /// States held in memory.
    states_loaded: Family<TasksLabel, Gauge> = Family::default(), None => "kefu_states_loaded";
    /// Timers that wait for their instant.
    timers_waiting: Family<TasksLabel, Gauge> = Family::default(), None => "kefu_timers_waiting";
    /// States read back at the start, or when a partition came.
    states_restored: Family<StageLabel, Counter> = Family::default(), None => "kefu_states_restored_total";
    /// 1 while the broker answers whoever looks for progress, 0 while it does not.
    kafka_available: Family<NoLabel, Gauge> = Family::default(), None => "kefu_kafka_available";
    /// 1 while Redis takes what is committed, 0 from a failure on until it has all of it.
    hot_states_available: Family<WorkerLabel, Gauge> = Family::default(), None => "kefu_hot_states_available";
    /// Requests answered, by route and status.
    http_requests: Family<RequestLabel, Counter> = Family::default(), None => "kefu_http_requests_total";
}

impl Metrics {
    /// All values in Prometheus' text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // writing to a String cannot fail
        encode(&mut text, &self.registry).ok();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_explained_to_whoever_operates() {
        let page = include_str!("../../../docs/operating.md");
        let missing: Vec<&&str> = NAMES.iter().filter(|name| !page.contains(&format!("| `{name}` |"))).collect();
        assert!(missing.is_empty(), "docs/operating.md does not explain {missing:?}");
    }
}
