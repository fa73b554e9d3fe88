//! What happens to a clock.

use apache_avro::AvroSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::words;
use crate::{Metric, Timestamp};

words! {
    /// What happened to the clock.
    SlaEventKind {
        /// It began.
        Started = "started",
        /// It stopped running for a while.
        Paused = "paused",
        /// It runs again.
        Resumed = "resumed",
        /// Its due instant moved.
        DueChanged = "due_changed",
        /// A share of the target is used up.
        Warned = "warned",
        /// More than the target is used up.
        Breached = "breached",
        /// A breach proved wrong.
        BreachRetracted = "breach_retracted",
        /// It stopped in time.
        Met = "met",
        /// It stopped after its breach.
        EndedLate = "ended_late",
        /// It no longer counts.
        Cancelled = "cancelled",
    }
}

/// Something that happened to a clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct SlaEvent {
    /// The case.
    pub case_id: String,
    /// The shop.
    pub tenant: String,
    /// The clock, unique within the tenant.
    pub clock_id: String,
    /// What the clock measures.
    pub metric: Metric,
    /// What happened.
    pub event: SlaEventKind,
    /// When it happened.
    pub at: Timestamp,
    /// When the target is used up; absent while paused.
    pub due_at: Option<Timestamp>,
    /// Time used, in the clock's calendar and outside its pauses, in milliseconds.
    pub elapsed_ms: i64,
    /// Time allowed, in milliseconds; absent for a promise, which has only an instant.
    pub target_ms: Option<i64>,
    /// Name of the rule in the policy.
    pub policy: String,
    /// The policy's version.
    pub policy_version: i64,
    /// Name of the calendar.
    pub calendar: String,
    /// The breach, of `breached`, `breach_retracted` and `ended_late`.
    pub breach_id: Option<String>,
    /// Why, where the event does not say it.
    pub reason: Option<String>,
}
