//! What the classifier says of a case.

use apache_avro::AvroSchema;
use serde::{Deserialize, Serialize};

use crate::{Category, Language, Priority, Severity, Subtype, Timestamp};

/// Another category that was possible.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Alternative {
    /// The category.
    pub category: Category,
    /// The subtype.
    pub subtype: Subtype,
    /// How sure, 0 to 1.
    pub confidence: f64,
}

/// A fact found in a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct ExtractedFact {
    /// `order_id`, `amount`, `time`, `phone`, `email`.
    pub kind: String,
    /// The value, written uniformly; masked where it is personal.
    pub value: String,
    /// Where it starts, in Unicode scalar values from the text's start.
    pub start: i64,
    /// Where it ends, exclusive.
    pub end: i64,
}

/// The classifier's verdict on a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Classification {
    /// The case.
    pub case_id: String,
    /// The shop.
    pub tenant: String,
    /// The instant of the message that caused it.
    pub at: Timestamp,
    /// The category; absent if there was no text.
    pub category: Option<Category>,
    /// The subtype; absent if there was no text.
    pub subtype: Option<Subtype>,
    /// How sure, 0 to 1.
    pub confidence: f64,
    /// What else it could be, the likeliest first.
    pub alternatives: Vec<Alternative>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// What follows for the order of work.
    pub priority: Priority,
    /// The mood, -1 to 1.
    pub sentiment: f64,
    /// The text's language.
    pub language: Language,
    /// What was found in the text.
    pub facts: Vec<ExtractedFact>,
    /// Names of the rules that spoke.
    pub rules: Vec<String>,
    /// The model's version.
    pub model_version: String,
    /// Counts the verdicts on this case.
    pub revision: i64,
}
