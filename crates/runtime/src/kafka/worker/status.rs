//! What a worker says of itself to whoever looks after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU32, Ordering};

use kefu_contracts::Timestamp;
use prometheus_client::metrics::gauge::Gauge;

use crate::heartbeat::Heartbeat;
use crate::metrics::{Metrics, StateLabel};

/// What a worker is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It waits for the group.
    Joining,
    /// It restores what it owns.
    Restoring,
    /// It needs Redis, which is away.
    WaitingForRedis,
    /// It asks the broker again for what it did not answer.
    WaitingForKafka,
    /// All is well.
    Working,
}

impl Doing {
    const ALL: [Self; 5] =
        [Self::Joining, Self::Restoring, Self::WaitingForRedis, Self::WaitingForKafka, Self::Working];

    /// As metrics have it.
    fn as_str(self) -> &'static str {
        match self {
            Self::Joining => "joining",
            Self::Restoring => "restoring",
            Self::WaitingForRedis => "waiting_for_redis",
            Self::WaitingForKafka => "waiting_for_kafka",
            Self::Working => "working",
        }
    }
}

/// Shared with the worker's thread.
pub(crate) struct Status {
    doing: AtomicU8,
    reached_ms: AtomicI64,
    /// Tasks that are taken over, and all of them.
    restored: AtomicU32,
    owned: AtomicU32,
    /// How many workers are at each, by its place in [`Doing::ALL`].
    workers: [Gauge; 5],
}

impl Status {
    /// Of a worker of `service` that has just begun.
    pub(crate) fn new(metrics: &Metrics, service: &'static str) -> Self {
        let gauge =
            |doing: Doing| metrics.workers.get_or_create(&StateLabel { service, state: doing.as_str() }).clone();
        let status = Self {
            doing: AtomicU8::new(Doing::Joining as u8),
            reached_ms: AtomicI64::new(i64::MAX),
            restored: AtomicU32::new(0),
            owned: AtomicU32::new(0),
            workers: Doing::ALL.map(gauge),
        };
        status.count(Doing::Joining as u8, 1);
        status
    }

    fn count(&self, doing: u8, by: i64) {
        self.workers.get(usize::from(doing)).into_iter().for_each(|gauge| _ = gauge.inc_by(by));
    }

    /// Says what it is at; gives whether that is new.
    pub(crate) fn set(&self, doing: Doing) -> bool {
        let before = self.doing.swap(doing as u8, Ordering::Relaxed);
        if before == doing as u8 {
            return false;
        }
        self.count(before, -1);
        self.count(doing as u8, 1);
        true
    }

    /// Says how many of its tasks are taken over.
    pub(crate) fn set_restored(&self, restored: usize, owned: usize) {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        self.restored.store(count(restored), Ordering::Relaxed);
        self.owned.store(count(owned), Ordering::Relaxed);
    }

    /// Why it cannot do its work now.
    pub(crate) fn missing(&self) -> Option<String> {
        let doing = self.doing.load(Ordering::Relaxed);
        Some(match Doing::ALL.into_iter().find(|known| *known as u8 == doing)? {
            Doing::Joining => "waits for its group".to_owned(),
            Doing::Restoring => {
                let (restored, owned) = (self.restored.load(Ordering::Relaxed), self.owned.load(Ordering::Relaxed));
                format!("restores its partitions: {restored} of {owned} tasks are there")
            }
            Doing::WaitingForRedis => "waits for redis".to_owned(),
            Doing::WaitingForKafka => "waits for kafka".to_owned(),
            Doing::Working => return None,
        })
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
    /// Whose calls they are, for the log.
    pub(crate) service: &'static str,
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
        let metrics = Metrics::default();
        let status = Status::new(&metrics, "intake");
        let counted = |state: &str| {
            let sample = format!("kefu_workers{{service=\"intake\",state=\"{state}\"}} 1");
            metrics.text().lines().any(|line| line == sample)
        };
        assert!(status.missing().is_some() && counted("joining"));
        for doing in [Doing::Restoring, Doing::WaitingForRedis, Doing::WaitingForKafka] {
            assert!(status.set(doing), "{doing:?} is new");
            assert!(!status.set(doing), "{doing:?} is known");
            assert!(status.missing().is_some(), "{doing:?}");
            assert!(counted(doing.as_str()) && !counted("joining"), "{doing:?}");
        }
        status.set(Doing::Working);
        assert_eq!(status.missing(), None);
    }

    #[test]
    fn a_restore_shows_how_far_it_is() {
        let status = Status::new(&Metrics::default(), "intake");
        status.set(Doing::Restoring);
        status.set_restored(3, 12);
        assert_eq!(status.missing().unwrap(), "restores its partitions: 3 of 12 tasks are there");
    }

    #[test]
    fn what_is_reached_is_told_once_there_are_tasks() {
        let status = Status::new(&Metrics::default(), "intake");
        assert_eq!(status.reached(), None);
        status.set_reached(Some(Timestamp::MIN));
        assert_eq!(status.reached(), None, "nothing yet");
        status.set_reached(Some(Timestamp::from_ms(7)));
        assert_eq!(status.reached(), Some(Timestamp::from_ms(7)));
    }
}
