//! Records that cannot be processed, and what must become of each.
//!
//! Owns the bytes, and who reads which topic: each of them refuses the record once.

use std::collections::BTreeMap;

use kefu_contracts::channel_event::ChannelEvent;
use kefu_contracts::codec::Codec;
use kefu_contracts::partition::PartitionBy;
use kefu_contracts::topic::CHANNEL_EVENTS;
use kefu_test_rig::{Error, Kafka, RawRecord};
use serde_json::json;

use crate::dead_letter::READERS;
use crate::{DeadLetter, in_conversation};

use super::plan::Bad;
use super::site::{PARTITIONS, START};

/// Where a record that cannot be processed is, what it is refused with and by whom.
pub(super) struct Poison {
    topic: &'static str,
    partition: i32,
    offset: i64,
    code: &'static str,
    services: &'static [&'static str],
}

impl Poison {
    /// Where it is.
    pub(super) fn place(&self) -> String {
        format!("{}/{} at {}", self.topic, self.partition, self.offset)
    }
}

/// Puts a record that cannot be processed on a topic; `choice` chooses which, and its partition.
pub(super) fn put(kafka: &Kafka, bad: Bad, choice: u64) -> Result<Poison, Error> {
    let index = usize::try_from(choice % READERS.len() as u64).unwrap_or(0);
    let (topic, services) = match bad {
        Bad::TooLarge => ("channel-events", &["intake"][..]),
        _ => READERS.get(index).copied().unwrap_or_default(),
    };
    let conversation = format!("poison-{choice}");
    let key = format!("demo/{conversation}");
    let partition = PartitionBy::Key.partition(&key, u32::try_from(PARTITIONS).unwrap_or(1));
    let partition = i32::try_from(partition).unwrap_or(0);
    let (code, value) = match bad {
        Bad::Noise => ("undecodable", choice.to_be_bytes().repeat(9)),
        Bad::UnknownSchema => ("unknown_schema", [&[0xc3, 1][..], &[0xee; 8], &choice.to_be_bytes()].concat()),
        Bad::TooLarge => ("too_large", too_large(&conversation)),
    };
    let record = RawRecord { key: Some(key.into_bytes()), value: Some(value) };
    let offset = kafka.append(&format!("cs.{topic}"), partition, &[record])?;
    Ok(Poison { topic, partition, offset, code, services })
}

/// A message with a text longer than any may be.
fn too_large(conversation: &str) -> Vec<u8> {
    let text = json!({"text": "x".repeat(65_537)});
    let event = in_conversation(conversation, "too-large", START, "message", "customer", &text);
    let event: ChannelEvent = serde_json::from_value(event).unwrap_or_else(|error| panic!("{error}"));
    let mut bytes = Vec::new();
    let encoded = CHANNEL_EVENTS.encode(&Codec::single_object(), &event, &mut bytes);
    encoded.unwrap_or_else(|error| panic!("{error}"));
    bytes
}

/// A dead letter as a replay knows it: who refused it, with what, and its key.
pub(super) type Refusal = (String, String, String);

/// Takes the dead letters of the poisoned records out of `letters`. Gives the refusals that are left, and what is
/// wrong: a poisoned record is one dead letter for each service that reads its topic.
pub(super) fn account(poisons: &[Poison], letters: &[DeadLetter]) -> (BTreeMap<Refusal, usize>, Vec<String>) {
    let mut wrong = Vec::new();
    let is_of = |poison: &Poison, letter: &DeadLetter| {
        let at = (letter.topic(), letter.header("source-partition"), letter.offset());
        at == (poison.topic, &*poison.partition.to_string(), Some(poison.offset))
    };
    for poison in poisons {
        let told = letters.iter().filter(|letter| is_of(poison, letter));
        let mut told: Vec<_> = told.map(|letter| (letter.header("service"), letter.code())).collect();
        told.sort_unstable();
        let wanted: Vec<_> = poison.services.iter().map(|service| (*service, poison.code)).collect();
        if told != wanted {
            wrong.push(format!("{}: {told:?} instead of {wanted:?}", poison.place()));
        }
    }
    let mut left = BTreeMap::new();
    for letter in letters.iter().filter(|letter| !poisons.iter().any(|poison| is_of(poison, letter))) {
        let refusal = (letter.header("service").to_owned(), letter.code().to_owned(), letter.key.clone());
        *left.entry(refusal).or_default() += 1;
    }
    (left, wrong)
}
