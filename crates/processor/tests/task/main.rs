//! A processor at work on one partition, as a backend drives it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

mod policies;
mod refusals;
mod till;
mod timers;
