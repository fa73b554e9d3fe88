//! A tenant's policy on its topic. Its meaning, its defaults and its faults belong to `kefu-policy`.

use apache_avro::AvroSchema;
use serde::{Deserialize, Serialize};

use crate::{Json, Timestamp};

/// One version of a tenant's policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[serde(rename = "Policy")]
#[avro(namespace = "kefu.v1")]
pub struct PolicyRecord {
    /// The shop.
    pub tenant: String,
    /// The version.
    pub version: i64,
    /// From when it is in force; always, if absent.
    pub effective_from: Option<Timestamp>,
    /// The whole document.
    pub document: Json,
}
