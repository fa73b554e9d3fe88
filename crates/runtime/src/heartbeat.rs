//! Signs of life of threads that work in a loop.
//!
//! Owns the instants of their last turns. What a silent thread means is the matter of whoever asks.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::clock;

/// A thread that has not turned for this long counts as stuck: longer than any call of a client library may take, while
/// its server answers.
pub const SILENT_MAX: Duration = Duration::from_secs(60);

/// The signs of life of a process' threads. Cheap to clone; clones share them.
#[derive(Clone, Debug)]
pub struct Heartbeats {
    since: Instant,
    threads: Arc<Mutex<Vec<Known>>>,
}

#[derive(Debug)]
struct Known {
    name: String,
    last_ms: Weak<AtomicI64>,
}

/// The sign of life of one thread, which takes it along; it is forgotten with the thread.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    since: Instant,
    last_ms: Arc<AtomicI64>,
}

impl Default for Heartbeats {
    fn default() -> Self {
        Self { since: clock::monotonic(), threads: Arc::default() }
    }
}

impl Heartbeats {
    /// The sign of life of the thread called `name`, which lives from now on.
    pub fn of(&self, name: &str) -> Heartbeat {
        let heartbeat = Heartbeat { since: self.since, last_ms: Arc::default() };
        heartbeat.beat();
        let known = Known { name: name.to_owned(), last_ms: Arc::downgrade(&heartbeat.last_ms) };
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(known);
        heartbeat
    }

    /// The threads that have not turned for [`SILENT_MAX`], each with how long that is.
    pub fn silent(&self) -> Vec<(String, Duration)> {
        self.silent_at(self.since.elapsed())
    }

    /// As [`Heartbeats::silent`] at an instant, counted from the start.
    fn silent_at(&self, now: Duration) -> Vec<(String, Duration)> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|known| known.last_ms.strong_count() > 0);
        let silent = threads.iter().filter_map(|known| {
            let last = known.last_ms.upgrade()?.load(Ordering::Relaxed);
            let silent = now.saturating_sub(Duration::from_millis(last.unsigned_abs()));
            (silent >= SILENT_MAX).then(|| (known.name.clone(), silent))
        });
        silent.collect()
    }
}

impl Heartbeat {
    /// Tells that the thread turns; to be called in each turn, and in between when a turn may be long.
    pub fn beat(&self) {
        let now = i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.last_ms.store(now, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(silent: Vec<(String, Duration)>) -> Vec<String> {
        silent.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_thread_without_a_turn_is_silent_after_a_minute() {
        let heartbeats = Heartbeats::default();
        let stuck = heartbeats.of("intake-kefu-0");
        let turning = heartbeats.of("views");
        stuck.last_ms.store(1_000, Ordering::Relaxed);
        turning.last_ms.store(60_000, Ordering::Relaxed);
        assert!(heartbeats.silent_at(Duration::from_millis(60_999)).is_empty());
        let silent = heartbeats.silent_at(Duration::from_millis(61_000));
        assert_eq!(silent, [("intake-kefu-0".to_owned(), SILENT_MAX)]);
    }

    #[test]
    fn a_thread_that_is_gone_is_forgotten() {
        let heartbeats = Heartbeats::default();
        let left = heartbeats.of("left");
        let stays = heartbeats.of("stays");
        drop(left);
        assert_eq!(names(heartbeats.silent_at(Duration::from_secs(600))), ["stays"]);
        drop(stays);
    }

    #[test]
    fn a_turn_is_a_sign_of_life() {
        let heartbeats = Heartbeats::default();
        let thread = heartbeats.of("views");
        thread.last_ms.store(i64::MAX, Ordering::Relaxed);
        thread.beat();
        assert!(thread.last_ms.load(Ordering::Relaxed) < 60_000);
        assert!(heartbeats.silent().is_empty());
    }
}
