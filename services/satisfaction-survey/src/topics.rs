//! The topics on which the service moves records to another key.

use kefu_contracts::Topic;
use kefu_contracts::partition::PartitionBy;

use crate::domain::follow_up_cause::FollowUpCause;
use crate::domain::news::{CustomerNews, SurveyNews};

/// What cases say of their customers; the key is `tenant/customer_id`.
pub const CANDIDATES: Topic<CustomerNews> =
    Topic::repartition("satisfaction-survey.candidates.repartition", PartitionBy::Key);

/// What was decided about surveys; the key is `tenant/survey_id`.
pub const INVITATIONS: Topic<SurveyNews> =
    Topic::repartition("satisfaction-survey.invitations.repartition", PartitionBy::Key);

/// Why follow-ups are to be done, or no longer; the key is `tenant/follow_up_id`.
pub const FOLLOW_UP_CAUSES: Topic<FollowUpCause> =
    Topic::repartition("satisfaction-survey.follow-ups.repartition", PartitionBy::Key);
