//! What comes out of a processor, and what became of each record.

use kefu_contracts::topic::{TopicInfo, Value};
use kefu_contracts::{Code, Timestamp};

/// A record to be written.
#[derive(Clone, Debug)]
pub struct Emission {
    /// Where to.
    pub topic: TopicInfo,
    /// Under which key.
    pub key: String,
    /// The value as it goes on the wire.
    pub payload: Vec<u8>,
    /// The value as it was made, until its last reader has it.
    pub value: Option<Value>,
    /// The event time.
    pub at: Timestamp,
    /// What it is, for the `event-type` header.
    pub event_type: &'static str,
    /// Which record of the batch caused it; none for a timer.
    pub cause: Option<usize>,
}

/// A record that could not be processed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Which record of the batch.
    pub cause: usize,
    /// Why.
    pub code: Code,
    /// What was wrong.
    pub detail: String,
}

/// What became of a record; each record ends in exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// It changed state or led to emissions.
    Processed,
    /// It had been seen before.
    Duplicate,
    /// It became a dead letter.
    Rejected,
}

/// What a run of a task leads to.
#[derive(Debug, Default)]
pub struct Effects {
    /// Records to be written, in order.
    pub emissions: Vec<Emission>,
    /// Records that could not be processed.
    pub dead_letters: Vec<DeadLetter>,
    /// Records that changed something.
    pub processed: u64,
    /// Records that had been seen before.
    pub duplicates: u64,
    /// Records refused; as many as [`Effects::dead_letters`] unless a record was refused twice over.
    pub rejected: u64,
    /// Timers that fired.
    pub timers: u64,
    /// Timers whose processor refused or panicked: `key: cause`.
    pub timer_faults: Vec<String>,
}

impl Effects {
    pub(crate) fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Processed => self.processed += 1,
            Outcome::Duplicate => self.duplicates += 1,
            Outcome::Rejected => self.rejected += 1,
        }
    }
}
