//! What comes out of a processor, and what became of each record.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use kefu_contracts::codec::{Codec, EncodeError};
use kefu_contracts::topic::{AnyTopic, Topic, TopicInfo, Value};
use kefu_contracts::{Code, Timestamp};

/// When values become what goes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As they are written: they are stored or sent.
    AtOnce,
    /// Those of public topics when somebody asks, see [`Emission::wire`]. Most values of a replay are never asked for.
    /// How long they would be is not known, so none is too large.
    OnDemand,
}

/// A record to be written.
#[derive(Clone)]
pub struct Emission {
    /// Where to.
    pub topic: TopicInfo,
    /// Under which key.
    pub key: String,
    /// The value as it goes on the wire; empty until [`Emission::wire`] is asked for it, if it is encoded on demand.
    pub payload: Vec<u8>,
    /// The value as it was made, until its last reader has it.
    pub value: Option<Value>,
    /// The event time.
    pub at: Timestamp,
    /// What it is, for the `event-type` header.
    pub event_type: &'static str,
    /// Which record of the batch caused it; none for a timer.
    pub cause: Option<usize>,
    writer: &'static dyn AnyTopic,
}

impl Emission {
    /// A record that is encoded on demand.
    pub fn new<T: Send + Sync + 'static>(
        topic: &'static Topic<T>,
        key: impl Into<String>,
        value: Arc<T>,
        at: Timestamp,
    ) -> Self {
        Self {
            topic: topic.info,
            key: key.into(),
            payload: Vec::new(),
            value: Some(value),
            at,
            event_type: topic.event_type,
            cause: None,
            writer: topic,
        }
    }

    pub(crate) fn encode(&mut self, codec: &Codec) -> Result<(), EncodeError> {
        self.payload = self.wire(codec)?.into_owned();
        Ok(())
    }

    /// The value as it goes on the wire.
    ///
    /// # Errors
    /// If the value does not fit its schema.
    pub fn wire(&self, codec: &Codec) -> Result<Cow<'_, [u8]>, EncodeError> {
        match &self.value {
            Some(value) if self.payload.is_empty() => {
                let mut payload = Vec::with_capacity(256);
                self.writer.encode_any(codec, value, &mut payload)?;
                Ok(Cow::Owned(payload))
            }
            _ => Ok(Cow::Borrowed(&self.payload)),
        }
    }

    /// Whether it is encoded when somebody asks.
    pub(crate) fn is_on_demand(&self) -> bool {
        self.payload.is_empty() && self.value.is_some()
    }
}

impl fmt::Debug for Emission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, key, payload, at, cause, .. } = self;
        f.debug_struct("Emission")
            .field("topic", &topic.name)
            .field("key", key)
            .field("payload", payload)
            .field("at", at)
            .field("cause", cause)
            .finish_non_exhaustive()
    }
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

/// What a timer wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// The key of its state.
    pub key: Arc<str>,
    /// The places of its emissions.
    pub emissions: Range<usize>,
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
    /// Which emissions are those of timers.
    pub fired: Vec<Fired>,
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
