//! The seam between a processor at work on one partition and the backend that feeds it.

use std::sync::Arc;

use kefu_contracts::codec::Codec;
use kefu_contracts::topic::Value;
use kefu_policy::Policies;

use crate::context::Environment;
use crate::effects::Effects;
use crate::state::StateError;
use crate::timers::{Due, Reached};

/// A received record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The topic's name without its prefix.
    pub topic: &'a str,
    /// The key as received.
    pub key: &'a [u8],
    /// The value as received.
    pub payload: &'a [u8],
    /// Its position in the batch, by which emissions and dead letters refer to it.
    pub index: usize,
}

/// A state as it is to be stored; no bytes mean that the key is forgotten.
pub type StateChange = (Arc<str>, Option<Vec<u8>>);

/// A processor at work on one partition, whatever its types are.
///
/// The order of a batch is: [`Task::accept`] each record, [`Task::supply`] the state of each [`Task::missing`] key,
/// [`Task::run`], then [`Task::fire`] for timers, then [`Task::changes`].
pub trait Task: Send {
    /// Reads a record and queues it; `known` is its value for this reader and for the next, so that it is decoded once.
    /// A dead letter that this leads to is for all processors of the service: none of them can read the record.
    fn accept(&mut self, record: &Record<'_>, known: &mut Option<Value>, codec: &Codec, effects: &mut Effects);

    /// The queued records' positions in the batch, each with the key of the state that it is for.
    fn queued(&self) -> Vec<(usize, Arc<str>)>;

    /// The keys whose state is needed for the queued records.
    fn missing(&self) -> Vec<Arc<str>>;

    /// The keys whose state is needed to fire timers that may fire, at most `limit` of them.
    fn missing_for_timers(&self, reached: Reached, limit: usize) -> Vec<Arc<str>>;

    /// Gives the stored state of a key, or that there is none.
    ///
    /// # Errors
    /// If the bytes cannot be used.
    fn supply(&mut self, key: Arc<str>, bytes: Option<&[u8]>) -> Result<(), StateError>;

    /// Takes note of a stored state without loading it: of its timer, and whether it was told of `policies`.
    ///
    /// # Errors
    /// If the bytes are no stored state.
    fn note(&mut self, key: Arc<str>, bytes: &[u8], policies: &Policies) -> Result<(), StateError>;

    /// Whether states must be told of new policies.
    fn heeds_policies(&self) -> bool;

    /// Whether states wait to be told of their policies.
    fn has_untold(&self) -> bool;

    /// Takes note of the loaded states that were not told of `policies`. Those in the store are for [`Task::note`].
    fn policies_changed(&mut self, policies: &Policies);

    /// The keys whose state is needed to tell the first `limit` states of their policies.
    fn missing_for_policies(&self, limit: usize) -> Vec<Arc<str>>;

    /// Tells the first `limit` states of their policies; gives whether none is left to be told.
    fn tell_policies(&mut self, limit: usize, environment: Environment<'_>, effects: &mut Effects) -> bool;

    /// Processes the queued records.
    fn run(&mut self, environment: Environment<'_>, effects: &mut Effects);

    /// Fires the first timer that may fire if its state is here; gives whether one fired.
    fn fire(&mut self, reached: Reached, environment: Environment<'_>, effects: &mut Effects) -> bool;

    /// The first timer that may fire.
    fn next_due(&self, reached: Reached) -> Option<Due>;

    /// The first timer.
    fn first_due(&self) -> Option<Due>;

    /// Whether a timer is left that is not recurring.
    fn has_lasting_timer(&self) -> bool;

    /// Tells each loaded state, in the order of keys, that a replay is over.
    fn end(&mut self, environment: Environment<'_>, effects: &mut Effects);

    /// The states changed since the last call, in the order of keys.
    ///
    /// # Errors
    /// If a state cannot be written.
    fn changes(&mut self) -> Result<Vec<StateChange>, StateError>;

    /// As [`Task::changes`], for a backend that stores nothing: only lets go of forgotten keys.
    fn settle(&mut self);

    /// Forgets loaded states beyond `keep`; they must have been stored.
    fn shrink(&mut self, keep: usize);

    /// How many states are loaded.
    fn loaded(&self) -> usize;

    /// How many timers there are.
    fn timers(&self) -> usize;
}
