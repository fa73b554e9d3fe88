//! How many messages a worker takes at once.
//!
//! A transaction has a time limit at the broker, and a batch is in one transaction. How long a record takes differs by
//! orders of magnitude, with the service, its states and what else runs on the machine, so the size follows from how
//! long the last batches took. It begins small: a transaction that took too long must not be tried again as it was.

use std::time::Duration;

use crate::kafka::fetch::BATCH_MAX;

/// The first batch, and the smallest after slow ones.
const FEW: usize = 500;
const FEWEST: usize = 10;
/// A full batch that took less makes the next one twice as large.
const FAST: Duration = Duration::from_millis(250);
/// One that took more makes the next one half as large.
const SLOW: Duration = Duration::from_secs(1);

/// The size of the next batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchSize(usize);

impl Default for BatchSize {
    fn default() -> Self {
        Self(FEW)
    }
}

impl BatchSize {
    /// The most messages to take.
    pub(super) fn most(self) -> usize {
        self.0
    }

    /// A batch of `count` messages took so long.
    pub(super) fn took(&mut self, count: usize, long: Duration) {
        if long > SLOW {
            self.0 = (self.0 / 2).max(FEWEST);
        } else if long < FAST && count >= self.0 {
            self.0 = (self.0 * 2).min(BATCH_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_while_full_batches_are_fast_and_shrinks_while_they_are_slow() {
        let mut size = BatchSize::default();
        size.took(FEW - 1, Duration::ZERO);
        assert_eq!(size.most(), FEW, "nothing says that more would come");
        for _ in 0..10 {
            size.took(size.most(), FAST / 2);
        }
        assert_eq!(size.most(), BATCH_MAX);
        size.took(BATCH_MAX, SLOW);
        assert_eq!(size.most(), BATCH_MAX);
        for _ in 0..20 {
            size.took(size.most(), SLOW * 2);
        }
        assert_eq!(size.most(), FEWEST);
    }
}
