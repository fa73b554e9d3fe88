//! A task of a worker: its processor's states, where they are stored, and how far it is.
//!
//! Owns restore and the hot copy's upkeep. Processing and committing belong to `worker`.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use kefu_contracts::Timestamp;
use kefu_contracts::partition::PartitionBy;
use kefu_policy::Policies;
use kefu_processor::{Reached, Stage, Task, flow};

use super::changelog::ChangelogReader;
use super::client::{Connection, KafkaError};
use super::hot::{HotChange, HotError, HotStates, Mark};
use super::retry::retry_topic;

/// The name of a stage's changelog, without prefix.
pub(crate) fn changelog_name(stage: &Stage) -> String {
    format!("{}.{}.changelog", stage.service, stage.name)
}

/// The name of a task's partition in Redis.
pub(crate) fn hot_name(stage: &Stage, partition: i32) -> String {
    format!("{}.{}.{partition}", stage.service, stage.name)
}

/// A task and where it stands.
pub(crate) struct Owned {
    pub(crate) stage: usize,
    pub(crate) partition: i32,
    pub(crate) task: Box<dyn Task>,
    /// Full name of the changelog.
    pub(crate) changelog: String,
    /// Full names of the inputs.
    pub(crate) inputs: Vec<String>,
    /// Everything up to here was seen and done, pass by pass.
    pub(crate) reached: Vec<Timestamp>,
    /// What was published last.
    pub(crate) published: Vec<Timestamp>,
    /// Name of the partition in Redis.
    hot_name: String,
    mark: Mark,
    /// The changelog's next offset, as far as this task can know: never above the true one.
    changelog_next: i64,
    /// Committed states that Redis does not have yet.
    pinned: HashMap<Arc<str>, Option<Vec<u8>>>,
}

impl Owned {
    pub(crate) fn new(stage_index: usize, stage: &Stage, partition: i32, connection: &Connection) -> Self {
        let passes = flow::passes(stage.stage_name()).len();
        let inputs = stage.inputs.iter().map(|topic| connection.topic(topic));
        Self {
            stage: stage_index,
            partition,
            task: stage.new_task(),
            changelog: connection.topic_named(&changelog_name(stage)),
            inputs: inputs.chain([connection.topic_named(&retry_topic(stage.service))]).collect(),
            reached: vec![Timestamp::MIN; passes + 1],
            published: vec![Timestamp::MIN; passes + 1],
            hot_name: hot_name(stage, partition),
            mark: Mark { incarnation: incarnation(), watermark: -1 },
            changelog_next: 0,
            pinned: HashMap::new(),
        }
    }

    /// Up to when its timers may fire.
    pub(crate) fn reached(&self) -> Reached {
        let at = |instant: Option<&Timestamp>| instant.copied().unwrap_or(Timestamp::MIN);
        Reached { complete: at(self.reached.first()), settled: at(self.reached.last()) }
    }

    /// Takes the partition over: brings Redis up to the end of the changelog, and rebuilds the timers from it.
    /// Gives how many states were read back.
    pub(crate) fn restore(
        &mut self,
        reader: &ChangelogReader,
        hot: &mut HotStates,
        policies: &Policies,
        stage: &str,
    ) -> Result<u64, LoadError> {
        let had = hot.claim(&self.hot_name, &self.mark.incarnation)?;
        let (low, end) = reader.settled_range(&self.changelog, self.partition)?;
        let from = match had {
            Some(watermark) if watermark <= end => watermark,
            // nothing, or a copy of another changelog
            Some(_) | None => {
                hot.clear(&self.hot_name, &self.mark.incarnation)?;
                low
            }
        };
        self.mark.watermark = had.filter(|watermark| *watermark == from).unwrap_or(-1);
        let mut restored = 0;
        let (hot_name, mark) = (&self.hot_name, &mut self.mark);
        let end = reader.replay(&self.changelog, self.partition, from, |stretch, next| {
            restored += stretch.len() as u64;
            let changes: Vec<HotChange> = stretch.into_iter().collect();
            for some in stretches(&changes) {
                hot.write(hot_name, mark, mark.watermark, some)?;
            }
            hot.write(hot_name, mark, next, &[])?;
            mark.watermark = next;
            Ok::<(), LoadError>(())
        })?;
        if self.mark.watermark != end {
            hot.write(&self.hot_name, &self.mark, end, &[])?;
            self.mark.watermark = end;
        }
        self.changelog_next = end;
        self.pinned.clear();
        hot.set_whole(&self.hot_name, &self.mark)?;
        self.note_stored(hot, policies, stage)?;
        Ok(restored)
    }

