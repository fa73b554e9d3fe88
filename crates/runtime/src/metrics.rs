//! Every metric that kefu's services export.
//!
//! Owns names, units, help texts and labels, which are bounded sets. Dashboards and alerts are checked against
//! [`NAMES`].

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// A processor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StageLabel {
    /// The service.
    pub service: &'static str,
    /// The processor in it.
    pub processor: &'static str,
}

/// A processor and why it refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
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

/// The metrics of a process. Cheap to clone; clones share the values.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    /// Records that changed state or led to others.
    pub records_processed: Family<StageLabel, Counter>,
    /// Records that had been seen before.
    pub records_duplicate: Family<StageLabel, Counter>,
    /// Records that became dead letters, by rejection code.
    pub records_refused: Family<RefusalLabel, Counter>,
    /// Records committed, by topic.
    pub records_written: Family<TopicLabel, Counter>,
    /// Timers that fired.
    pub timers_fired: Family<StageLabel, Counter>,
    /// Timers that failed: a fault of kefu.
    pub timer_faults: Family<StageLabel, Counter>,
    /// Wall time from a timer's instant to its firing.
    pub timer_lateness: Histograms<StageLabel>,
    /// Commits that went through; one on the embedded store counts for each of its services.
    pub commits: Family<ServiceLabel, Counter>,
    /// Commits that were aborted and done again.
    pub commit_aborts: Family<ServiceLabel, Counter>,
    /// Time of a commit.
    pub commit_duration: Histograms<ServiceLabel>,
    /// Event time up to which a processor's tasks here are complete, as seconds since 1970.
    pub watermark: Family<StageLabel, FloatGauge>,
    /// Partitions that this instance owns.
    pub tasks: Family<StageLabel, Gauge>,
    /// States held in memory.
    pub states_loaded: Family<StageLabel, Gauge>,
    /// Timers that wait for their instant.
    pub timers_waiting: Family<StageLabel, Gauge>,
    /// States read back at the start, or when a partition came.
    pub states_restored: Family<StageLabel, Counter>,
    /// 1 while Redis answers, 0 while it does not.
    pub hot_states_available: Family<ServiceLabel, Gauge>,
    /// Requests answered, by route and status.
    pub http_requests: Family<RequestLabel, Counter>,
}

/// The names as they are exported, with unit and suffix.
pub const NAMES: &[&str] = &[
    "kefu_records_processed_total",
    "kefu_records_duplicate_total",
    "kefu_records_refused_total",
    "kefu_records_written_total",
    "kefu_timers_fired_total",
    "kefu_timer_faults_total",
    "kefu_timer_lateness_seconds",
    "kefu_commits_total",
    "kefu_commit_aborts_total",
    "kefu_commit_duration_seconds",
    "kefu_watermark_seconds",
    "kefu_tasks",
    "kefu_states_loaded",
    "kefu_timers_waiting",
    "kefu_states_restored_total",
    "kefu_hot_states_available",
    "kefu_http_requests_total",
];

/// From 1 ms to about 30 s.
fn seconds() -> Histogram {
    Histogram::new([0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("kefu");
        let seconds: fn() -> Histogram = seconds;
        let metrics = Self {
            registry: Arc::new(Registry::default()),
            records_processed: Family::default(),
            records_duplicate: Family::default(),
            records_refused: Family::default(),
            records_written: Family::default(),
            timers_fired: Family::default(),
            timer_faults: Family::default(),
            timer_lateness: Family::new_with_constructor(seconds),
            commits: Family::default(),
            commit_aborts: Family::default(),
            commit_duration: Family::new_with_constructor(seconds),
            watermark: Family::default(),
            tasks: Family::default(),
            states_loaded: Family::default(),
            timers_waiting: Family::default(),
            states_restored: Family::default(),
            hot_states_available: Family::default(),
            http_requests: Family::default(),
        };
        registry.register(
            "records_processed",
            "Records that changed state or led to others",
            metrics.records_processed.clone(),
        );
        registry.register("records_duplicate", "Records that had been seen before", metrics.records_duplicate.clone());
        registry.register(
            "records_refused",
            "Records that became dead letters, by rejection code",
            metrics.records_refused.clone(),
        );
        registry.register("records_written", "Records committed, by topic", metrics.records_written.clone());
        registry.register("timers_fired", "Timers that fired", metrics.timers_fired.clone());
        registry.register("timer_faults", "Timers that failed: a fault of kefu", metrics.timer_faults.clone());
        registry.register_with_unit(
            "timer_lateness",
            "Wall time from a timer's instant to its firing",
            Unit::Seconds,
            metrics.timer_lateness.clone(),
        );
        registry.register("commits", "Commits that went through", metrics.commits.clone());
        registry.register("commit_aborts", "Commits that were aborted and done again", metrics.commit_aborts.clone());
        registry.register_with_unit(
            "commit_duration",
            "Time of a commit",
            Unit::Seconds,
            metrics.commit_duration.clone(),
        );
        registry.register_with_unit(
            "watermark",
            "Event time up to which a processor's tasks here are complete, as seconds since 1970",
            Unit::Seconds,
            metrics.watermark.clone(),
        );
        registry.register("tasks", "Partitions that this instance owns", metrics.tasks.clone());
        registry.register("states_loaded", "States held in memory", metrics.states_loaded.clone());
        registry.register("timers_waiting", "Timers that wait for their instant", metrics.timers_waiting.clone());
        registry.register(
            "states_restored",
            "States read back at the start, or when a partition came",
            metrics.states_restored.clone(),
        );
        registry.register(
            "hot_states_available",
            "1 while Redis answers, 0 while it does not",
            metrics.hot_states_available.clone(),
        );
        registry.register("http_requests", "Requests answered, by route and status", metrics.http_requests.clone());
        Self { registry: Arc::new(registry), ..metrics }
    }
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
