//! Surveys and follow-ups as they stand.

use apache_avro::AvroSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::words;
use crate::{Channel, Language, Timestamp};

words! {
    /// Where a survey stands.
    SurveyState {
        /// The customer was asked.
        Invited = "invited",
        /// The customer answered.
        Answered = "answered",
        /// The customer did not answer in time.
        Expired = "expired",
        /// The customer was not asked.
        Suppressed = "suppressed",
        /// The case was reopened before an answer.
        Cancelled = "cancelled",
    }
}

/// A survey after a resolution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Survey {
    /// The survey, unique within the tenant.
    pub survey_id: String,
    /// The shop.
    pub tenant: String,
    /// The case.
    pub case_id: String,
    /// Which resolution of the case, from 1.
    pub resolution_no: i64,
    /// Where it stands.
    pub state: SurveyState,
    /// Why it was suppressed or cancelled.
    pub reason: Option<String>,
    /// The channel it goes out on.
    pub channel: Channel,
    /// The language it is in.
    pub language: Language,
    /// When the customer was asked, or would have been.
    pub invited_at: Timestamp,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// 5 (very satisfied) to 1 (very dissatisfied).
    pub score: Option<i64>,
    /// Whether the customer's problem is solved.
    pub solved: Option<bool>,
    /// Factors, the most important first.
    pub ranking: Option<Vec<String>>,
    /// What else the customer said.
    pub comment: Option<String>,
    /// Counts the changes of this snapshot.
    pub revision: i64,
}

words! {
    /// What a follow-up is for.
    FollowUpKind {
        /// A visit or call after a case, or to an important customer.
        Visit = "visit",
        /// A review of a case with a low score.
        Review = "review",
        /// A message after a purchase.
        Care = "care",
        /// Thanks to a loyal customer.
        Reward = "reward",
        /// An answer to a suggestion.
        Suggestion = "suggestion",
    }
}

words! {
    /// Where a follow-up stands.
    FollowUpState {
        /// It is to be done.
        Due = "due",
        /// It was done.
        Done = "done",
        /// It was not done in time.
        Missed = "missed",
        /// It is no longer needed.
        Cancelled = "cancelled",
    }
}

/// A measure that a review decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Measure {
    /// What is to be done.
    pub text: String,
    /// By whom.
    pub owner: String,
    /// Until when.
    pub due_at: Timestamp,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// What it brought.
    pub effect: Option<String>,
}

/// Something to be done after a case, a purchase or a suggestion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct FollowUp {
    /// The follow-up, unique within the tenant.
    pub follow_up_id: String,
    /// The shop.
    pub tenant: String,
    /// What it is for.
    pub kind: FollowUpKind,
    /// The case concerned.
    pub case_id: Option<String>,
    /// The customer concerned.
    pub customer_id: Option<String>,
    /// Who does it.
    pub owner: Option<String>,
    /// Until when.
    pub due_at: Timestamp,
    /// Where it stands.
    pub state: FollowUpState,
    /// What came of it.
    pub outcome: Option<String>,
    /// What a review found.
    pub findings: Option<String>,
    /// What a review decided.
    pub measures: Option<Vec<Measure>>,
    /// Counts the changes of this snapshot.
    pub revision: i64,
}
