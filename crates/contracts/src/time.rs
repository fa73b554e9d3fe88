//! Instants.
//!
//! Owns their three spellings: RFC 3339 UTC with milliseconds in JSON, `timestamp-millis` in Avro, a plain number in
//! stored state. Calendars and zones belong to `kefu-calendar`.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use apache_avro::schema::{Name, NamespaceRef, Schema};
use apache_avro::serde::AvroSchemaComponent;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::wire;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Before every instant that is met.
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    /// After every instant that is met.
    pub const MAX: Timestamp = Timestamp(i64::MAX);

    /// The instant `ms` milliseconds after the Unix epoch.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// The instant `ms` milliseconds later (earlier if negative), held at the ends of the range.
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant, held at the ends of the range.
    pub const fn ms_since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{instant:.3}"),
            Err(_) => write!(f, "{} ms since 1970", self.0),
        }
    }
}

/// The text is no RFC 3339 instant.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is no instant: {cause}; write it as 2026-03-02T09:00:00.000Z or with an offset")]
pub struct BadTimestamp {
    text: String,
    cause: jiff::Error,
}

impl FromStr for Timestamp {
    type Err = BadTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<jiff::Timestamp>() {
            Ok(instant) => Ok(Self(instant.as_millisecond())),
            Err(cause) => Err(BadTimestamp { text: text.chars().take(64).collect(), cause }),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() && !wire::is_avro() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() && !wire::is_avro() {
            deserializer.deserialize_str(TextVisitor)
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

struct TextVisitor;

impl de::Visitor<'_> for TextVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 instant")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse().map_err(E::custom)
    }
}

impl AvroSchemaComponent for Timestamp {
    fn get_schema_in_ctxt(_: &mut HashSet<Name>, _: NamespaceRef<'_>) -> Schema {
        Schema::TimestampMillis
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_rfc3339_utc_with_milliseconds() {
        let at: Timestamp = serde_json::from_str("\"2026-03-02T09:00:00+08:00\"").unwrap();
        assert_eq!(serde_json::to_string(&at).unwrap(), "\"2026-03-02T01:00:00.000Z\"");
    }

    #[test]
    fn stored_state_holds_the_number() {
        let at = Timestamp::from_ms(1_772_413_200_123);
        let bytes = postcard::to_allocvec(&at).unwrap();
        assert_eq!(postcard::from_bytes::<Timestamp>(&bytes).unwrap(), at);
    }

    #[test]
    fn a_bad_instant_says_what_to_write() {
        let error = "yesterday".parse::<Timestamp>().unwrap_err().to_string();
        assert!(error.contains("`yesterday` is no instant") && error.contains("2026-03-02T09:00:00.000Z"), "{error}");
    }
}
