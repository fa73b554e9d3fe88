//! What conversations say to each other about merged cases.
//!
//! A case goes into another in two steps, because the two may live on different partitions: the source asks, the target
//! accepts or refuses, and only then the source closes. From then on the source's conversation forwards what comes in.

use kefu_contracts::Timestamp;
use serde::{Deserialize, Serialize};

use super::input::Input;

/// Said from one conversation to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum MergeMessage {
    /// May `source_case_id` go into `target_case_id` at `at`?
    Asked {
        /// The case that goes.
        source_case_id: String,
        /// The case that takes it in.
        target_case_id: String,
        /// The input that asks.
        input: Box<Input>,
    },
    /// It may.
    Accepted {
        /// The case that goes.
        source_case_id: String,
    },
    /// It may not.
    Refused {
        /// The case that goes.
        source_case_id: String,
        /// Why not.
        reason: String,
    },
    /// An input of a conversation whose case went into `target_case_id`.
    Forwarded {
        /// The conversation it was sent to.
        origin: String,
        /// The case that takes it in.
        target_case_id: String,
        /// The input.
        input: Box<Input>,
    },
    /// The target does not live any more; the conversation it was sent to takes the input itself.
    Returned {
        /// The input.
        input: Box<Input>,
    },
}

/// Where a conversation's inputs go after its case was merged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forwarding {
    /// The case that takes them in.
    pub case_id: String,
    /// From when on.
    pub since: Timestamp,
}

/// The conversation of a case.
pub fn conversation_of(case_id: &str) -> &str {
    case_id.rsplit_once('#').map_or(case_id, |(conversation, _)| conversation)
}
