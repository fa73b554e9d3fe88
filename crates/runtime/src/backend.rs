//! What an API needs of the backend: append records durably, read states, be told of what was written.
//!
//! Owns the interface; `embedded` and `kafka` implement it. How records are processed is no matter of an API.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use kefu_contracts::Timestamp;
use kefu_contracts::codec::{Codec, EncodeError};
use kefu_contracts::topic::{Topic, TopicInfo};

/// A record to be appended to a topic.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// Where to.
    pub topic: TopicInfo,
    /// Under which key.
    pub key: String,
    /// The value as it goes on the wire.
    pub payload: Vec<u8>,
    /// The event time.
    pub at: Timestamp,
    /// For the `event-type` header.
    pub event_type: String,
    /// W3C trace context of what caused it.
    pub traceparent: Option<String>,
}

impl NewRecord {
    /// A record with `value` for `topic`.
    ///
    /// # Errors
    /// If the value does not fit its schema.
    pub fn new<T>(codec: &Codec, topic: &Topic<T>, key: String, value: &T, at: Timestamp) -> Result<Self, EncodeError> {
        let mut payload = Vec::with_capacity(256);
        topic.encode(codec, value, &mut payload)?;
        let event_type = topic.event_type.to_owned();
        Ok(Self { topic: topic.info, key, payload, at, event_type, traceparent: None })
    }
}

/// A record that was written, as a view sees it.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// The topic's name without prefix.
    pub topic: &'a str,
    /// Its key.
    pub key: &'a str,
    /// Its value; none says that the key is gone.
    pub payload: Option<&'a [u8]>,
}

/// A table that an instance builds for itself from topics: policies, answers to commands, rows for a board.
pub trait View: Send + Sync + 'static {
    /// The topics it reads, all partitions of each.
    fn topics(&self) -> Vec<TopicInfo>;

    /// Whether it needs what was written before it was there.
    fn needs_history(&self) -> bool;

    /// Takes a committed record in. Must not block.
    fn apply(&self, record: Written<'_>, codec: &Codec);
}

/// The backend did not take a record, or did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// It is away or too slow; trying again helps.
    #[error("the backend is not available: {0}; try again")]
    Unavailable(String),
    /// The record is larger than the backend takes.
    #[error("the record has {0} bytes, more than the backend takes")]
    TooLarge(usize),
}

/// An answer that comes later.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What an API needs of the backend.
pub trait Backend: Send + Sync + 'static {
    /// Appends records; each is durable when its result is `Ok`.
    fn append(&self, records: Vec<NewRecord>) -> Pending<Vec<Result<(), BackendError>>>;

    /// The stored state of `key` in the processor `stage` (`service/processor`).
    fn state(&self, stage: &'static str, key: String) -> Pending<Result<Option<Vec<u8>>, BackendError>>;

    /// How far this instance's processing is, in event time; none before it has begun.
    fn watermark(&self) -> Option<Timestamp>;
}

/// The backend shared by an instance's parts.
pub type SharedBackend = Arc<dyn Backend>;
