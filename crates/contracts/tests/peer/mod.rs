//! The other side of the wire: apache-avro, which knows the schemas and nothing of the Rust types.

use apache_avro::Schema;
use apache_avro::headers::{HeaderBuilder, RabinFingerprintHeader};
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;

/// Parses a schema.
pub(crate) fn schema(json: &str) -> Schema {
    Schema::parse_str(json).unwrap_or_else(|error| panic!("{error}\n{json}"))
}

/// The header of single-object encoding.
///
/// Avro's canonical form spells a primitive type by its name alone, also where a logical type stood; apache-avro 0.22
/// leaves `{"type":"long"}` there, which gives another fingerprint than Java's library and the specification.
pub(crate) fn single_object_header(schema: &Schema) -> Vec<u8> {
    let canonical = schema.canonical_form().replace(r#"{"type":"long"}"#, r#""long""#);
    RabinFingerprintHeader::from_schema(&Schema::parse_str(&canonical).unwrap()).build_header()
}

/// Writes a value without a header.
pub(crate) fn write(schema: &Schema, value: &Value) -> Vec<u8> {
    let mut datum = Vec::new();
    let writer = GenericDatumWriter::builder(schema).build().unwrap();
    writer.write_value_ref(&mut datum, value).unwrap();
    datum
}

/// Reads a value without a header, as a program with the schema `reader` sees it.
pub(crate) fn read(writer: &Schema, reader: &Schema, mut datum: &[u8]) -> Value {
    let resolving = GenericDatumReader::builder(writer).reader_schema(reader).build().unwrap();
    let value = resolving.read_value(&mut datum).unwrap();
    assert!(datum.is_empty(), "{} bytes are left over", datum.len());
    value
}
