//! Rows of key figures, and issues that stand out.

use std::collections::{BTreeMap, HashSet};

use apache_avro::AvroSchema;
use apache_avro::schema::{Name, NamespaceRef, Schema, UnionSchema};
use apache_avro::serde::AvroSchemaComponent;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::channel_event::string_map;

/// A distribution of durations; relative error at most 1 %.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Distribution {
    /// How many values.
    pub count: i64,
    /// Their exact sum.
    pub sum: i64,
    /// The smallest, within the error.
    pub min: f64,
    /// The largest, within the error.
    pub max: f64,
    /// The median, within the error.
    pub p50: f64,
    /// The 90th percentile, within the error.
    pub p90: f64,
    /// The 95th percentile, within the error.
    pub p95: f64,
    /// The 99th percentile, within the error.
    pub p99: f64,
    /// The counts by bucket, mergeable across rows: `index:count` joined by blanks; see the KPI documentation.
    pub sketch: String,
}

/// The value of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MetricValue {
    /// A count, a sum or a rate.
    Number(f64),
    /// A distribution.
    Distribution(Distribution),
}

/// A row of key figures for one window and one set of dimensions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct KpiRow {
    /// The shop.
    pub tenant: String,
    /// The window's first instant.
    pub window_start: Timestamp,
    /// The first instant after the window.
    pub window_end: Timestamp,
    /// ISO 8601: `PT1M`, `PT1H`, `P1D`, `P1W`, `P1M` or `P3M`.
    pub size: String,
    /// The dimensions' values.
    #[serde(default)]
    #[avro(with = string_map, default = "{}")]
    pub dimensions: BTreeMap<String, String>,
    /// Counts the changes of this row.
    pub revision: i64,
    /// Whether it will change no more.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Version of the metrics' definitions.
    pub definitions: i64,
    /// The values; null for an empty distribution or a rate over nothing.
    #[avro(with = metrics_map)]
    pub metrics: BTreeMap<String, Option<MetricValue>>,
}

/// An issue that comes up more often than expected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct HotIssue {
    /// The shop.
    pub tenant: String,
    /// The window's first instant.
    pub window_start: Timestamp,
    /// ISO 8601.
    pub size: String,
    /// What comes up.
    pub issue: String,
    /// 1 for the hottest.
    pub rank: i64,
    /// How often it came up.
    pub count: i64,
    /// How often it was to be expected.
    pub expected: f64,
    /// How far above the expectation.
    pub score: f64,
    /// Subtypes concerned.
    pub subtypes: Vec<String>,
    /// Examples, with personal data masked.
    pub examples: Vec<String>,
    /// Counts the changes of this snapshot.
    pub revision: i64,
    /// Whether it will change no more.
    #[serde(rename = "final")]
    pub is_final: bool,
}

fn metrics_map(names: &mut HashSet<Name>, namespace: NamespaceRef<'_>) -> Schema {
    let distribution = Distribution::get_schema_in_ctxt(names, namespace);
    let mut value = UnionSchema::builder();
    for branch in [Schema::Null, Schema::Double, distribution] {
        // the three branches differ in kind, which is the only thing a union asks of them
        value.variant(branch).ok();
    }
    Schema::map(Schema::Union(value.build())).build()
}
