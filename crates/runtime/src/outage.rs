//! Something that is away for a while.
//!
//! Owns when that is told: at once, then now and then, and when it is over. Trying again is the caller's matter.

use std::time::{Duration, Instant};

use crate::clock;

/// How often it is told while it lasts.
const TOLD_EVERY: Duration = Duration::from_secs(30);

/// Whether something is away, and when that was told.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    told: Option<Instant>,
}

impl Outage {
    /// It is away, still or anew; gives whether to tell that.
    pub(crate) fn lasts(&mut self) -> bool {
        self.lasts_at(clock::monotonic())
    }

    /// It is back; gives whether it had been away.
    pub(crate) fn is_over(&mut self) -> bool {
        self.told.take().is_some()
    }

    /// The same of an outage that is seen at `now`.
    pub(crate) fn lasts_at(&mut self, now: Instant) -> bool {
        let tells = self.told.is_none_or(|told| now.duration_since(told) >= TOLD_EVERY);
        if tells {
            self.told = Some(now);
        }
        tells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_at_once_and_then_now_and_then() {
        let begun = clock::monotonic();
        let mut outage = Outage::default();
        let tells: Vec<u64> = (0..95).filter(|s| outage.lasts_at(begun + Duration::from_secs(*s))).collect();
        assert_eq!(tells, [0, 30, 60, 90]);
        assert!(outage.is_over() && !outage.is_over());
        assert!(outage.lasts_at(begun + Duration::from_secs(96)), "another one");
    }
}
