//! The backend without services beside it: one file, one process.
//!
//! Owns the store (log, states) and the thread that runs all stages on it. One transaction of the store is one commit:
//! a batch of records, what followed from it and the states it left.

mod batch;
mod engine;
mod gauges;
mod restore;
mod store;

pub use engine::{Embedded, EmbeddedOptions, EngineError, EngineHandle};
pub use store::{Store, StoreError, Stored};
