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
    key: String,
    code: &'static str,
    services: &'static [&'static str],
    /// How often it was put before, as far as the broker told: each time it may be there or not.
    doubtful: usize,
}

impl Poison {
    /// Where it is.
    pub(super) fn place(&self) -> String {
        format!("{}/{} at {}", self.topic, self.partition, self.offset)
    }

    /// Its key is nobody else's.
    fn is_cause_of(&self, letter: &DeadLetter) -> bool {
        letter.topic() == self.topic && letter.key == self.key
    }
}

/// Puts a record that cannot be processed on a topic; `choice` chooses which, and its partition. It was tried
/// `doubtful` times before without an answer.
pub(super) fn put(kafka: &Kafka, bad: Bad, choice: u64, doubtful: usize) -> Result<Poison, Error> {
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
    let record = RawRecord { key: Some(key.clone().into_bytes()), value: Some(value) };
    let offset = kafka.append(&format!("cs.{topic}"), partition, &[record])?;
    Ok(Poison { topic, partition, offset, key, code, services, doubtful })
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
    for poison in poisons {
        let mut at: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for letter in letters.iter().filter(|letter| poison.is_cause_of(letter)) {
            let place = (letter.header("source-partition").to_owned(), letter.offset());
            at.entry(place).or_default().push((letter.header("service"), letter.code()));
        }
        at.values_mut().for_each(|told| told.sort_unstable());
        let wanted: Vec<_> = poison.services.iter().map(|service| (*service, poison.code)).collect();
        let told = at.get(&(poison.partition.to_string(), Some(poison.offset)));
        if told != Some(&wanted) {
            wrong.push(format!("{}: {:?} instead of {wanted:?}", poison.place(), told.unwrap_or(&Vec::new())));
        }
        if at.len() > 1 + poison.doubtful || at.values().any(|told| *told != wanted) {
            wrong.push(format!("{}: of the records like it there are {at:?}", poison.place()));
        }
    }
    let mut left = BTreeMap::new();
    for letter in letters.iter().filter(|letter| !poisons.iter().any(|poison| poison.is_cause_of(letter))) {
        let refusal = (letter.header("service").to_owned(), letter.code().to_owned(), letter.key.clone());
        *left.entry(refusal).or_default() += 1;
    }
    (left, wrong)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn letter(service: &str, offset: i64, key: &str) -> DeadLetter {
        let headers = json!({"source-topic": "cs.orders", "source-partition": "3", "source-offset": offset.to_string(),
            "service": service, "code": "undecodable"});
        let line: Value = json!({"key": key, "value": {"value": "", "headers": headers}});
        DeadLetter::read(&line)
    }

    fn wrong(doubtful: usize, letters: &[DeadLetter]) -> usize {
        let (code, services) = ("undecodable", &["escalation", "intake"][..]);
        let poison = Poison {
            topic: "orders",
            partition: 3,
            offset: 7,
            key: "demo/poison-1".to_owned(),
            code,
            services,
            doubtful,
        };
        account(&[poison], letters).1.len()
    }

    #[test]
    fn a_poisoned_record_is_one_dead_letter_of_each_reader_and_perhaps_there_twice_if_it_was_put_twice() {
        let of = |offset: i64| ["escalation", "intake"].map(|service| letter(service, offset, "demo/poison-1"));
        let both = [of(7), of(9)].concat();
        assert_eq!(wrong(0, &of(7)), 0);
        assert_eq!((wrong(1, &of(7)), wrong(1, &both)), (0, 0));
        assert!(wrong(0, &both) > 0);
        assert!(wrong(1, &[of(7), of(7)].concat()) > 0);
        assert!(wrong(1, &both[..3]) > 0);
        assert!(wrong(0, &of(7)[..1]) > 0);
        assert!(wrong(0, &[]) > 0);
    }

    #[test]
    fn what_was_not_poisoned_is_left() {
        let (left, wrong) = account(&[], &[letter("intake", 1, "t/c")]);
        let refusal = ("intake".to_owned(), "undecodable".to_owned(), "t/c".to_owned());
        assert_eq!((left, wrong), (BTreeMap::from([(refusal, 1)]), Vec::new()));
    }
}
