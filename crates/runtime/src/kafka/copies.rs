//! Writing to the hot copies.
//!
//! Owns how states are cut into calls, and how the tasks of a worker share a round trip. What a call holds, and its
//! guard, is `hot`'s matter; when to write is the worker's.

use std::collections::{BTreeMap, VecDeque};

use kefu_commit::{CopyDone, HotCopy, TaskId};

use super::hot::{HotChange, HotError, HotStates, HotWrite};
use super::tasks::{Owned, Protocol};

/// States in one call: keeps its script short.
const CALL_STATES: usize = 1000;
/// Bytes of states in one round trip, by and large: keeps its answers in time.
const ROUND_BYTES: usize = 8 << 20;

/// The tasks of a worker.
pub(crate) type Tasks = BTreeMap<TaskId, Owned>;

/// What a task's copy does not have yet.
pub(super) struct Lag<'c> {
    pub(super) task: TaskId,
    /// Name of the partition in Redis.
    pub(super) partition: &'c str,
    pub(super) changes: &'c [HotChange],
    /// With all of them it has the changelog up to here.
    pub(super) end: i64,
}

/// Writes to Redis what was committed; what it did not take stays in memory.
pub(crate) fn write_copies(tasks: &mut Tasks, protocol: &mut Protocol, hot: &mut HotStates) -> Result<(), HotError> {
    let behind: Vec<TaskId> = protocol.behind().collect();
    let unpinned = |task: TaskId| Some((task, tasks.get_mut(&task)?.unpinned()));
    let changes: BTreeMap<TaskId, Vec<HotChange>> = behind.into_iter().filter_map(unpinned).collect();
    let lags = changes.iter().filter_map(|(task, changes)| {
        let end = protocol.copy(*task).map(HotCopy::end)?;
        Some(Lag { task: *task, partition: &tasks.get(task)?.hot_name, changes, end })
    });
    let written = catch_up(lags.collect(), protocol, hot);
    let behind: Vec<TaskId> = protocol.behind().collect();
    for (task, changes) in changes {
        if let Some(owned) = tasks.get_mut(&task).filter(|_| behind.contains(&task)) {
            owned.committed(changes);
        }
    }
    if !behind.is_empty() {
        protocol.copies_later();
    }
    written
}

/// Writes until no copy lags, or one could not be written.
pub(super) fn catch_up(
    mut lags: VecDeque<Lag<'_>>,
    protocol: &mut Protocol,
    hot: &mut HotStates,
) -> Result<(), HotError> {
    while !lags.is_empty() {
        let counts = round(&lags);
        let writes: Vec<HotWrite<'_>> =
            lags.iter().zip(&counts).filter_map(|(lag, count)| lag.write(*count, protocol)).collect();
        if writes.len() < counts.len() {
            return Err(HotError::Lost);
        }
        let watermarks: Vec<Option<i64>> = writes.iter().map(|write| write.watermark).collect();
        let answers = hot.write_each(&writes);
        let mut failed = None;
        for ((count, watermark), answer) in counts.into_iter().zip(watermarks).zip(answers) {
            let Some(lag) = lags.pop_front() else { break };
            match answer {
                Ok(()) => protocol.copy_done(lag.task, CopyDone::Wrote { watermark }),
                Err(error) => failed = failed.or(Some(error)),
            }
            if watermark.is_none() {
                lags.push_back(Lag { changes: lag.changes.get(count..).unwrap_or_default(), ..lag });
            }
        }
        failed.map_or(Ok(()), Err)?;
    }
    Ok(())
}

/// How many states of each of the first lags go with the next round trip; at least one, where there is any.
fn round(lags: &VecDeque<Lag<'_>>) -> Vec<usize> {
    let mut bytes = 0;
    let mut counts = Vec::with_capacity(lags.len());
    for lag in lags {
        let fits = lag.changes.iter().take(CALL_STATES).take_while(|(_, state)| {
            let before = bytes;
            bytes += state.as_ref().map_or(0, Vec::len);
            before == 0 || bytes <= ROUND_BYTES
        });
        let count = fits.count();
        if count == 0 && !lag.changes.is_empty() {
            break;
        }
        counts.push(count);
    }
    counts
}

impl<'c> Lag<'c> {
    /// The call for the first `count` states.
    fn write(&self, count: usize, protocol: &mut Protocol) -> Option<HotWrite<'c>> {
        let (changes, left) = self.changes.split_at_checked(count)?;
        let write = protocol.write(self.task)?;
        Some(HotWrite { partition: self.partition, write, watermark: left.is_empty().then_some(self.end), changes })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn changes(count: usize, bytes: usize) -> Vec<HotChange> {
        (0..count).map(|number| (Arc::from(number.to_string()), Some(vec![0; bytes]))).collect()
    }

    /// The states of each call of the next round trip.
    fn calls(tasks: &[Vec<HotChange>]) -> Vec<usize> {
        round(&tasks.iter().map(|changes| Lag { task: (0, 0), partition: "p", changes, end: 9 }).collect())
    }

    #[test]
    fn a_call_takes_many_small_states_or_few_large_ones() {
        assert_eq!(calls(&[changes(2_500, 10)]), [1_000]);
        assert_eq!(calls(&[changes(5, 3 << 20)]), [2]);
        assert_eq!(calls(&[changes(2, 9 << 20)]), [1], "one always goes");
        assert_eq!(calls(&[changes(3, 0)]), [3]);
    }

    #[test]
    fn tasks_share_a_round_trip_until_it_is_full() {
        assert_eq!(calls(&[changes(2_500, 10), changes(0, 0), changes(3, 10)]), [1_000, 0, 3]);
        assert_eq!(calls(&[changes(2, 3 << 20), changes(2, 3 << 20), changes(1, 1)]), [2]);
        assert!(calls(&[]).is_empty());
    }
}
