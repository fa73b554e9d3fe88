//! What tests do to a broker that no client of kefu would do.
//!
//! Owns Produce with any bytes, and CreatePartitions.

use std::io::{Error, Result};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::record_batch::{self, RawRecord};
use crate::wire::{self, Answer, length, put_string};

const PRODUCE: (i16, i16) = (0, 3);
const CREATE_PARTITIONS: (i16, i16) = (37, 0);
const ACKS_ALL: i16 = -1;
const TIMEOUT_MS: i32 = 10_000;

/// Appends records to a partition in their order; gives the offset of the first.
pub(crate) fn append(port: u16, topic: &str, partition: i32, records: &[RawRecord]) -> Result<i64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let batch = record_batch::encode(records, i64::try_from(now).unwrap_or(i64::MAX))?;
    let mut body = (-1_i16).to_be_bytes().to_vec(); // no transaction
    body.extend_from_slice(&ACKS_ALL.to_be_bytes());
    body.extend_from_slice(&TIMEOUT_MS.to_be_bytes());
    body.extend_from_slice(&1_i32.to_be_bytes()); // one topic
    put_string(&mut body, topic)?;
    body.extend_from_slice(&1_i32.to_be_bytes()); // one partition
    body.extend_from_slice(&partition.to_be_bytes());
    body.extend_from_slice(&length(batch.len())?.to_be_bytes());
    body.extend_from_slice(&batch);
    let answer = wire::ask(port, PRODUCE.0, PRODUCE.1, &body)?;
    let mut answer = Answer(&answer);
    answer.int32()?; // one topic
    answer.string()?; // its name
    answer.int32()?; // one partition
    answer.int32()?; // its number
    refuse(answer.int16()?, &format!("append to {topic}/{partition}"))?;
    answer.int64()
}

/// Gives a topic more partitions.
pub(crate) fn grow(port: u16, topic: &str, partitions: i32) -> Result<()> {
    let mut body = 1_i32.to_be_bytes().to_vec(); // one topic
    put_string(&mut body, topic)?;
    body.extend_from_slice(&partitions.to_be_bytes());
    body.extend_from_slice(&(-1_i32).to_be_bytes()); // the broker assigns
    body.extend_from_slice(&TIMEOUT_MS.to_be_bytes());
    body.push(0); // not only validate
    let answer = wire::ask(port, CREATE_PARTITIONS.0, CREATE_PARTITIONS.1, &body)?;
    let mut answer = Answer(&answer);
    answer.int32()?; // throttle time
    answer.int32()?; // one topic
    answer.string()?; // its name
    refuse(answer.int16()?, &format!("grow {topic} to {partitions} partitions"))
}

fn refuse(code: i16, doing: &str) -> Result<()> {
    if code == 0 { Ok(()) } else { Err(Error::other(format!("the broker refused to {doing}: error code {code}"))) }
}
