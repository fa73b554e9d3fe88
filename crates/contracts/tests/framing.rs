//! Both framings, and payloads that are none.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[allow(dead_code, reason = "reading is what the codec does here")]
mod peer;
mod records;
#[allow(dead_code, reason = "a few records of each kind are enough here")]
mod values;

use std::collections::HashMap;

use kefu_contracts::channel_event::ChannelEvent;
use kefu_contracts::codec::{AvroRecord, Codec, DecodeError, SchemaRef};
use proptest::collection::vec;
use proptest::prelude::*;
use records::{for_each_record, repository};
use values::Values;

fn id<T: AvroRecord>() -> (&'static str, u32) {
    (T::NAME, 0x0102_0300 + T::NAME.len() as u32)
}

fn confluent() -> Codec {
    Codec::confluent(HashMap::from(for_each_record!(id)))
}

fn schema_json<T: AvroRecord>() -> String {
    std::fs::read_to_string(repository().join(T::PATH)).unwrap()
}

/// A few records of type `T`, without a header.
fn data<T: AvroRecord>() -> Vec<Vec<u8>> {
    let schema = peer::schema(&schema_json::<T>());
    let mut values = Values::new(&schema, 2028);
    (0..20).map(|_| peer::write(&schema, &values.next())).collect()
}

/// The headers of both formats.
fn headers<T: AvroRecord>() -> [Vec<u8>; 2] {
    let single_object = [vec![0xc3, 0x01], T::schema().rabin_fingerprint().to_vec()].concat();
    [single_object, [vec![0], id::<T>().1.to_be_bytes().to_vec()].concat()]
}

fn encoded<T: AvroRecord>(codec: &Codec, record: &T) -> Vec<u8> {
    let mut buffer = Vec::new();
    codec.encode(record, &mut buffer).unwrap();
    buffer
}

/// The error that reading `payload` must end with.
fn refusal<T: AvroRecord>(codec: &Codec, payload: &[u8]) -> DecodeError {
    codec.decode::<T>(payload).err().unwrap_or_else(|| panic!("{} was read from {payload:?}", T::NAME))
}

#[test]
fn a_reader_accepts_both_formats_and_writes_its_own() {
    fn check<T: AvroRecord>() {
        let (own, other) = (confluent(), Codec::single_object());
        let [single_object, registered] = headers::<T>();
        for datum in data::<T>() {
            let record: T = own.decode(&[registered.clone(), datum.clone()].concat()).unwrap();
            assert_eq!(encoded(&own, &record), [registered.clone(), datum.clone()].concat(), "{}", T::NAME);
            let record: T = own.decode(&encoded(&other, &record)).unwrap();
            assert_eq!(encoded(&other, &record), [single_object.clone(), datum].concat(), "{}", T::NAME);
        }
    }
    for_each_record!(check);
}

#[test]
fn the_fingerprint_is_that_of_avros_canonical_form() {
    fn check<T: AvroRecord>() {
        let [single_object, _] = headers::<T>();
        assert_eq!(single_object, peer::single_object_header(&peer::schema(&schema_json::<T>())), "{}", T::NAME);
    }
    for_each_record!(check);
}

#[test]
fn an_unknown_schema_is_named_and_can_be_learnt() {
    let codec = Codec::single_object();
    let datum = &data::<ChannelEvent>()[0];
    let foreign = [vec![0, 0, 0, 0, 42], datum.clone()].concat();
    let error = refusal::<ChannelEvent>(&codec, &foreign);
    assert_eq!(error, DecodeError::UnknownSchema(SchemaRef::Id(42)));
    assert!(error.to_string().contains("registry id 42"), "{error}");

    let print = [1, 2, 3, 4, 5, 6, 7, 8];
    let unknown = [vec![0xc3, 0x01], print.to_vec(), datum.clone()].concat();
    let error = refusal::<ChannelEvent>(&codec, &unknown);
    assert_eq!(error, DecodeError::UnknownSchema(SchemaRef::Fingerprint(print)));
    assert!(error.to_string().contains("fingerprint 0807060504030201"), "{error}");

    codec.learn(SchemaRef::Id(42), &schema_json::<ChannelEvent>()).unwrap();
    codec.clone().learn(SchemaRef::Fingerprint(print), &schema_json::<ChannelEvent>()).unwrap();
    let learnt: ChannelEvent = codec.decode(&foreign).unwrap();
    assert_eq!(learnt, codec.decode(&unknown).unwrap());
    assert!(codec.learn(SchemaRef::Id(43), "{\"type\":\"no such\"}").is_err());
}

