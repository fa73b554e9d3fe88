//! A customer's file.

use apache_avro::AvroSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What is known of a customer across conversations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Customer {
    /// The customer.
    pub customer_id: String,
    /// The shop.
    pub tenant: String,
    /// The name last given.
    pub name: Option<String>,
    /// Telephone numbers given, the latest last.
    pub phones: Vec<String>,
    /// Mail addresses given, the latest last.
    pub emails: Vec<String>,
    /// The rank last given.
    pub tier: Option<String>,
    /// The language last given.
    pub locale: Option<String>,
    /// The customer's cases, by opening, the latest last.
    pub case_ids: Vec<String>,
    /// How many cases there were in all.
    pub cases: i64,
    /// When the customer was first heard of.
    pub first_seen_at: Timestamp,
    /// When the customer was last heard of.
    pub last_seen_at: Timestamp,
    /// Counts the changes of this snapshot.
    pub revision: i64,
}
