//! Runs one service or all of them in one thread and in virtual time.
//!
//! Owns the driver that tests speak to. What a service should do belongs to its own tests.
#![forbid(unsafe_code)]
#![expect(clippy::panic, reason = "a test that cannot go on should say so and stop")]

mod driver;

pub use driver::{Driver, Written};
