//! A task of a worker: its processor's states, where they are stored, and how far it is.
//!
//! Owns the steps of a restore and the hot copy's upkeep; which step comes when is `kefu_commit`'s matter. Processing
//! and committing belong to `worker`.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use kefu_commit::{CopyDone, CopyStep, HotCopy, Mark, TaskId};
use kefu_contracts::Timestamp;
use kefu_contracts::partition::PartitionBy;
use kefu_policy::Policies;
use kefu_processor::{Reached, Stage, Task, flow};

use super::changelog::ChangelogReader;
use super::client::{Connection, KafkaError};
use super::copies::{Lag, catch_up};
use super::fetch::Fetched;
use super::hot::{HotChange, HotError, HotStates};
use super::pinned::Pinned;
use super::retry::retry_topic;
use crate::clock;
use crate::trace::waiting::Waiting;
use crate::trace::{self, TraceContext};

/// The name of a stage's changelog, without prefix.
pub(crate) fn changelog_name(stage: &Stage) -> String {
    format!("{}.{}.changelog", stage.service, stage.name)
}

/// The name of a task's partition in Redis.
pub(crate) fn hot_name(stage: &Stage, partition: i32) -> String {
    format!("{}.{}.{partition}", stage.service, stage.name)
}

/// The commit protocol of a worker; inputs by full topic name.
pub(crate) type Protocol = kefu_commit::Worker<String>;

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
    pub(crate) hot_name: String,
    /// What was read back when it was taken over.
    pub(crate) restored: Restored,
    /// Traces of records whose keys wait for a timer.
    pub(crate) traces: Waiting,
    /// Committed states that Redis does not have yet.
    pinned: Pinned,
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
            restored: Restored::default(),
            traces: Waiting::default(),
            pinned: Pinned::default(),
        }
    }

    /// Up to when its timers may fire.
    pub(crate) fn reached(&self) -> Reached {
        let at = |instant: Option<&Timestamp>| instant.copied().unwrap_or(Timestamp::MIN);
        Reached { complete: at(self.reached.first()), settled: at(self.reached.last()) }
    }

    /// Does one step of a takeover. `protocol` hears of what is written on the way.
    pub(crate) fn restore(
        &mut self,
        step: CopyStep,
        protocol: &mut Protocol,
        reader: &ChangelogReader,
        hot: &mut HotStates,
        policies: &Policies,
        stage: &str,
    ) -> Result<CopyDone, LoadError> {
        let mark = self.mark(protocol);
        Ok(match step {
            CopyStep::Claim => {
                let incarnation = incarnation();
                CopyDone::Claimed { incarnation, had: hot.claim(&self.hot_name, incarnation)? }
            }
            CopyStep::Settle => {
                let (low, end) = reader.settled_range(&self.changelog, self.partition)?;
                CopyDone::Settled { low, end }
            }
            CopyStep::Clear => {
                self.restored.whole = true;
                self.clear(protocol, hot)?
            }
            CopyStep::Replay { from } => CopyDone::Replayed { end: self.replay(from, protocol, reader, hot)? },
            CopyStep::MarkWhole => {
                hot.set_whole(&self.hot_name, mark)?;
                CopyDone::Whole
            }
            CopyStep::Note => {
                self.note_stored(mark, hot, policies, stage)?;
                CopyDone::Noted
            }
        })
    }

    /// Brings the hot copy from `from` to the end of the changelog, which it gives.
    fn replay(
        &mut self,
        from: i64,
        protocol: &mut Protocol,
        reader: &ChangelogReader,
        hot: &mut HotStates,
    ) -> Result<i64, LoadError> {
        let mut restored = 0;
        let end = reader.replay(&self.changelog, self.partition, from, |stretch, next| {
            restored += stretch.len() as u64;
            let changes: Vec<HotChange> = stretch.into_iter().collect();
            self.write(&changes, next, protocol, hot).map_err(LoadError::from)
        })?;
        if protocol.copy(self.id()).is_some_and(|copy| copy.watermark() != end) {
            self.write(&[], end, protocol, hot)?;
        }
        self.restored.states += restored;
        Ok(end)
    }

    fn clear(&self, protocol: &mut Protocol, hot: &mut HotStates) -> Result<CopyDone, HotError> {
        for buckets in HotStates::parts() {
            let Some(write) = protocol.write(self.id()) else { return Err(HotError::Lost) };
            hot.clear(&self.hot_name, write, buckets)?;
            protocol.copy_done(self.id(), CopyDone::ClearedSome);
        }
        Ok(CopyDone::Cleared)
    }

    /// Writes states to the hot copy, which then has the changelog up to `end`.
    fn write(
        &self,
        changes: &[HotChange],
        end: i64,
        protocol: &mut Protocol,
        hot: &mut HotStates,
    ) -> Result<(), HotError> {
        let lag = Lag { task: self.id(), partition: &self.hot_name, changes, end };
        catch_up([lag].into(), protocol, hot)
    }

    /// Its stage and partition.
    pub(crate) fn id(&self) -> TaskId {
        (self.stage, self.partition)
    }

    /// What the hot copy must say of itself to be this worker's.
    pub(crate) fn mark(&self, protocol: &Protocol) -> Mark {
        protocol.copy(self.id()).map_or(Mark { incarnation: 0, version: 0 }, HotCopy::mark)
    }

    /// Takes note of every stored state: its timer, and whether it knows the policies.
    pub(crate) fn note_stored(
        &mut self,
        mark: Mark,
        hot: &mut HotStates,
        policies: &Policies,
        stage: &str,
    ) -> Result<(), LoadError> {
        let task = &mut self.task;
        let mut failed = None;
        hot.each(&self.hot_name, mark, |key, bytes| {
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
    pub(crate) fn load(
        &mut self,
        keys: &[Arc<str>],
        mark: Mark,
        hot: &mut HotStates,
        stage: &str,
    ) -> Result<(), LoadError> {
        for some in keys.chunks(READ_CHUNK) {
            let read = hot.read(&self.hot_name, mark, some)?;
            for (key, stored) in some.iter().zip(read) {
                let bytes = self.pinned.get(key).cloned().unwrap_or(stored);
                self.task
                    .supply(key.clone(), bytes.as_deref())
                    .map_err(|error| KafkaError::State { stage: stage.to_owned(), error })?;
            }
        }
        Ok(())
    }

    /// The exported traces of the queued records, each with the key that it may have to wait for.
    pub(crate) fn queued_traces(&self, fetched: &[Fetched<'_>]) -> Vec<(Arc<str>, TraceContext)> {
        if !trace::is_exporting() {
            return Vec::new();
        }
        let of = |index: usize| fetched.get(index).and_then(Fetched::traceparent).and_then(TraceContext::parse);
        let traces = self.task.queued().into_iter().filter_map(|(index, key)| Some((key, of(index)?)));
        traces.filter(|(_, context)| context.is_sampled()).collect()
    }

    /// Remembers traces, in case a timer writes what their records lead to.
    pub(crate) fn remember_traces(&mut self, traces: Vec<(Arc<str>, TraceContext)>) {
        let now = clock::monotonic();
        for (key, context) in traces {
            self.traces.note(&key, context, now);
        }
    }

    /// Takes note of states that were committed to the changelog.
    pub(crate) fn committed(&mut self, changes: Vec<HotChange>) {
        self.pinned.extend(changes);
    }

    /// Takes out of memory what Redis does not have; [`Self::committed`] puts it back.
    pub(super) fn unpinned(&mut self) -> Vec<HotChange> {
        self.pinned.take()
    }

    /// Memory taken by states that Redis does not have.
    pub(crate) fn pinned_bytes(&self) -> usize {
        self.pinned.bytes()
    }

    /// Lets go of states beyond `keep` that Redis has.
    pub(crate) fn shrink(&mut self, keep: usize) {
        if self.pinned.is_empty() {
            self.task.shrink(keep);
        }
    }
}

/// States read in one call to Redis: keeps its script short and its answer in time.
const READ_CHUNK: usize = 1000;

/// What was read back when a partition was taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Restored {
    /// States read from the changelog.
    pub(crate) states: u64,
    /// Whether the whole changelog was read, because Redis had nothing that could be used.
    pub(crate) whole: bool,
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
fn incarnation() -> u128 {
    let random = || u128::from(RandomState::new().build_hasher().finish());
    random() << 64 | random()
}

/// The partition that a record with `key` belongs to.
pub(crate) fn partition_of(by: PartitionBy, key: &str, partitions: i32) -> i32 {
    let partition = by.partition(key, u32::try_from(partitions).unwrap_or(1));
    i32::try_from(partition).unwrap_or(0)
}
