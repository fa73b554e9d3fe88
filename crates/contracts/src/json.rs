//! Free-form data inside a typed record: a command's body, an answer, a policy document.
//!
//! In JSON it stands as it is; in Avro and in stored state it is a string of JSON text.

use std::collections::HashSet;

use apache_avro::schema::{Name, NamespaceRef, Schema};
use apache_avro::serde::AvroSchemaComponent;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use crate::wire;

/// Any JSON value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Json(pub serde_json::Value);

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() && !wire::is_avro() {
            return self.0.serialize(serializer);
        }
        let text = serde_json::to_string(&self.0).map_err(ser::Error::custom)?;
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() && !wire::is_avro() {
            return serde_json::Value::deserialize(deserializer).map(Self);
        }
        let text = String::deserialize(deserializer)?;
        serde_json::from_str(&text).map(Self).map_err(de::Error::custom)
    }
}

impl AvroSchemaComponent for Json {
    fn get_schema_in_ctxt(_: &mut HashSet<Name>, _: NamespaceRef<'_>) -> Schema {
        Schema::String
    }
}
