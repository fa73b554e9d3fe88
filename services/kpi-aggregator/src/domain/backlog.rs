//! How many cases are open or pending, at any instant that can still matter.
//!
//! Owns the running count of one set of dimensions by minute. Which windows are told of it is the matter of
//! `dispatch`.

use std::collections::BTreeMap;

use kefu_contracts::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::window::{GRACE_MS, MINUTE_MS, minute_of, minute_start};

/// How long a minute is remembered by itself: until the hour it is in is final for certain.
const REMEMBERED_MS: i64 = GRACE_MS + 61 * MINUTE_MS;

/// What happened in a minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Minute {
    /// Cases that entered the backlog less those that left it.
    change: i64,
    /// Whether the minute's row has something to tell beside the backlog.
    written: bool,
}

/// The backlog of one set of dimensions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backlog {
    /// The sum of all changes before the minutes remembered.
    base: i64,
    /// By minute counted from 1970; minutes in which nothing happened are left out.
    minutes: BTreeMap<i64, Minute>,
}

impl Backlog {
    /// Takes in a change in a minute. One that is older than what is remembered holds for all of it.
    pub fn change(&mut self, minute: i64, change: i64, now: Timestamp) {
        if minute < first_remembered(now) {
            self.base += change;
        } else {
            self.minutes.entry(minute).or_default().change += change;
        }
    }

    /// Takes note that the minute has a row of its own.
    pub fn written(&mut self, minute: i64) {
        self.minutes.entry(minute).or_default().written = true;
    }

    /// The minutes at `from` or after that have a row of their own.
    pub fn written_from(&self, from: i64) -> impl Iterator<Item = i64> {
        self.minutes.range(from..).filter(|(_, minute)| minute.written).map(|(number, _)| *number)
    }

    /// The cases open or pending at each of `ends`, which must be in order.
    pub fn at_each(&self, ends: impl Iterator<Item = Timestamp>) -> Vec<i64> {
        let mut minutes = self.minutes.iter().peekable();
        let mut open = self.base;
        let level = ends.map(|end| {
            while let Some((_, minute)) = minutes.next_if(|(number, _)| minute_start(**number) < end) {
                open += minute.change;
            }
            open
        });
        level.collect()
    }

    /// The cases open or pending at `end`.
    pub fn at(&self, end: Timestamp) -> i64 {
        self.at_each(std::iter::once(end)).first().copied().unwrap_or(self.base)
    }

    /// Sums up the minutes that are final at `now`.
    pub fn fold(&mut self, now: Timestamp) {
        let rest = self.minutes.split_off(&first_remembered(now));
        let folded = std::mem::replace(&mut self.minutes, rest);
        self.base += folded.values().map(|minute| minute.change).sum::<i64>();
    }

    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        self.base == 0 && self.minutes.is_empty()
    }
}

fn first_remembered(now: Timestamp) -> i64 {
    minute_of(now.plus_ms(-REMEMBERED_MS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(10_000 * MINUTE_MS);

    proptest! {
        /// Against a recount of all changes, with folding at any time.
        #[test]
        fn agrees_with_a_recount(
            changes in proptest::collection::vec((5_000_i64..10_000, -3_i64..4), 0..60),
            fold_after in 0_usize..60,
            ends in proptest::collection::btree_set(7_100_i64..10_001, 1..20),
        ) {
            let mut backlog = Backlog::default();
            for (index, (minute, change)) in changes.iter().enumerate() {
                backlog.change(*minute, *change, NOW);
                if index == fold_after {
                    backlog.fold(NOW);
                }
            }
            let recount: Vec<i64> = ends
                .iter()
                .map(|end| changes.iter().filter(|(minute, _)| minute < end).map(|(_, change)| change).sum())
                .collect();
            prop_assert_eq!(backlog.at_each(ends.iter().map(|end| minute_start(*end))), recount);
        }
    }

    #[test]
    fn folding_keeps_the_count_and_forgets_the_minutes() {
        let mut backlog = Backlog::default();
        backlog.change(9_999, 2, NOW);
        backlog.written(9_999);
        let later = NOW.plus_ms(REMEMBERED_MS + 2 * MINUTE_MS);
        backlog.fold(later);
        assert_eq!(backlog.at(later), 2);
        assert_eq!(backlog.written_from(0).count(), 0);
        backlog.change(9_998, -2, later);
        assert!(backlog.is_empty());
    }
}
