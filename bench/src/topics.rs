//! The topics, and how their values look on the wire.
//!
//! The Kafka Streams program reads the same events and writes the same bytes to `bench.cases`, `bench.classified` and
//! `bench.kpi`. Names are full: the service runs without a prefix, because kefu has topics of these names.

use kefu_contracts::codec::{Codec, DecodeError, EncodeError};
use kefu_contracts::partition::PartitionBy;
use kefu_contracts::topic::{Cleanup, TopicInfo};
use kefu_contracts::{Timestamp, Topic};

use crate::cases::{CaseRecord, Classified};
use crate::event::Event;
use crate::sketch::Figures;
use crate::windows::Change;

const KEPT_MS: i64 = 7 * 86_400_000;

const fn topic(name: &'static str, cleanup: Cleanup) -> TopicInfo {
    TopicInfo { name, partition_by: PartitionBy::Key, cleanup, public: true }
}

/// What comes in; the key is `tenant/conversation`.
pub const EVENTS: Topic<Event> = Topic::with_format(
    topic("bench.events", Cleanup::Delete(KEPT_MS)),
    "Event",
    |event| Some(Timestamp::from_ms(event.at_ms())),
    |_, event, buffer| append(buffer, &[event.bytes()]),
    |_, payload| {
        let cause = "its lengths do not add up".to_owned();
        Event::read(payload).ok_or(DecodeError::Malformed { record: "event", cause })
    },
);

/// The case after each event: every one of them, so not compacted.
pub const CASES: Topic<CaseRecord> = Topic::with_format(
    topic("bench.kefu-cases", Cleanup::Delete(KEPT_MS)),
    "Case",
    |_| None,
    |_, record, buffer| record.write(|parts| append(buffer, parts)),
    output_only,
);

/// What each customer's message is about.
pub const CLASSIFIED: Topic<Classified> = Topic::with_format(
    topic("bench.kefu-classified", Cleanup::Delete(KEPT_MS)),
    "Classified",
    |_| None,
    |_, record, buffer| record.write(|parts| append(buffer, parts)),
    output_only,
);

/// Changes on their way to their window: the key is `tenant/channel/category#minute`, all before `#` decides the
/// partition.
pub const CHANGES: Topic<Change> = Topic::repartition("pipeline.changes.repartition", PartitionBy::Conversation);

/// The figures of each window as they stand.
pub const KPI: Topic<Figures> = Topic::with_format(
    TopicInfo { partition_by: PartitionBy::Conversation, ..topic("bench.kefu-kpi", Cleanup::Compact) },
    "Kpi",
    |_| None,
    |_, figures, buffer| append(buffer, &[&figures.bytes()]),
    output_only,
);

fn append(buffer: &mut Vec<u8>, parts: &[&[u8]]) -> Result<(), EncodeError> {
    parts.iter().for_each(|part| buffer.extend_from_slice(part));
    Ok(())
}

fn output_only<T>(_: &Codec, _: &[u8]) -> Result<T, DecodeError> {
    Err(DecodeError::Malformed { record: "output", cause: "nothing here reads it".to_owned() })
}