#[test]
fn a_schema_of_another_record_is_malformed() {
    let codec = confluent();
    codec
        .learn(SchemaRef::Id(42), r#"{"type":"record","name":"Other","fields":[{"name":"n","type":"long"}]}"#)
        .unwrap();
    let error = refusal::<ChannelEvent>(&codec, &[0, 0, 0, 0, 42, 2]);
    assert!(matches!(error, DecodeError::Malformed { record: "ChannelEvent", .. }), "{error}");
}

#[test]
fn payloads_too_short_or_of_another_format_are_told_apart() {
    let codec = confluent();
    for (payload, error) in [
        (&[] as &[u8], DecodeError::TooShort(0)),
        (&[0, 1, 2, 3], DecodeError::TooShort(4)),
        (&[0xc3, 1, 2, 3, 4, 5, 6, 7, 8], DecodeError::TooShort(9)),
        (&[0xc3], DecodeError::UnknownFraming(0xc3)),
        (b"{\"event_id\":\"e-1\"}", DecodeError::UnknownFraming(b'{')),
    ] {
        assert_eq!(refusal::<ChannelEvent>(&codec, payload), error, "{payload:?}");
    }
}

#[test]
fn a_truncated_payload_is_never_read() {
    fn check<T: AvroRecord>() {
        let codec = confluent();
        for header in headers::<T>() {
            for datum in data::<T>().iter().take(3) {
                let whole = [header.clone(), datum.clone()].concat();
                for length in 0..whole.len() {
                    refusal::<T>(&codec, &whole[..length]);
                }
            }
        }
    }
    for_each_record!(check);
}

/// Whatever can be read can be written and read again.
fn read_or_refuse<T: AvroRecord>(payload: &[u8]) {
    let codec = confluent();
    let Ok(record) = codec.decode::<T>(payload) else { return };
    let written = encoded(&codec, &record);
    let again: T = codec.decode(&written).unwrap();
    assert_eq!(encoded(&codec, &again), written, "{}", T::NAME);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..120)) {
        fn check<T: AvroRecord>(bytes: &[u8]) {
            read_or_refuse::<T>(bytes);
            for header in headers::<T>() {
                read_or_refuse::<T>(&[header, bytes.to_vec()].concat());
            }
        }
        check::<ChannelEvent>(&bytes);
        check::<kefu_contracts::case::Case>(&bytes);
        check::<kefu_contracts::kpi::KpiRow>(&bytes);
        check::<kefu_contracts::handover::Handover>(&bytes);
        check::<kefu_contracts::outbound::OutboundMessage>(&bytes);
    }

    #[test]
    fn changed_bytes_never_panic(at in any::<prop::sample::Index>(), bits in 1u8.., sample in 0usize..20) {
        fn check<T: AvroRecord>(at: prop::sample::Index, bits: u8, sample: usize) {
            for header in headers::<T>() {
                let mut payload = [header, data::<T>()[sample].clone()].concat();
                let at = at.index(payload.len());
                payload[at] ^= bits;
                read_or_refuse::<T>(&payload);
            }
        }
        check::<ChannelEvent>(at, bits, sample);
        check::<kefu_contracts::case_event::CaseEvent>(at, bits, sample);
        check::<kefu_contracts::kpi::KpiRow>(at, bits, sample);
    }
}
