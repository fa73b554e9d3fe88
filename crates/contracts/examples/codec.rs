//! Prints what writing and reading a typical record costs with kefu's codec and with the other ways to do it.
//!
//! `cargo run --release -p kefu-contracts --example codec`
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark reads a clock and prints")]

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use apache_avro::schema::Schema;
use apache_avro::{
    GenericSingleObjectReader, GenericSingleObjectWriter, SpecificSingleObjectReader, SpecificSingleObjectWriter,
};
use kefu_contracts::case::Case;
use kefu_contracts::channel_event::ChannelEvent;
use kefu_contracts::codec::{AvroRecord, Codec};

/// Few, so that a round mostly ends before another program gets the core.
const RECORDS: u32 = 20;
/// The ways are measured in turn, so that whatever else the machine does meets them all alike.
const ROUNDS: usize = 2001;

const CHANNEL_EVENT: &str = r#"{"event_id":"e-20260302-000001","tenant":"demo","conversation_id":"c-1",
    "channel":"chat","occurred_at":"2026-03-02T01:00:00.000Z","type":"message",
    "actor":{"kind":"customer","id":"u-9","name":"王小明"},"data":{"text":"衣服收到有破洞,訂單 A1001,我要退貨"},
    "customer":{"id":"u-9","name":"王小明","phone":"13800138000","email":null,"tier":"vip","locale":"zh-Hans"},
    "order_ids":["A1001"],"attributes":{"shop":"s1"}}"#;

const CASE: &str = r#"{"case_id":"c-1#1","tenant":"demo","conversation_id":"c-1","channel":"chat","status":"resolved",
    "revision":9,"customer":{"id":"u-9","name":"王小明","phone":"13800138000","tier":"vip","locale":"zh-Hans"},
    "order_ids":["A1001"],"category":"after_sales","subtype":"return","severity":"minor","priority":"high",
    "sentiment":-0.4,"language":"zh-Hant","confidence":0.93,"assignee":"a-1","team":"after_sales",
    "department":"warehouse","flags":["important"],"missing_fields":[],"opened_at":"2026-03-02T01:00:00.000Z",
    "acknowledged_at":"2026-03-02T01:00:02.000Z","first_reply_at":"2026-03-02T01:03:10.000Z",
    "last_customer_message_at":"2026-03-02T01:20:00.000Z","last_agent_message_at":"2026-03-02T01:22:00.000Z",
    "resolved_at":"2026-03-02T01:40:00.000Z","reopen_count":0,"customer_messages":3,"agent_messages":2,
    "auto_answered":false,"summary":"換貨已寄出","attributes":{"shop":"s1"}}"#;

type Write<'a, T> = Box<dyn FnMut(&T, &mut Vec<u8>) -> Result<(), Box<dyn Error>> + 'a>;
type Read<'a, T> = Box<dyn FnMut(&[u8]) -> Result<T, Box<dyn Error>> + 'a>;

/// One way to write and read a `T`.
struct Way<'a, T> {
    name: &'static str,
    write: Write<'a, T>,
    read: Read<'a, T>,
}

fn main() -> Result<(), Box<dyn Error>> {
    // so that apache-avro gets instants as numbers; kefu's codec does not look at it
    apache_avro::util::set_serde_human_readable(false);
    measure::<ChannelEvent>(CHANNEL_EVENT)?;
    measure::<Case>(CASE)
}

fn measure<T: AvroRecord + PartialEq>(json: &str) -> Result<(), Box<dyn Error>> {
    let record: T = serde_json::from_str(json)?;
    let schema = T::get_schema();
    println!("{}, ns a record, median of {ROUNDS} rounds of {RECORDS}", T::NAME);
    println!("{:<28}{:>8}{:>8}{:>8}", "", "write", "read", "bytes");
    let (mut able, unable): (Vec<_>, Vec<_>) =
        ways(&schema)?.into_iter().map(|way| Measured::new(way, &record)).partition(|measured| measured.bytes > 0);
    for _ in 0..ROUNDS {
        for measured in &mut able {
            measured.round(&record)?;
        }
    }
    for Measured { way, bytes, writing, reading } in &mut able {
        println!("{:<28}{:>8}{:>8}{bytes:>8}", way.name, median(writing), median(reading));
    }
    for measured in unable {
        println!("{:<28}does not give this record back", measured.way.name);
    }
    Ok(())
}

/// A way with the times of its rounds.
struct Measured<'a, T> {
    way: Way<'a, T>,
    /// Of the record; none if the way cannot write or read it.
    bytes: usize,
    writing: Vec<u128>,
    reading: Vec<u128>,
}

impl<'a, T: PartialEq> Measured<'a, T> {
    fn new(mut way: Way<'a, T>, record: &T) -> Self {
        let mut payload = Vec::new();
        let able =
            (way.write)(record, &mut payload).and_then(|()| (way.read)(&payload)).is_ok_and(|read| read == *record);
        Self { way, bytes: if able { payload.len() } else { 0 }, writing: Vec::new(), reading: Vec::new() }
    }

    fn round(&mut self, record: &T) -> Result<(), Box<dyn Error>> {
        let mut payload = Vec::new();
        self.writing.push(ns_each(|| {
            payload.clear();
            (self.way.write)(black_box(record), &mut payload)
        })?);
        self.reading.push(ns_each(|| (self.way.read)(black_box(&payload)).map(|read| drop(black_box(read))))?);
        Ok(())
    }
}

fn ways<T: AvroRecord>(schema: &Schema) -> Result<Vec<Way<'_, T>>, Box<dyn Error>> {
    let codec = Codec::single_object();
    let reading_codec = codec.clone();
    let mut value_writer = GenericSingleObjectWriter::new_with_capacity(schema, 1024)?;
    let value_reader = GenericSingleObjectReader::builder().schema(schema.clone()).build()?;
    let direct_writer = SpecificSingleObjectWriter::<T>::new()?;
    let direct_reader = SpecificSingleObjectReader::<T>::new()?;
    Ok(vec![
        Way {
            name: "kefu (serde_avro_fast)",
            write: Box::new(move |record, payload| Ok(codec.encode(record, payload)?)),
            read: Box::new(move |payload| Ok(reading_codec.decode(payload)?)),
        },
        Way {
            name: "apache-avro, with serde",
            write: Box::new(move |record, payload| Ok(direct_writer.write_ref(record, payload).map(drop)?)),
            read: Box::new(move |mut payload| Ok(direct_reader.read(&mut payload)?)),
        },
        Way {
            name: "apache-avro, through Value",
            write: Box::new(move |record, payload| {
                let value = apache_avro::to_value(record)?.resolve(schema)?;
                Ok(value_writer.write_value_ref(&value, payload).map(drop)?)
            }),
            read: Box::new(move |mut payload| Ok(apache_avro::from_value(&value_reader.read_value(&mut payload)?)?)),
        },
        Way {
            name: "serde_json",
            write: Box::new(|record, payload| Ok(serde_json::to_writer(payload, record)?)),
            read: Box::new(|payload| Ok(serde_json::from_slice(payload)?)),
        },
    ])
}

fn ns_each(mut work: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<u128, Box<dyn Error>> {
    let begin = Instant::now();
    for _ in 0..RECORDS {
        work()?;
    }
    Ok(begin.elapsed().as_nanos() / u128::from(RECORDS))
}

fn median(times: &mut [u128]) -> u128 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
