//! The wire formats: Avro's single-object encoding, and Confluent's framing when a schema registry is used.
//!
//! A writer uses one of them, a reader accepts both. Asking a registry is I/O and belongs to the runtime; this module
//! holds what the runtime learnt.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use apache_avro::AvroSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_avro_fast::Schema;
use serde_avro_fast::ser::SerializerConfig;

use crate::{Timestamp, wire};

const SINGLE_OBJECT: [u8; 2] = [0xc3, 0x01];
const CONFLUENT: u8 = 0;

/// A record of a public topic.
pub trait AvroRecord: Serialize + DeserializeOwned + AvroSchema + 'static {
    /// The record's name without its namespace.
    const NAME: &'static str;
    /// Where the schema is, from the repository's root.
    const PATH: &'static str;

    /// The schema it is written with.
    fn schema() -> &'static Schema;

    /// When what it tells of happened; none for a snapshot, which tells of many things.
    fn event_time(&self) -> Option<Timestamp>;

    /// Runs `work` with this thread's serializer buffers.
    fn with_serializer<R>(work: impl FnOnce(&mut SerializerConfig<'static>) -> R) -> R;
}

/// Implements [`AvroRecord`] with the committed schema.
macro_rules! avro_record {
    ($type:ty, $name:literal, $writer:literal $(, $at:ident)?) => {
        impl $crate::codec::AvroRecord for $type {
            const NAME: &'static str = $name;
            const PATH: &'static str = concat!("schemas/", $writer, "/", $name, ".avsc");

            fn schema() -> &'static serde_avro_fast::Schema {
                static SCHEMA: std::sync::LazyLock<serde_avro_fast::Schema> = std::sync::LazyLock::new(|| {
                    $crate::codec::parse_own(
                        $name,
                        include_str!(concat!("../../../schemas/", $writer, "/", $name, ".avsc")),
                    )
                });
                &SCHEMA
            }

            fn event_time(&self) -> Option<$crate::Timestamp> {
                $crate::codec::first([$(Some(self.$at),)? None].as_slice())
            }

            fn with_serializer<R>(work: impl FnOnce(&mut serde_avro_fast::ser::SerializerConfig<'static>) -> R) -> R {
                use serde_avro_fast::ser::SerializerConfig;
                thread_local! {
                    static CONFIG: std::cell::RefCell<SerializerConfig<'static>> =
                        std::cell::RefCell::new(SerializerConfig::new(<$type>::schema()));
                }
                CONFIG.with(|config| work(&mut config.borrow_mut()))
            }
        }
    };
}
pub(crate) use avro_record;

/// The first of what may be one instant.
pub(crate) fn first(instants: &[Option<Timestamp>]) -> Option<Timestamp> {
    instants.first().copied().flatten()
}

/// Parses a schema that is part of this crate.
pub(crate) fn parse_own(name: &str, json: &str) -> Schema {
    #[expect(clippy::panic, reason = "the file is compiled in; a test parses each of them")]
    json.parse().unwrap_or_else(|error| panic!("the committed schema of {name} does not parse: {error}"))
}

/// A payload that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The payload ends before its header.
    #[error("the payload has {0} bytes, too few for a header")]
    TooShort(usize),
    /// Neither of the two formats.
    #[error("the payload starts with byte {0:#04x}: neither Avro single-object nor Confluent framing")]
    UnknownFraming(u8),
    /// The writer's schema is not known.
    #[error("unknown schema {0}; register it, or configure the registry it is in")]
    UnknownSchema(SchemaRef),
    /// The payload does not fit its schema, or the schema does not fit the record.
    #[error("the payload is no {record}: {cause}")]
    Malformed {
        /// The record wanted.
        record: &'static str,
        /// What was wrong.
        cause: String,
    },
}

/// How a payload names its writer's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SchemaRef {
    /// The 64-bit Rabin fingerprint of its canonical form.
    Fingerprint([u8; 8]),
    /// Its id in the registry.
    Id(u32),
}

impl std::fmt::Display for SchemaRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SchemaRef::Fingerprint(bytes) => write!(f, "with fingerprint {:016x}", u64::from_le_bytes(*bytes)),
            SchemaRef::Id(id) => write!(f, "with registry id {id}"),
        }
    }
}

