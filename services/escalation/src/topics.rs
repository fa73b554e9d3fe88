//! What moves between the processors of this service.

use kefu_contracts::command::Command;
use kefu_contracts::partition::PartitionBy;
use kefu_contracts::{Channel, Language, Topic};
use serde::{Deserialize, Serialize};

use crate::domain::after_sales::Request;
use crate::domain::notice::Notice;

/// To a member of staff, who is told of an escalation; the key is `tenant/staff/<id>`.
pub const NOTICES: Topic<StaffNotice> = Topic::repartition("escalation.notices.repartition", PartitionBy::Key);

/// An after-sales request, to the order that it is about; the key is `tenant/order_id`.
pub const CLAIMS: Topic<Claim> = Topic::repartition("escalation.claims.repartition", PartitionBy::Key);

/// What somebody wants done, to the case that decides it; the key is `tenant/case_id`.
pub const REQUESTS: Topic<Command> = Topic::repartition("escalation.requests.repartition", PartitionBy::Conversation);

/// An after-sales request on its way to its order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The event that asked.
    pub cause_id: String,
    /// The case in which it was asked.
    pub case_id: String,
    /// Where the case came in.
    pub channel: Channel,
    /// The order.
    pub order_id: String,
    /// What is asked for.
    pub request: Request,
}

/// A notice on its way to its recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffNotice {
    /// What to tell.
    pub notice: Notice,
    /// `agent`, `supervisor` or `role`.
    pub recipient_kind: String,
    /// The language the recipient reads.
    pub language: Language,
}
