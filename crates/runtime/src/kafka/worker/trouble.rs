//! What a worker knows of a Redis that fails.
//!
//! Owns when calls that can wait are made again, so that a Redis that hangs does not hold up every commit, and which
//! failure is told. Calls that cannot wait are made at once.

use std::mem::Discriminant;
use std::time::{Duration, Instant};

use crate::kafka::hot::HotError;
use crate::outage::Outage;

/// Pause after a call that failed; doubles with each further one.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Failures since all was well.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    failures: u32,
    /// Before that nothing is called that can wait.
    next: Option<Instant>,
    cause: Option<HotError>,
    told: Told,
    told_waiting: Told,
}

/// Which failure was told last, if all is not well.
#[derive(Debug, Default)]
struct Told {
    kind: Option<Discriminant<HotError>>,
    outage: Outage,
}

impl Trouble {
    /// Whether what can wait is to be called.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.next.is_none_or(|next| now >= next)
    }

    /// Why the last call failed that could wait.
    pub(super) fn cause(&self) -> Option<&HotError> {
        self.cause.as_ref()
    }

    /// A call failed that can wait; gives whether to tell it.
    pub(super) fn failed(&mut self, cause: &HotError, now: Instant) -> bool {
        let pause = PAUSE.saturating_mul(1 << self.failures.min(16)).min(PAUSE_MAX);
        self.failures += 1;
        self.next = Some(now + pause);
        self.cause = Some(cause.clone());
        self.told.is_new(cause, now)
    }

    /// A call failed that the worker waits for; gives whether to tell it.
    pub(super) fn waits(&mut self, cause: &HotError, now: Instant) -> bool {
        self.told_waiting.is_new(cause, now)
    }

    /// All is well; gives whether it was not.
    pub(super) fn ended(&mut self) -> bool {
        let before = std::mem::take(self);
        before.told.kind.is_some() || before.told_waiting.kind.is_some()
    }
}

impl Told {
    fn is_new(&mut self, cause: &HotError, now: Instant) -> bool {
        let kind = Some(std::mem::discriminant(cause));
        if self.kind != kind {
            *self = Self { kind, outage: Outage::default() };
        }
        self.outage.lasts_at(now)
    }
}

#[cfg(test)]
mod tests {
    use redis::{ErrorKind, RedisError};

    use super::*;
    use crate::clock;

    fn away() -> HotError {
        HotError::Redis(RedisError::from((ErrorKind::Io, "away")))
    }

    fn full() -> HotError {
        HotError::Refused(RedisError::from((ErrorKind::Extension, "full")))
    }

    #[test]
    fn what_can_wait_waits_longer_with_each_failure() {
        let mut trouble = Trouble::default();
        let mut now = clock::monotonic();
        assert!(trouble.is_due(now));
        for pause in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
            trouble.failed(&away(), now);
            let before = now + Duration::from_millis(pause - 1);
            now += Duration::from_millis(pause);
            assert_eq!((trouble.is_due(before), trouble.is_due(now)), (false, true), "{pause}");
        }
        for _ in 0..100 {
            trouble.failed(&away(), now);
        }
        assert!(trouble.is_due(now + PAUSE_MAX));
        trouble.ended();
        assert!(trouble.is_due(now) && trouble.cause().is_none());
        trouble.failed(&away(), now);
        assert!(trouble.is_due(now + PAUSE), "the first pause is short again");
    }

    #[test]
    fn a_failure_is_told_when_it_begins_changes_or_lasts() {
        let mut trouble = Trouble::default();
        let begun = clock::monotonic();
        let at = |ms: u64| begun + Duration::from_millis(ms);
        for (ms, cause, expected) in [
            (0, away(), true),
            (100, away(), false),
            (200, full(), true),
            (300, full(), false),
            (30_199, full(), false),
            (30_200, full(), true),
            (30_201, full(), false),
        ] {
            assert_eq!(trouble.failed(&cause, at(ms)), expected, "{cause} after {ms} ms");
        }
        assert!(trouble.waits(&full(), at(30_300)), "that the worker waits is news");
        assert!(!trouble.waits(&full(), at(30_400)) && !trouble.failed(&full(), at(30_400)));
        assert!(trouble.ended() && !trouble.ended(), "its end is told once");
        assert!(trouble.failed(&full(), at(30_500)), "it begins anew");
    }
}
