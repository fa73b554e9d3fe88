//! The hot copy of states in Redis.
//!
//! Owns its layout and its guard. A partition's states are spread over small hashes that share one hash tag with
//! `meta`, which holds (incarnation, version, watermark, whole): who owns the partition, the number of its last write,
//! up to which changelog offset Redis has it, and whether it has all of it. Each write compares the first two and sets
//! its own number, each read returns them, so a Redis that was flushed, replaced or written by a zombie never looks
//! like an empty or a newer one. Readers that own nothing ask whether it is whole.

mod connection;
mod error;
mod scripts;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use kefu_commit::{Mark, Write};
use kefu_contracts::partition::murmur2;
use redis::{Cmd, Connection, RedisResult, Script};

use self::connection::HotConnection;
pub(crate) use self::error::HotError;
pub(super) use self::scripts::READ_WHOLE;
use self::scripts::{CLAIM, CLEAR, EACH, READ, WHOLE, WRITE};
use super::client::KafkaError;

/// Hashes a partition; keeps each small enough for Redis' compact form up to some 100,000 keys a partition.
const BUCKETS: u32 = 4096;
/// Hashes read in one call.
const BUCKETS_AT_ONCE: usize = 256;
/// Such calls on their way at a time: bounds what Redis gathers of a partition before it is read.
const CALLS_AHEAD: usize = 4;
/// Hashes emptied in one call.
const BUCKETS_CLEARED_AT_ONCE: u32 = 512;

// the parts are all of them
const _: () = assert!(BUCKETS.is_multiple_of(BUCKETS_CLEARED_AT_ONCE));

/// A connection to the hot copy.
pub(crate) struct HotStates {
    connection: HotConnection,
    prefix: String,
    claim: Script,
    clear: Script,
    write: Script,
    whole: Script,
    read: Script,
    each: Script,
}

/// A state change for Redis.
pub(crate) type HotChange = (Arc<str>, Option<Vec<u8>>);

/// States of a partition to be written in one call.
pub(crate) struct HotWrite<'c> {
    pub(crate) partition: &'c str,
    pub(crate) write: Write,
    /// Up to where it has the changelog then; none leaves that.
    pub(crate) watermark: Option<i64>,
    pub(crate) changes: &'c [HotChange],
}

impl HotStates {
    pub(crate) fn new(url: &str, prefix: &str) -> RedisResult<Self> {
        Ok(Self {
            connection: HotConnection::new(url)?,
            prefix: prefix.to_owned(),
            claim: Script::new(CLAIM),
            clear: Script::new(CLEAR),
            write: Script::new(WRITE),
            whole: Script::new(WHOLE),
            read: Script::new(READ),
            each: Script::new(EACH),
        })
    }

    /// Connects, unless Redis would throw states away when its memory is full.
    pub(crate) fn check_policy(&mut self) -> Result<(), KafkaError> {
        match self.connected() {
            Ok(_) => Ok(()),
            Err(HotError::Redis(error) | HotError::Refused(error)) => Err(error.into()),
            Err(error) => Err(KafkaError::SetUp(error.to_string())),
        }
    }

    /// Takes a partition over and gives the changelog offset up to which Redis has it; none if it has nothing.
    pub(crate) fn claim(&mut self, partition: &str, incarnation: u128) -> Result<Option<i64>, HotError> {
        let meta = self.meta(partition);
        let script = self.claim.clone();
        let watermark: String = script.key(meta).arg(name_of(incarnation)).invoke(self.connected()?)?;
        Ok(watermark.parse().ok().filter(|watermark| *watermark >= 0))
    }

    /// The hashes of a partition in parts for one call each.
    pub(crate) fn parts() -> impl Iterator<Item = Range<u32>> {
        let parts = 0..BUCKETS / BUCKETS_CLEARED_AT_ONCE;
        parts.map(|part| part * BUCKETS_CLEARED_AT_ONCE..(part + 1) * BUCKETS_CLEARED_AT_ONCE)
    }

    /// Forgets a part of a partition's states, and with the first part up to where it has the changelog.
    pub(crate) fn clear(&mut self, partition: &str, write: Write, part: Range<u32>) -> Result<(), HotError> {
        let script = self.clear.clone();
        let mut call = script.key(self.meta(partition));
        for bucket in part {
            call.key(self.bucket_key(partition, bucket));
        }
        call.arg(name_of(write.expected.incarnation)).arg(write.expected.version).arg(write.version);
        taken(call.invoke(self.connected()?)?)
    }

