//! An escalation as it stands.

use apache_avro::AvroSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::words;
use crate::{Metric, Timestamp};

words! {
    /// Why an escalation was raised.
    EscalationReason {
        /// A clock was breached.
        SlaBreach = "sla_breach",
        /// The case is severe.
        Severity = "severity",
        /// The case needs somebody else.
        Complexity = "complexity",
        /// The customer asked for it.
        CustomerRequest = "customer_request",
        /// A regulator forwarded it.
        Regulator = "regulator",
        /// An order makes no progress.
        StuckOrder = "stuck_order",
        /// A handover is late or was skipped.
        Handover = "handover",
        /// A survey's score is low.
        LowScore = "low_score",
        /// A follow-up was not made.
        MissedFollowUp = "missed_follow_up",
    }
}

words! {
    /// Where an escalation stands.
    EscalationState {
        /// Somebody was told.
        Raised = "raised",
        /// Somebody took it.
        Acknowledged = "acknowledged",
        /// The case was answered.
        Resolved = "resolved",
        /// A person took it back, or what led to it turned out not to be so.
        Cancelled = "cancelled",
    }
}

impl EscalationState {
    /// Whether it has not ended yet.
    pub fn is_open(self) -> bool {
        matches!(self, EscalationState::Raised | EscalationState::Acknowledged)
    }
}

/// An escalation as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Escalation {
    /// The escalation, unique within the tenant.
    pub escalation_id: String,
    /// The shop.
    pub tenant: String,
    /// The case, if there is one.
    pub case_id: Option<String>,
    /// The step of the chain, from 1.
    pub level: i64,
    /// Who was told: a role of the policy, or a person.
    pub to: String,
    /// Why.
    pub reason: EscalationReason,
    /// Where it stands.
    pub state: EscalationState,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// The breached clock's metric.
    pub metric: Option<Metric>,
    /// When the clock was due.
    pub due_at: Option<Timestamp>,
    /// The breach that led to it.
    pub breach_id: Option<String>,
    /// Counts the changes of this snapshot.
    pub revision: i64,
}
