//! The Rust types and the committed schemas agree in both directions.
//!
//! The peer writes random values that kefu must read, and it reads what kefu writes.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod peer;
mod records;
mod values;

use kefu_contracts::codec::{AvroRecord, Codec};
use records::{for_each_record, repository};
use values::{ROUNDS, Values};

fn agrees<T: AvroRecord>() {
    let schema = peer::schema(&std::fs::read_to_string(repository().join(T::PATH)).unwrap());
    let header = peer::single_object_header(&schema);
    let codec = Codec::single_object();
    let mut values = Values::new(&schema, 2026);
    for _ in 0..ROUNDS {
        let value = values.next();
        let theirs = [header.clone(), peer::write(&schema, &value)].concat();

        let record: T = codec.decode(&theirs).unwrap_or_else(|error| panic!("{}: {error}\n{value:?}", T::NAME));
        let mut ours = Vec::new();
        codec.encode(&record, &mut ours).unwrap_or_else(|error| panic!("{error}\n{value:?}"));

        assert_eq!(ours, theirs, "{} is written otherwise\n{value:?}", T::NAME);
        let read = peer::read(&schema, &schema, &ours[header.len()..]);
        assert_eq!(read, value, "{} is read otherwise", T::NAME);
    }
    assert_eq!(values.never_taken(), Vec::<String>::new(), "{} was not tried in full", T::NAME);
}

#[test]
fn types_and_schemas_agree_in_both_directions() {
    for_each_record!(agrees);
}