    /// Does several writes in one round trip, and gives what came of each. After the first that Redis did not answer
    /// the others are not waited for: what came of them is not known.
    pub(crate) fn write_each(&mut self, writes: &[HotWrite<'_>]) -> Vec<Result<(), HotError>> {
        if writes.is_empty() {
            return Vec::new();
        }
        let mut calls = Vec::new();
        writes.iter().for_each(|write| self.write_call(write).write_packed_command(&mut calls));
        let sent = |connection: &mut Connection| Ok(connection.send_packed_command(&calls)?);
        let mut failed: Option<HotError> = self.connected().and_then(sent).err();
        let mut answers = Vec::with_capacity(writes.len());
        for _ in writes {
            let answer = match &failed {
                Some(error) => Err(error.clone()),
                None => self.connected().and_then(|connection| Ok(connection.recv_response()?)),
            };
            failed = failed.or_else(|| answer.as_ref().err().cloned());
            answers.push(answer.and_then(written));
        }
        if failed.is_some() {
            // answers may still be on their way
            self.disconnect();
        }
        answers
    }

    /// Written at once into one buffer: an invocation of a script would hold each argument by itself first.
    fn write_call(&self, HotWrite { partition, write, watermark, changes }: &HotWrite<'_>) -> Cmd {
        let mut keys = vec![self.meta(partition)];
        let mut numbers = std::collections::HashMap::new();
        let mut places = Vec::with_capacity(changes.len());
        let mut length = 0;
        let watermark = watermark.map(|watermark| watermark.to_string()).unwrap_or_default();
        for (key, bytes) in *changes {
            let bucket = bucket(key);
            let number = *numbers.entry(bucket).or_insert_with(|| {
                keys.push(self.bucket_key(partition, bucket));
                keys.len()
            });
            places.push(number);
            length += key.len() + bytes.as_ref().map_or(0, Vec::len);
        }
        let mut call = Cmd::with_capacity(7 + keys.len() + 3 * changes.len(), length + 64 * keys.len());
        call.arg("EVALSHA").arg(self.write.get_hash()).arg(keys.len()).arg(&keys);
        call.arg(name_of(write.expected.incarnation)).arg(write.expected.version).arg(write.version).arg(watermark);
        for ((key, bytes), number) in changes.iter().zip(places) {
            call.arg(number).arg(&**key).arg(bytes.as_deref().unwrap_or_default());
        }
        call
    }

    /// Reads states, in the order of `keys`.
    pub(crate) fn read(
        &mut self,
        partition: &str,
        expected: Mark,
        keys: &[Arc<str>],
    ) -> Result<Vec<Option<Vec<u8>>>, HotError> {
        let script = self.read.clone();
        let mut call = script.key(self.meta(partition));
        for key in keys {
            call.key(self.bucket_key(partition, bucket(key))).arg(&**key);
        }
        let answer: Vec<redis::Value> = call.invoke(self.connected()?)?;
        let mut answers = answer.into_iter();
        let mark = redis::Value::Array(answers.by_ref().take(2).collect());
        let mark: Told = redis::from_redis_value(mark).map_err(redis::RedisError::from)?;
        if !is_mark(&mark, expected) {
            return Err(HotError::Lost);
        }
        let states = answers.map(|value| redis::from_redis_value(value).map_err(redis::RedisError::from));
        Ok(states.collect::<RedisResult<_>>()?)
    }

    /// Calls `each` with every state of a partition. If the copy was lost meanwhile, some may have been missing.
    pub(crate) fn each(
        &mut self,
        partition: &str,
        expected: Mark,
        mut each: impl FnMut(String, Vec<u8>),
    ) -> Result<(), HotError> {
        let read = self.read_buckets(partition, &mut each);
        if read.is_err() {
            // answers may still be on their way
            self.disconnect();
        }
        read?;
        // nobody else writes under this incarnation, so what is whole now was whole all the time
        self.read(partition, expected, &[]).map(|_| ())
    }

    /// Asks for the next buckets before the last ones have come: what Redis gathers and what is made of it here
    /// overlap, and a round trip is not waited for each time.
    fn read_buckets(&mut self, partition: &str, each: &mut impl FnMut(String, Vec<u8>)) -> Result<(), HotError> {
        let keys: Vec<String> = (0..BUCKETS).map(|bucket| self.bucket_key(partition, bucket)).collect();
        let mut calls = keys.chunks(BUCKETS_AT_ONCE).map(|some| {
            let mut call = Cmd::with_capacity(3 + some.len(), 64 * some.len());
            call.arg("EVALSHA").arg(self.each.get_hash()).arg(some.len()).arg(some);
            call.get_packed_command()
        });
        let first: Vec<Vec<u8>> = calls.by_ref().take(CALLS_AHEAD).collect();
        let left: Vec<Vec<u8>> = calls.collect();
        let connection = self.connected()?;
        connection.send_packed_command(&first.concat())?;
        let mut left = left.iter();
        for _ in keys.chunks(BUCKETS_AT_ONCE) {
            let answer = connection.recv_response()?.extract_error()?;
            if let Some(next) = left.next() {
                connection.send_packed_command(next)?;
            }
            let buckets: Vec<Vec<(String, Vec<u8>)>> =
                redis::from_redis_value(answer).map_err(redis::RedisError::from)?;
            buckets.into_iter().flatten().for_each(|(key, bytes)| each(key, bytes));
        }
        Ok(())
    }

    /// Says that Redis has all of a partition.
    pub(crate) fn set_whole(&mut self, partition: &str, expected: Mark) -> Result<(), HotError> {
        let meta = self.meta(partition);
        let script = self.whole.clone();
        let incarnation = name_of(expected.incarnation);
        taken(script.key(meta).arg(incarnation).arg(expected.version).invoke(self.connected()?)?)
    }

    /// Whether Redis still has what it had of these partitions, in one round trip.
    pub(crate) fn verify_each(&mut self, expected: &[(&str, Mark)]) -> Result<(), HotError> {
        let mut calls = redis::pipe();
        for (partition, _) in expected {
            calls.cmd("HMGET").arg(self.meta(partition)).arg("incarnation").arg("version");
        }
        let marks: Vec<Told> = calls.query(self.connected()?)?;
        let is_kept = marks.iter().zip(expected).all(|(told, (_, expected))| is_mark(told, *expected));
        if is_kept && marks.len() == expected.len() { Ok(()) } else { Err(HotError::Lost) }
    }

    /// Forgets a connection that failed, so that the next call makes a new one.
    pub(crate) fn disconnect(&mut self) {
        self.connection.close();
    }

    fn connected(&mut self) -> Result<&mut Connection, HotError> {
        // these are called by their hash alone
        self.connection.get(&[&self.write, &self.each])
    }

    fn meta(&self, partition: &str) -> String {
        meta_key(&self.prefix, partition)
    }

    fn bucket_key(&self, partition: &str, bucket: u32) -> String {
        format!("{{{}{partition}}}:{bucket:x}", self.prefix)
    }
}

/// A mark as Redis told it.
type Told = (Option<String>, Option<u64>);

fn is_mark(told: &Told, expected: Mark) -> bool {
    *told == (Some(name_of(expected.incarnation)), Some(expected.version))
}

/// Whether a guarded call was taken.
fn taken(answer: i64) -> Result<(), HotError> {
    if answer == 1 { Ok(()) } else { Err(HotError::Lost) }
}

/// The same of an answer that is not read yet; it may be that Redis refused the call.
fn written(answer: redis::Value) -> Result<(), HotError> {
    taken(redis::from_redis_value(answer.extract_error()?).map_err(redis::RedisError::from)?)
}

/// An incarnation as Redis has it.
fn name_of(incarnation: u128) -> String {
    format!("{incarnation:032x}")
}

fn bucket(key: &str) -> u32 {
    murmur2(key.as_bytes()) % BUCKETS
}

/// Where a partition's mark is.
pub(super) fn meta_key(prefix: &str, partition: &str) -> String {
    format!("{{{prefix}{partition}}}:meta")
}

/// The hash that holds the state of `key`.
pub(super) fn bucket_key(prefix: &str, partition: &str, key: &str) -> String {
    format!("{{{prefix}{partition}}}:{:x}", bucket(key))
}
