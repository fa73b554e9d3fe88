//! Inputs that wait for the watermark.
//!
//! By default a record first fires the timers of its key that lie before its own instant. A command here is itself
//! decided in a timer, at its instant, by what cases and people did up to then; a later command says nothing about
//! whether all of that has arrived, only the watermark does.

use kefu_contracts::Timestamp;
use kefu_contracts::codec::{Codec, DecodeError};
use kefu_contracts::topic::TopicInfo;
use kefu_processor::Input;

/// An input whose records fire no timers.
#[derive(Debug)]
pub struct Patient<I>(pub I);

impl<I: Input> Input for Patient<I> {
    const TOPICS: &'static [TopicInfo] = I::TOPICS;

    fn event_time(&self) -> Option<Timestamp> {
        None
    }

    fn decode(topic: &str, codec: &Codec, payload: &[u8]) -> Option<Result<Self, DecodeError>> {
        I::decode(topic, codec, payload).map(|decoded| decoded.map(Patient))
    }
}
