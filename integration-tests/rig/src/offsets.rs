//! How far a broker's log and a group are: ListOffsets and OffsetFetch.

use std::collections::BTreeMap;
use std::io::{Error, Result};

use crate::wire::{self, Answer, length, put_string};

const LIST_OFFSETS: (i16, i16) = (2, 2);
const OFFSET_FETCH: (i16, i16) = (9, 2);
const READ_COMMITTED: u8 = 1;
const LATEST: i64 = -1;

/// Offsets by topic and partition.
pub type Positions = BTreeMap<(String, i32), i64>;

/// Asks a broker for offsets.
#[derive(Clone, Copy, Debug)]
pub struct Offsets {
    pub(crate) port: u16,
}

impl Offsets {
    /// The offset after the last committed record of each of `partitions` partitions of `topics`.
    pub fn ends(&self, topics: &[String], partitions: i32) -> Result<Positions> {
        let mut body = (-1_i32).to_be_bytes().to_vec(); // no replica
        body.push(READ_COMMITTED);
        body.extend_from_slice(&length(topics.len())?.to_be_bytes());
        for topic in topics {
            put_string(&mut body, topic)?;
            body.extend_from_slice(&partitions.to_be_bytes());
            for partition in 0..partitions {
                body.extend_from_slice(&partition.to_be_bytes());
                body.extend_from_slice(&LATEST.to_be_bytes());
            }
        }
        let answer = wire::ask(self.port, LIST_OFFSETS.0, LIST_OFFSETS.1, &body)?;
        let mut answer = Answer(&answer);
        answer.int32()?; // throttle time
        each_partition(&mut answer, |answer| {
            let code = answer.int16()?;
            answer.int64()?; // timestamp
            Ok((code, answer.int64()?))
        })
    }

    /// The offsets that a group has committed.
    pub fn committed_by(&self, group: &str) -> Result<Positions> {
        let mut body = Vec::new();
        put_string(&mut body, group)?;
        body.extend_from_slice(&(-1_i32).to_be_bytes()); // all topics
        let answer = wire::ask(self.port, OFFSET_FETCH.0, OFFSET_FETCH.1, &body)?;
        each_partition(&mut Answer(&answer), |answer| {
            let offset = answer.int64()?;
            answer.string()?; // metadata
            Ok((answer.int16()?, offset))
        })
    }
}

/// Reads topics with their partitions; `rest` reads what follows a partition's number, error code and offset.
fn each_partition(answer: &mut Answer<'_>, rest: impl Fn(&mut Answer<'_>) -> Result<(i16, i64)>) -> Result<Positions> {
    let mut positions = Positions::new();
    for _ in 0..answer.int32()? {
        let topic = answer.string()?.to_owned();
        for _ in 0..answer.int32()? {
            let partition = answer.int32()?;
            let (code, offset) = rest(answer)?;
            if code != 0 {
                return Err(Error::other(format!("the broker says of {topic}/{partition}: error code {code}")));
            }
            positions.insert((topic.clone(), partition), offset);
        }
    }
    Ok(positions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_and_their_partitions_are_read_and_an_error_is_told() {
        let answer = |code: i16| {
            let mut bytes = 1_i32.to_be_bytes().to_vec();
            put_string(&mut bytes, "t").unwrap();
            bytes.extend_from_slice(&1_i32.to_be_bytes());
            bytes.extend_from_slice(&7_i32.to_be_bytes());
            bytes.extend_from_slice(&code.to_be_bytes());
            bytes.extend_from_slice(&42_i64.to_be_bytes());
            bytes
        };
        let read = |bytes: &[u8]| each_partition(&mut Answer(bytes), |rest| Ok((rest.int16()?, rest.int64()?)));
        assert_eq!(read(&answer(0)).unwrap(), Positions::from([(("t".to_owned(), 7), 42)]));
        assert!(read(&answer(3)).is_err_and(|error| error.to_string().contains("t/7: error code 3")));
    }
}
