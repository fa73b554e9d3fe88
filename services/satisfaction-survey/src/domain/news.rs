//! What travels between the processors of the service.

use serde::{Deserialize, Serialize};

use super::care::{Care, Contact};
use super::importance::Standing;
use super::resolution::{Candidate, Suppression};

/// What a case says of its customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CustomerNews {
    /// A survey may be sent, or what is known of it changed.
    Candidate(Version, Box<Candidate>),
    /// A survey is not to be thought of any more.
    Gone {
        /// Counts what the case said of surveys.
        version: Version,
        /// The survey as it was.
        candidate: Box<Candidate>,
        /// Whether it is now another customer's.
        moved: bool,
    },
    /// How important the customer is.
    Standing(Standing),
    /// How the customer can be reached; none if the case is another's.
    Contact(String, Option<Contact>),
    /// An order was delivered.
    Care(Care),
}

/// Counts what a case said; later news of a survey have higher numbers, whichever way they went.
pub type Version = u64;

/// What was decided about a survey.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurveyNews {
    /// Counts what the case said of surveys.
    pub version: Version,
    /// What it is about.
    pub candidate: Box<Candidate>,
    /// The decision.
    pub decision: Decision,
}

/// Whether a customer is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// Yes.
    Invite,
    /// No.
    Suppress(Suppression),
    /// There was no end of service after all.
    Withdraw,
}
