//! What a worker says of itself to whoever looks after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};

use kefu_contracts::Timestamp;

use crate::heartbeat::Heartbeat;

/// What a worker is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Doing {
    /// It waits for Redis and for the group.
    Joining,
    /// It restores what it owns.
    Restoring,
    /// It needs a state, and Redis is away.
    WaitingForRedis,
    /// It asks the broker again for what it did not answer.
    WaitingForKafka,
    /// All is well.
    Working,
}

/// Shared with the worker's thread.
#[derive(Debug)]
pub(crate) struct Status {
    doing: AtomicU8,
    reached_ms: AtomicI64,
}

impl Default for Status {
    fn default() -> Self {
        Self { doing: AtomicU8::new(Doing::Joining as u8), reached_ms: AtomicI64::new(i64::MAX) }
    }
}

impl Status {
    /// Says what it is at; gives whether that is new.
    pub(crate) fn set(&self, doing: Doing) -> bool {
        self.doing.swap(doing as u8, Ordering::Relaxed) != doing as u8
    }

    /// Why it cannot do its work now.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        match self.doing.load(Ordering::Relaxed) {
            doing if doing == Doing::Joining as u8 => Some("waits for redis and the group"),
            doing if doing == Doing::Restoring as u8 => Some("restores its partitions"),
            doing if doing == Doing::WaitingForRedis as u8 => Some("waits for redis"),
            doing if doing == Doing::WaitingForKafka as u8 => Some("waits for kafka"),
            _ => None,
        }
    }

    /// Says up to where all its tasks are complete; none while it owns none.
    pub(crate) fn set_reached(&self, reached: Option<Timestamp>) {
        self.reached_ms.store(reached.map_or(i64::MAX, Timestamp::ms), Ordering::Relaxed);
    }

    /// Up to where all its tasks are complete.
    pub(crate) fn reached(&self) -> Option<Timestamp> {
        let ms = self.reached_ms.load(Ordering::Relaxed);
        (ms != i64::MAX && ms != i64::MIN).then(|| Timestamp::from_ms(ms))
    }
}

/// How a worker's calls wait for the broker: until it answers or the worker is told to stop.
#[derive(Clone)]
pub(crate) struct Patience {
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) status: Arc<Status>,
    pub(crate) heartbeat: Heartbeat,
}

impl Patience {
    /// Whether a call that failed should be made again.
    pub(crate) fn lasts(&self) -> bool {
        self.status.set(Doing::WaitingForKafka);
        self.continues()
    }

    /// Whether work that takes its time goes on.
    pub(crate) fn continues(&self) -> bool {
        self.heartbeat.beat();
        !self.stop.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_worker_at_work_misses_nothing() {
        let status = Status::default();
        assert!(status.missing().is_some());
        for doing in [Doing::Restoring, Doing::WaitingForRedis, Doing::WaitingForKafka] {
            assert!(status.set(doing), "{doing:?} is new");
            assert!(!status.set(doing), "{doing:?} is known");
            assert!(status.missing().is_some(), "{doing:?}");
        }
        status.set(Doing::Working);
        assert_eq!(status.missing(), None);
    }

    #[test]
    fn what_is_reached_is_told_once_there_are_tasks() {
        let status = Status::default();
        assert_eq!(status.reached(), None);
        status.set_reached(Some(Timestamp::MIN));
        assert_eq!(status.reached(), None, "nothing yet");
        status.set_reached(Some(Timestamp::from_ms(7)));
        assert_eq!(status.reached(), Some(Timestamp::from_ms(7)));
    }
}