    /// Where Redis should have it, and up to where.
    pub(crate) fn hot_mark(&self) -> (&str, &Mark) {
        (&self.hot_name, &self.mark)
    }

    /// Takes note of every stored state: its timer, and whether it knows the policies.
    pub(crate) fn note_stored(
        &mut self,
        hot: &mut HotStates,
        policies: &Policies,
        stage: &str,
    ) -> Result<(), LoadError> {
        let task = &mut self.task;
        let mut failed = None;
        hot.each(&self.hot_name, &self.mark, |key, bytes| {
            if let Err(error) = task.note(Arc::from(key), &bytes, policies) {
                failed = Some(error);
            }
        })?;
        match failed {
            Some(error) => Err(KafkaError::State { stage: stage.to_owned(), error }.into()),
            None => Ok(()),
        }
    }

    /// Loads the states of `keys`.
    pub(crate) fn load(&mut self, keys: Vec<Arc<str>>, hot: &mut HotStates, stage: &str) -> Result<(), LoadError> {
        for some in keys.chunks(READ_CHUNK) {
            let read = hot.read(&self.hot_name, &self.mark, some)?;
            for (key, stored) in some.iter().zip(read) {
                let bytes = self.pinned.get(key).cloned().unwrap_or(stored);
                self.task
                    .supply(key.clone(), bytes.as_deref())
                    .map_err(|error| KafkaError::State { stage: stage.to_owned(), error })?;
            }
        }
        Ok(())
    }

    /// Takes note of states that were committed to the changelog.
    pub(crate) fn committed(&mut self, changes: Vec<HotChange>) {
        if changes.is_empty() {
            return;
        }
        // the records and the marker of their transaction
        self.changelog_next += i64::try_from(changes.len()).unwrap_or(i64::MAX) + 1;
        self.pinned.extend(changes);
    }

    /// Writes what was committed to Redis; on success states beyond `keep` go from memory.
    pub(crate) fn warm(&mut self, hot: &mut HotStates, keep: usize) -> Result<(), HotError> {
        if !self.pinned.is_empty() {
            let changes: Vec<HotChange> = self.pinned.iter().map(|(key, bytes)| (key.clone(), bytes.clone())).collect();
            let (last, before) = changes.split_at(changes.len().saturating_sub(1));
            for some in stretches(before) {
                hot.write(&self.hot_name, &self.mark, self.mark.watermark, some)?;
            }
            hot.write(&self.hot_name, &self.mark, self.changelog_next, last)?;
            self.mark.watermark = self.changelog_next;
            self.pinned.clear();
        }
        self.task.shrink(keep);
        Ok(())
    }
}

/// States and bytes in one call to Redis; keeps its script short and its answer in time.
const WRITE_CHUNK: usize = 1000;
const WRITE_BYTES: usize = 8 << 20;
const READ_CHUNK: usize = 1000;

/// Changes in pieces for one call each.
fn stretches(changes: &[HotChange]) -> impl Iterator<Item = &[HotChange]> {
    let mut left = changes;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = left.iter().take(WRITE_CHUNK).take_while(|(_, state)| {
            let before = bytes;
            bytes += state.as_ref().map_or(0, Vec::len);
            before == 0 || bytes <= WRITE_BYTES
        });
        let (some, rest) = left.split_at(fits.count());
        left = rest;
        (!some.is_empty()).then_some(some)
    })
}

/// Why a state could not be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// Redis is away or lost its memory.
    #[error(transparent)]
    Hot(#[from] HotError),
    /// The state cannot be used.
    #[error(transparent)]
    State(#[from] KafkaError),
}

/// A random id of one assignment.
fn incarnation() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

/// The partition that a record with `key` belongs to.
pub(crate) fn partition_of(by: PartitionBy, key: &str, partitions: i32) -> i32 {
    let partition = by.partition(key, u32::try_from(partitions).unwrap_or(1));
    i32::try_from(partition).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_to_redis_takes_many_small_states_or_few_large_ones() {
        let changes = |count: usize, bytes: usize| -> Vec<HotChange> {
            (0..count).map(|number| (Arc::from(number.to_string()), Some(vec![0; bytes]))).collect()
        };
        let lengths = |changes: &[HotChange]| -> Vec<usize> { stretches(changes).map(<[HotChange]>::len).collect() };
        assert_eq!(lengths(&changes(2_500, 10)), [1_000, 1_000, 500]);
        assert_eq!(lengths(&changes(5, 3 << 20)), [2, 2, 1]);
        assert_eq!(lengths(&changes(2, 9 << 20)), [1, 1], "one always goes");
        assert_eq!(lengths(&changes(3, 0)), [3]);
        assert!(lengths(&[]).is_empty());
    }
}
