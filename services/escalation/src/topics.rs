//! What moves between the processors of this service.

use kefu_contracts::partition::PartitionBy;
use kefu_contracts::{Language, Topic};
use serde::{Deserialize, Serialize};

use crate::domain::notice::Notice;

/// To a member of staff, who is told of an escalation; the key is `tenant/staff/<id>`.
pub const NOTICES: Topic<StaffNotice> = Topic::repartition("escalation.notices.repartition", PartitionBy::Key);

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
