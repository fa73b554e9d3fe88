//! Runs one service or all of them for tests: in one thread and in virtual time, or with its HTTP API.
//!
//! Owns what tests speak to, the driver and the server. What a service should do belongs to its own tests.
#![forbid(unsafe_code)]
#![expect(clippy::panic, reason = "a test that cannot go on should say so and stop")]

mod driver;
mod server;

pub use driver::{Driver, Written};
pub use server::{Answer, Server};
