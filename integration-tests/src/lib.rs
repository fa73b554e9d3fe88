//! What the black-box tests share: kefu's processes, a broker, a Redis, and a user's view of them.
//!
//! Owns starting, killing, asking and waiting, and the run with faults. What should come out otherwise belongs to the
//! tests.
#![forbid(unsafe_code)]
#![expect(clippy::panic, reason = "a test that cannot go on should say so and stop")]

mod cluster;
mod dead_letter;
mod event;
pub mod faults;
mod http;
mod process;
mod program;
mod shop;
pub mod spans;

use std::time::{Duration, Instant};

pub use cluster::Cluster;
pub use dead_letter::{DeadLetter, READERS};
pub use event::{at, heartbeat, in_conversation, message, now, reply, resolved};
pub use http::{Answer, Client};
pub use kefu_test_rig::SERVICES;
pub use process::Running;
pub use program::{kefu, repository, run_kefu, sample_events, sample_policy, try_kefu, try_kefu_for};
pub use shop::{BackendKind, Clock, KEY, OTHER_KEY, Shop};

/// Waits until `done` holds, looking again and again; panics with `what` after `limit`.
pub fn wait_until(what: &str, limit: Duration, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
