//! What was written with the released schemas, or an older one, can still be read.
//!
//! `schemas/README.md` tells what may change and how a schema is released.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod peer;
mod records;
mod values;

use std::collections::BTreeSet;

use apache_avro::Schema;
use apache_avro::schema_compatibility::{Compatibility, SchemaCompatibility};
use kefu_contracts::codec::{AvroRecord, Codec, SchemaRef};
use records::{for_each_record, repository};
use serde_json::{Value as Json, json};
use values::{ROUNDS, Values};

/// A registry's id that no codec here writes with.
const FOREIGN_ID: u32 = 4711;

fn current<T: AvroRecord>() -> String {
    std::fs::read_to_string(repository().join(T::PATH)).unwrap()
}

fn released<T: AvroRecord>() -> String {
    let file = repository().join("schemas/released").join(format!("{}.avsc", T::NAME));
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// What a reader with `reader` cannot read of a writer with `writer`.
fn incompatible(writer: &Schema, reader: &Schema) -> Option<String> {
    match SchemaCompatibility::can_read(writer, reader) {
        Ok(Compatibility::Full) => None,
        Ok(Compatibility::Partial) => Some("some values cannot be read".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

fn reads_released<T: AvroRecord>() -> Option<String> {
    let cause = incompatible(&peer::schema(&released::<T>()), &peer::schema(&current::<T>()))?;
    Some(format!("{}: {cause}", T::NAME))
}

#[test]
fn schemas_are_backward_compatible_with_the_released_ones() {
    let broken: Vec<String> = for_each_record!(reads_released).into_iter().flatten().collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn each_record_has_a_released_schema_and_no_other_is_kept() {
    fn file<T: AvroRecord>() -> String {
        format!("{}.avsc", T::NAME)
    }
    let kept = std::fs::read_dir(repository().join("schemas/released")).unwrap();
    let kept: BTreeSet<String> = kept.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(kept, BTreeSet::from(for_each_record!(file)));
}

/// Reads random records of `older` as `T`: they must be what Avro's rules of resolution make of them.
fn reads_like_the_peer<T: AvroRecord>(older: &str) {
    let (older_schema, schema) = (peer::schema(older), peer::schema(&current::<T>()));
    let header = peer::single_object_header(&schema);
    let codec = Codec::single_object();
    codec.learn(SchemaRef::Id(FOREIGN_ID), older).unwrap();
    let mut values = Values::new(&older_schema, 2027);
    for _ in 0..ROUNDS {
        let value = values.next();
        let datum = peer::write(&older_schema, &value);
        let payload = [vec![0], FOREIGN_ID.to_be_bytes().to_vec(), datum.clone()].concat();
        let record: T = codec.decode(&payload).unwrap_or_else(|error| panic!("{}: {error}\n{value:?}", T::NAME));
        let mut ours = Vec::new();
        codec.encode(&record, &mut ours).unwrap();
        let expected = peer::read(&older_schema, &schema, &datum);
        assert_eq!(peer::read(&schema, &schema, &ours[header.len()..]), expected, "{}\n{value:?}", T::NAME);
    }
    assert_eq!(values.never_taken(), Vec::<String>::new(), "{} was not tried in full", T::NAME);
}

#[test]
fn records_written_with_the_released_schema_are_read() {
    fn check<T: AvroRecord>() {
        reads_like_the_peer::<T>(&released::<T>());
    }
    for_each_record!(check);
}

/// A field's default in the schema must be the one that the type takes when the field is not there.
#[test]
fn records_without_the_fields_that_have_a_default_are_read() {
    fn check<T: AvroRecord>() {
        let mut older: Json = serde_json::from_str(&current::<T>()).unwrap();
        drop_fields_with_default(&mut older);
        reads_like_the_peer::<T>(&older.to_string());
    }
    for_each_record!(check);
}

/// Drops fields that have a default, and nothing that a later field still refers to by name.
fn drop_fields_with_default(schema: &mut Json) {
    match schema {
        Json::Array(branches) => branches.iter_mut().for_each(drop_fields_with_default),
        Json::Object(parts) => {
            if let Some(Json::Array(fields)) = parts.get_mut("fields") {
                fields.retain(|field| field.get("default").is_none() || defines_a_name(field));
            }
            parts.values_mut().for_each(drop_fields_with_default);
        }
        _ => {}
    }
}

fn defines_a_name(schema: &Json) -> bool {
    match schema {
        Json::Array(parts) => parts.iter().any(defines_a_name),
        Json::Object(parts) => {
            parts.contains_key("symbols") || parts.contains_key("fields") || parts.values().any(defines_a_name)
        }
        _ => false,
    }
}

#[test]
fn incompatible_changes_are_noticed() {
    let change = |pointer: &str, to: Json| {
        let mut schema: Json = serde_json::from_str(&released::<kefu_contracts::case::Case>()).unwrap();
        *schema.pointer_mut(pointer).unwrap() = to;
        peer::schema(&schema.to_string())
    };
    let original = peer::schema(&released::<kefu_contracts::case::Case>());
    // fields 0, 3 and 5 are `case_id`, `channel` and `revision`
    for (what, changed, readable) in [
        ("nothing", change("/fields/5/doc", json!("other words")), true),
        ("a wider type", change("/fields/5/type", json!("double")), true),
        ("a new field without a default", change("/fields/0", json!({"name": "brand", "type": "string"})), false),
        ("another type", change("/fields/5/type", json!("string")), false),
        ("a word taken out", change("/fields/3/type/symbols", json!(["chat", "phone"])), false),
    ] {
        assert_eq!(incompatible(&original, &changed).is_none(), readable, "{what}");
    }
}
