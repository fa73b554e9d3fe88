//! What a case says of its customer's importance.

use kefu_contracts::Timestamp;
use serde::{Deserialize, Serialize};

use super::course::Course;
use super::party::Since;

/// What one case says of its customer's importance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The case.
    pub case_id: String,
    /// Whether the customer's rank is one that is visited from time to time, since when; none if no rank is known.
    pub vip: Option<Since<bool>>,
    /// Since when the case bears the mark of an important customer.
    pub important_since: Option<Timestamp>,
}

impl Standing {
    /// What `course` says; none if it says nothing.
    pub fn of(case_id: &str, course: &Course) -> Option<Self> {
        let standing = Self { case_id: case_id.to_owned(), vip: course.vip, important_since: course.important_since };
        (!standing.is_empty()).then_some(standing)
    }

    /// What a case says that says nothing any more.
    pub fn empty(case_id: &str) -> Self {
        Self { case_id: case_id.to_owned(), vip: None, important_since: None }
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.vip.is_none() && self.important_since.is_none()
    }
}
