//! A state in memory, and how large it may become.

use crate::effects::Emission;
use crate::state::{self, StateRecord};
use crate::timers::Due;

/// The longest state, which must fit a record of the changelog. The caps of each state keep it far below.
const STATE_BYTES_MAX: usize = 4 << 20;
/// The longest value written.
pub(crate) const VALUE_BYTES_MAX: usize = 4 << 20;
/// How much of a record a state may keep, at most, in times of its length.
const GROWTH: usize = 4;

/// What a timer or a policy may add to a state, before growth.
const TIMER_BYTES: usize = 64;

/// The record that leads to a step.
#[derive(Clone, Copy)]
pub(crate) struct Cause {
    /// Its position in the batch.
    pub(crate) index: usize,
    /// Its payload's length.
    pub(crate) bytes: usize,
}

/// A state in memory.
pub(crate) struct Slot<S> {
    pub(crate) state: Option<S>,
    pub(crate) due: Option<Due>,
    /// The mark of the policies it was told of last.
    pub(crate) policies: u64,
    /// How long the state is at most, by and large: what it was when it was stored last, and what came since.
    pub(crate) bytes: usize,
    pub(crate) dirty: bool,
}

impl<S: StateRecord> Slot<S> {
    pub(crate) const EMPTY: Self = Slot { state: None, due: None, policies: 0, bytes: 0, dirty: false };

    /// Whether the state or what was written with it could not be stored. One record that is too large must not stop
    /// the partition.
    pub(crate) fn is_too_large(&mut self, cause: Option<Cause>, written: Option<&[Emission]>) -> bool {
        self.bytes += GROWTH * cause.map_or(TIMER_BYTES, |cause| cause.bytes);
        if self.bytes > STATE_BYTES_MAX / 2 {
            self.bytes = self.state.as_ref().map_or(0, state::length);
        }
        let is_long = |emission: &Emission| emission.payload.len() > VALUE_BYTES_MAX;
        self.bytes > STATE_BYTES_MAX || written.is_some_and(|written| written.iter().any(is_long))
    }
}
