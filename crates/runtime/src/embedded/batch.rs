//! What the stages wrote since the last commit.
//!
//! Owns the numbers that records get in the log, which are known before the commit, so that a dead letter can name the
//! record that was refused.

use std::collections::HashMap;
use std::sync::Arc;

use kefu_contracts::Timestamp;
use kefu_contracts::topic::{DEAD_LETTERS, TopicInfo};
use kefu_processor::{DeadLetter, Due, Emission, Record, Sink, Stage};

use crate::clock;
use crate::dead_letter::{self, Origin};
use crate::heartbeat::Heartbeat;
use crate::metrics::{Metrics, RefusalLabel, StageLabel, TopicLabel};
use crate::refusal_log::{RefusalLog, RefusedAt};

/// What the public contract puts before topics' names; the file knows no other.
const PREFIX: &str = "cs.";

/// A record on its way into the log.
pub(super) struct Entry {
    pub(super) topic: TopicInfo,
    pub(super) key: String,
    pub(super) at: Timestamp,
    pub(super) payload: Vec<u8>,
    /// The number it gets in its topic.
    pub(super) sequence: u64,
}

/// What was written since the last commit, and what the log will then hold.
pub(super) struct Batch {
    pub(super) written: Vec<Entry>,
    /// Numbers of the records that come next, by topic.
    ends: HashMap<String, u64>,
    counts: Counts,
    live: bool,
    metrics: Metrics,
    heartbeat: Heartbeat,
    log: RefusalLog,
}

/// What is to be counted once it is committed.
#[derive(Default)]
struct Counts {
    emitted: HashMap<&'static str, u64>,
    refused: Vec<RefusalLabel>,
    lateness: Vec<(StageLabel, f64)>,
}

impl Batch {
    /// Nothing, in front of a log that ends at `ends`.
    pub(super) fn new(ends: HashMap<String, u64>, live: bool, metrics: Metrics, heartbeat: Heartbeat) -> Self {
        Self {
            written: Vec::new(),
            ends,
            counts: Counts::default(),
            live,
            metrics,
            heartbeat,
            log: RefusalLog::default(),
        }
    }

    /// Takes a record in and gives its index, by which a dead letter refers to it.
    pub(super) fn append(&mut self, topic: TopicInfo, key: String, at: Timestamp, payload: Vec<u8>) -> usize {
        let end = self.ends.entry(topic.name.to_owned()).or_default();
        let sequence = *end;
        *end += 1;
        self.written.push(Entry { topic, key, at, payload, sequence });
        self.written.len() - 1
    }

    /// Tells the metrics what was committed, and gives it away.
    pub(super) fn committed(&mut self) -> Vec<Entry> {
        let counts = std::mem::take(&mut self.counts);
        for (topic, count) in counts.emitted {
            self.metrics.records_written.get_or_create(&TopicLabel { topic }).inc_by(count);
        }
        for label in counts.refused {
            self.metrics.records_refused.get_or_create(&label).inc();
        }
        for (label, seconds) in counts.lateness {
            self.metrics.timer_lateness.get_or_create(&label).observe(seconds);
        }
        std::mem::take(&mut self.written)
    }

    /// One turn of the engine.
    pub(super) fn turn(&mut self) {
        self.heartbeat.beat();
        self.log.turn();
    }

    pub(super) fn heartbeat(&self) -> &Heartbeat {
        &self.heartbeat
    }
}

impl Sink for Batch {
    fn emission(&mut self, _: &Stage, emission: &Arc<Emission>) {
        self.heartbeat.beat();
        *self.counts.emitted.entry(emission.topic.name).or_default() += 1;
        self.append(emission.topic, emission.key.clone(), emission.at, emission.payload.clone());
    }

    fn last_index(&self) -> usize {
        self.written.len().saturating_sub(1)
    }

    fn dead_letter(&mut self, stage: &Stage, record: &Record<'_>, letter: &DeadLetter) {
        let sequence = self.written.get(record.index).map(|entry| entry.sequence);
        let offset = sequence.and_then(|sequence| i64::try_from(sequence).ok()).unwrap_or(-1);
        let (service, processor, code) = (stage.service, stage.name, letter.code.as_str());
        // a topic of the file has one partition
        let partition = 0;
        self.log.note(RefusedAt { service, processor, topic: record.topic, partition, offset, code });
        self.counts.refused.push(RefusalLabel { service, processor, code });
        let topic = format!("{PREFIX}{}", record.topic);
        let origin = Origin { topic: &topic, partition, offset, service, attempt: 1 };
        let value = dead_letter::envelope(&origin, letter, record.payload);
        let key = String::from_utf8_lossy(record.key).into_owned();
        self.append(DEAD_LETTERS, key, clock::now(), value);
    }

    fn timer(&mut self, stage: &Stage, due: Due) {
        self.heartbeat.beat();
        if self.live {
            let late_ms = clock::now().ms_since(due.at).max(0);
            let label = StageLabel { service: stage.service, processor: stage.name };
            #[expect(clippy::cast_precision_loss, reason = "a lateness in milliseconds is far below 2^52")]
            self.counts.lateness.push((label, late_ms as f64 / 1000.0));
        }
    }
}
