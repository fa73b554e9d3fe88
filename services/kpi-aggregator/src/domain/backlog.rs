//! How many cases are open or pending, at any instant that can still matter.
//!
//! Owns the running count of one set of dimensions by minute. Which windows are told of it is the matter of
//! `dispatch`.

use std::collections::BTreeMap;
use std::sync::Arc;

use kefu_contracts::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::window::{GRACE_MS, MINUTE_MS, minute_of};

/// How long a minute is remembered by itself: until the hour it is in is final for certain.
const REMEMBERED_MS: i64 = GRACE_MS + 61 * MINUTE_MS;

/// Minutes of an hour.
const HOUR: i64 = 60;

/// What happened in a minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Minute {
    /// Cases that entered the backlog less those that left it.
    change: i64,
    /// Whether the minute's row has something to tell beside the backlog.
    written: bool,
}

/// The minutes of an hour in which something happened, counted from 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hour {
    /// The sum of the minutes' changes.
    change: i64,
    minutes: BTreeMap<i64, Minute>,
}

/// Minutes by hour counted from 1970; hours in which nothing happened are left out. Copies share the hours: each step
/// of a processor may have to be undone, and touches few of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<i64, Minute>", into = "BTreeMap<i64, Minute>")]
struct Hours(BTreeMap<i64, Arc<Hour>>);

impl From<BTreeMap<i64, Minute>> for Hours {
    fn from(minutes: BTreeMap<i64, Minute>) -> Self {
        let mut hours = Self::default();
        for (number, minute) in minutes {
            hours.edit(number, |known| *known = minute);
        }
        hours
    }
}

impl From<Hours> for BTreeMap<i64, Minute> {
    fn from(hours: Hours) -> Self {
        hours.0.values().flat_map(|hour| hour.minutes.iter().map(|(number, minute)| (*number, *minute))).collect()
    }
}

impl Hours {
    fn edit(&mut self, minute: i64, edit: impl FnOnce(&mut Minute)) {
        let hour = Arc::make_mut(self.0.entry(minute.div_euclid(HOUR)).or_default());
        let known = hour.minutes.entry(minute).or_default();
        let before = known.change;
        edit(known);
        hour.change += known.change - before;
    }

    /// What happened in the minutes at `from` or after.
    fn from(&self, from: i64) -> impl Iterator<Item = (i64, Minute)> {
        let hours = self.0.range(from.div_euclid(HOUR)..);
        hours.flat_map(move |(_, hour)| hour.minutes.range(from..).map(|(number, minute)| (*number, *minute)))
    }

    /// The sum of the changes before a minute.
    fn sum_before(&self, minute: i64) -> i64 {
        let number = minute.div_euclid(HOUR);
        let whole: i64 = self.0.range(..number).map(|(_, hour)| hour.change).sum();
        let part = self.0.get(&number).map(|hour| hour.minutes.range(..minute).map(|(_, minute)| minute.change).sum());
        whole + part.unwrap_or(0)
    }

    /// Lets go of the minutes before `minute` and gives the sum of their changes.
    fn cut(&mut self, minute: i64) -> i64 {
        let sum = self.sum_before(minute);
        let number = minute.div_euclid(HOUR);
        self.0 = self.0.split_off(&number);
        if let Some(first) = self.0.get_mut(&number) {
            let hour = Arc::make_mut(first);
            hour.minutes = hour.minutes.split_off(&minute);
            hour.change = hour.minutes.values().map(|minute| minute.change).sum();
            if hour.minutes.is_empty() {
                self.0.remove(&number);
            }
        }
        sum
    }
}

/// The backlog of one set of dimensions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backlog {
    /// The sum of all changes before the minutes remembered.
    base: i64,
    minutes: Hours,
}

impl Backlog {
    /// Takes in a change in a minute. One that is older than what is remembered holds for all of it.
    pub fn change(&mut self, minute: i64, change: i64, now: Timestamp) {
        if minute < first_remembered(now) {
            self.base += change;
        } else {
            self.minutes.edit(minute, |known| known.change += change);
        }
    }

    /// Takes note that the minute has a row of its own.
    pub fn written(&mut self, minute: i64) {
        self.minutes.edit(minute, |known| known.written = true);
    }

    /// The minutes at `from` or after that have a row of their own.
    pub fn written_from(&self, from: i64) -> impl Iterator<Item = i64> {
        self.minutes.from(from).filter(|(_, minute)| minute.written).map(|(number, _)| number)
    }

    /// The cases open or pending at `end`.
    pub fn at(&self, end: Timestamp) -> i64 {
        // a minute counts from its first instant on
        self.base + self.minutes.sum_before(minute_of(end.plus_ms(MINUTE_MS - 1)))
    }

    /// Sums up the minutes that are final at `now`.
    pub fn fold(&mut self, now: Timestamp) {
        self.base += self.minutes.cut(first_remembered(now));
    }

    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        self.base == 0 && self.minutes.0.is_empty()
    }
}

fn first_remembered(now: Timestamp) -> i64 {
    minute_of(now.plus_ms(-REMEMBERED_MS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::window::minute_start;

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
            let levels: Vec<i64> = ends.iter().map(|end| backlog.at(minute_start(*end))).collect();
            prop_assert_eq!(levels, recount);
            let bytes = postcard::to_allocvec(&backlog).unwrap();
            prop_assert_eq!(postcard::from_bytes::<Backlog>(&bytes).unwrap(), backlog);
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