/// A value that does not fit its own schema: a fault of this project.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a {record} cannot be written: {cause}")]
pub struct EncodeError {
    record: &'static str,
    cause: String,
}

impl EncodeError {
    pub(crate) fn new(record: &'static str, cause: &dyn std::fmt::Display) -> Self {
        Self { record, cause: cause.to_string() }
    }
}

/// Writes and reads payloads. Cheap to clone; clones share what was learnt.
#[derive(Clone, Debug, Default)]
pub struct Codec {
    registered: Arc<HashMap<&'static str, u32>>,
    foreign: Arc<RwLock<HashMap<SchemaRef, Arc<Schema>>>>,
}

impl Codec {
    /// A codec that writes single-object encoding.
    pub fn single_object() -> Self {
        Self::default()
    }

    /// A codec that writes Confluent framing with the registry's ids, by record name.
    pub fn confluent(ids: HashMap<&'static str, u32>) -> Self {
        Self { registered: Arc::new(ids), foreign: Arc::default() }
    }

    /// Remembers a schema that other writers use.
    ///
    /// # Errors
    /// If `json` is no Avro schema.
    pub fn learn(&self, reference: SchemaRef, json: &str) -> Result<(), String> {
        let schema: Schema = json.parse().map_err(|error| format!("{error}"))?;
        let mut foreign = self.foreign.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        foreign.insert(reference, Arc::new(schema));
        Ok(())
    }

    /// Appends `value` with its header to `buffer`.
    ///
    /// # Errors
    /// If the value does not fit its schema; `buffer` may then hold a part of it.
    pub fn encode<T: AvroRecord>(&self, value: &T, buffer: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self.registered.get(T::NAME) {
            Some(id) => {
                buffer.push(CONFLUENT);
                buffer.extend_from_slice(&id.to_be_bytes());
            }
            None => {
                buffer.extend_from_slice(&SINGLE_OBJECT);
                buffer.extend_from_slice(T::schema().rabin_fingerprint());
            }
        }
        let written =
            wire::as_avro(|| T::with_serializer(|config| serde_avro_fast::to_datum(value, &mut *buffer, config)));
        written.map(|_| ()).map_err(|error| EncodeError::new(T::NAME, &error))
    }

    /// Reads a payload of either format.
    ///
    /// # Errors
    /// If the framing, the schema or the content is not what a `T` needs.
    pub fn decode<T: AvroRecord>(&self, payload: &[u8]) -> Result<T, DecodeError> {
        let (reference, datum) = split(payload)?;
        if matches!(reference, SchemaRef::Fingerprint(print) if print == *T::schema().rabin_fingerprint())
            || matches!(reference, SchemaRef::Id(id) if self.registered.get(T::NAME) == Some(&id))
        {
            return read(datum, T::schema());
        }
        let foreign = self.foreign.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(&reference).cloned();
        match foreign {
            Some(schema) => read(datum, &schema),
            None => Err(DecodeError::UnknownSchema(reference)),
        }
    }
}

fn read<T: AvroRecord>(datum: &[u8], schema: &Schema) -> Result<T, DecodeError> {
    wire::as_avro(|| serde_avro_fast::from_datum_slice(datum, schema))
        .map_err(|error| DecodeError::Malformed { record: T::NAME, cause: error.to_string() })
}

/// Splits a payload into the name of its schema and its content.
fn split(payload: &[u8]) -> Result<(SchemaRef, &[u8]), DecodeError> {
    match payload {
        [0xc3, 0x01, rest @ ..] => match rest.split_first_chunk::<8>() {
            Some((print, datum)) => Ok((SchemaRef::Fingerprint(*print), datum)),
            None => Err(DecodeError::TooShort(payload.len())),
        },
        [CONFLUENT, rest @ ..] => match rest.split_first_chunk::<4>() {
            Some((id, datum)) => Ok((SchemaRef::Id(u32::from_be_bytes(*id)), datum)),
            None => Err(DecodeError::TooShort(payload.len())),
        },
        [] => Err(DecodeError::TooShort(0)),
        [other, ..] => Err(DecodeError::UnknownFraming(*other)),
    }
}
