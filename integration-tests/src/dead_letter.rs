//! Dead letters as an operator exports them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// The topics that services read, past every API, and which services these are, by name.
pub const READERS: [(&str, &[&str]); 7] = [
    ("order-events", &["escalation", "intake", "satisfaction-survey"]),
    ("commands", &["classifier", "escalation", "handover", "intake", "satisfaction-survey"]),
    ("case-events", &["classifier", "escalation", "handover", "kpi-aggregator", "satisfaction-survey"]),
    ("classifications", &["intake"]),
    ("sla-events", &["kpi-aggregator"]),
    ("surveys", &["kpi-aggregator"]),
    ("handovers", &["kpi-aggregator"]),
];

/// A record that could not be processed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeadLetter {
    /// The key as received; bytes that are no UTF-8 are replaced.
    pub key: String,
    /// The original bytes.
    pub value: Vec<u8>,
    headers: BTreeMap<String, String>,
}

impl DeadLetter {
    /// Reads a line of the exported topic.
    pub fn read(line: &Value) -> Self {
        let value = line["value"]["value"].as_str().unwrap_or_default();
        let value = STANDARD.decode(value).unwrap_or_else(|error| panic!("{line}: {error}"));
        let headers = line["value"]["headers"].as_object().cloned().unwrap_or_default();
        let headers = headers.into_iter().map(|(name, value)| (name, value.as_str().unwrap_or_default().to_owned()));
        Self { key: line["key"].as_str().unwrap_or_default().to_owned(), value, headers: headers.collect() }
    }

    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Why it was refused.
    pub fn code(&self) -> &str {
        self.header("code")
    }

    /// The topic it came from, without prefix.
    pub fn topic(&self) -> &str {
        let full = self.header("source-topic");
        full.split_once('.').map_or(full, |(_, name)| name)
    }

    /// The offset it came from; none if the header is no number.
    pub fn offset(&self) -> Option<i64> {
        self.header("source-offset").parse().ok()
    }
}
