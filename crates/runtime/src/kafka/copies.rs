//! Writing what was committed to the hot copies.
//!
//! Owns how the tasks of a worker share a round trip. What a call holds, and its guard, is `hot`'s matter.

use std::collections::BTreeMap;

use kefu_commit::{CopyDone, HotCopy, TaskId};

use super::hot::{HotError, HotStates, HotWrite};
use super::tasks::{Owned, Protocol};

/// The tasks of a worker.
pub(crate) type Tasks = BTreeMap<TaskId, Owned>;

/// Writes to Redis what was committed; what it did not take stays in memory.
pub(crate) fn write_copies(tasks: &mut Tasks, protocol: &mut Protocol, hot: &mut HotStates) -> Result<(), HotError> {
    let behind: Vec<TaskId> = protocol.behind().collect();
    let has_little = |id: &TaskId| tasks.get(id).is_some_and(Owned::has_little);
    let (little, much): (Vec<TaskId>, Vec<TaskId>) = behind.into_iter().partition(has_little);
    write_together(&little, tasks, protocol, hot)?;
    for id in much {
        let Some(task) = tasks.get_mut(&id) else { continue };
        task.write_copy(protocol, hot)?;
    }
    if protocol.behind().next().is_some() {
        protocol.copies_later();
    }
    Ok(())
}

/// Writes the copies of tasks in one round trip.
fn write_together(
    ids: &[TaskId],
    tasks: &mut Tasks,
    protocol: &mut Protocol,
    hot: &mut HotStates,
) -> Result<(), HotError> {
    let mut due = Vec::with_capacity(ids.len());
    for id in ids {
        let watermark = protocol.copy(*id).map(HotCopy::end);
        if let (Some(task), Some(write)) = (tasks.get_mut(id), protocol.write(*id)) {
            due.push((*id, write, watermark, task.unpinned()));
        }
    }
    let writes: Vec<HotWrite<'_>> = due
        .iter()
        .filter_map(|(id, write, watermark, changes)| {
            let partition = &tasks.get(id)?.hot_name;
            Some(HotWrite { partition, write: *write, watermark: *watermark, changes })
        })
        .collect();
    let answers = hot.write_each(&writes);
    let mut all = Ok(());
    for ((id, _, watermark, changes), answer) in due.into_iter().zip(answers) {
        match answer {
            Ok(()) => protocol.copy_done(id, CopyDone::Wrote { watermark }),
            Err(error) => {
                if let Some(task) = tasks.get_mut(&id) {
                    task.committed(changes);
                }
                all = all.and(Err(error));
            }
        }
    }
    all
}
