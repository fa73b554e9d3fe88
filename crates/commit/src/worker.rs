//! A worker: which step comes when.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use crate::copy::{CopyDone, CopyStep, HotCopy, Write};

/// A stage of the service, and a partition of it.
pub type TaskId = (usize, i32);

/// What a worker does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Give up the open transaction: [`Worker::aborted`].
    Abort,
    /// Forget all states, and ask what is committed of all [`Worker::positions`]: [`Worker::went_back`].
    GoBack,
    /// Let the group give and take ([`Worker::take_over`], [`Worker::let_go`]), then [`Worker::served`].
    ServeGroup,
    /// Take a task over: [`Worker::copy_done`], or [`Worker::copy_failed`].
    Restore(TaskId, CopyStep),
    /// Take records and fire timers: [`Worker::begin`] before the first output, [`Worker::consumed`]. Then
    /// [`Worker::commit`] or [`Worker::end_turn`]; [`Worker::give_up`] if a hot copy is not this worker's any more.
    Work,
    /// Hand the changed states of all tasks to the open transaction: [`Worker::produced`].
    Produce,
    /// Hand all [`Worker::positions`] to the open transaction, under the group's membership: [`Worker::offsets_sent`];
    /// [`Worker::give_up`] if that was lost.
    SendOffsets,
    /// Commit the transaction: [`Worker::committed`], or [`Worker::aborted`] if that is not sure.
    EndTransaction,
    /// Write the committed states of all tasks that are [`Worker::behind`] to their hot copies: [`Worker::copy_done`]
    /// for each; [`Worker::copies_later`] if Redis is away, [`Worker::give_up`] if a copy is not its own any more.
    WriteCopies,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Aborting,
    Back,
    /// Between transactions, and the group must be asked.
    Between,
    /// The group was asked, and nothing is computed.
    Asked,
    Working,
    Producing,
    Sending,
    Ending,
    Copying,
}

/// A partition that is owned: next offsets of its inputs, and the hot copies of its stages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Partition<I> {
    positions: BTreeMap<I, i64>,
    copies: Vec<HotCopy>,
}

/// The protocol of one worker; `I` names an input topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Worker<I> {
    stages: usize,
    phase: Phase,
    /// Whether a transaction is open.
    open: bool,
    partitions: BTreeMap<i32, Partition<I>>,
    /// States handed to the open transaction, by task.
    sent: Vec<(TaskId, usize)>,
}

impl<I: Ord> Worker<I> {
    /// A worker of a service with so many stages.
    pub fn new(stages: usize) -> Self {
        Self { stages, phase: Phase::Between, open: false, partitions: BTreeMap::new(), sent: Vec::new() }
    }

    /// What is next.
    pub fn next(&self) -> Step {
        match self.phase {
            Phase::Aborting => Step::Abort,
            Phase::Back => Step::GoBack,
            Phase::Between => Step::ServeGroup,
            Phase::Asked => self.unrestored().map_or(Step::Work, |(task, step)| Step::Restore(task, step)),
            Phase::Working => Step::Work,
            Phase::Producing => Step::Produce,
            Phase::Sending => Step::SendOffsets,
            Phase::Ending => Step::EndTransaction,
            Phase::Copying => Step::WriteCopies,
        }
    }

    /// What is known of a task's hot copy.
    pub fn copy(&self, (stage, partition): TaskId) -> Option<&HotCopy> {
        self.partitions.get(&partition)?.copies.get(stage)
    }

    fn copy_mut(&mut self, (stage, partition): TaskId) -> Option<&mut HotCopy> {
        self.partitions.get_mut(&partition)?.copies.get_mut(stage)
    }

    /// The hot copies of the tasks owned.
    pub fn copies(&self) -> impl Iterator<Item = (TaskId, &HotCopy)> {
        self.partitions
            .iter()
            .flat_map(|(partition, of)| of.copies.iter().enumerate().map(|(stage, copy)| ((stage, *partition), copy)))
    }

    fn unrestored(&self) -> Option<(TaskId, CopyStep)> {
        self.copies().find_map(|(task, copy)| Some((task, copy.step()?)))
    }

    /// The tasks whose hot copies miss committed states.
    pub fn behind(&self) -> impl Iterator<Item = TaskId> {
        self.copies().filter_map(|(task, copy)| copy.is_behind().then_some(task))
    }

    /// Whether all tasks can be used, and what was computed counts.
    pub fn is_restored(&self) -> bool {
        !matches!(self.phase, Phase::Aborting | Phase::Back) && self.unrestored().is_none()
    }

    /// Whether a transaction is open.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The next offset of every input of every partition owned.
    pub fn positions(&self) -> impl Iterator<Item = (&I, i32, i64)> {
        self.partitions
            .iter()
            .flat_map(|(partition, of)| of.positions.iter().map(|(input, next)| (input, *partition, *next)))
    }

    /// The next offset of an input; none if its partition is not owned.
    pub fn position<Q: Ord + ?Sized>(&self, input: &Q, partition: i32) -> Option<i64>
    where
        I: Borrow<Q>,
    {
        self.partitions.get(&partition)?.positions.get(input).copied()
    }

    /// The partition came, with the offsets to start at.
    pub fn take_over(&mut self, partition: i32, starts: impl IntoIterator<Item = (I, i64)>) {
        let copies = vec![HotCopy::unclaimed(); self.stages];
        self.partitions.insert(partition, Partition { positions: starts.into_iter().collect(), copies });
    }

    /// The partition went.
    pub fn let_go(&mut self, partition: i32) {
        self.partitions.remove(&partition);
    }

    /// The group has told what it gives and takes.
    pub fn served(&mut self) {
        self.phase = Phase::Asked;
    }

    /// A write to a hot copy is about to be made; none if the task is not owned.
    pub fn write(&mut self, task: TaskId) -> Option<Write> {
        self.copy_mut(task).map(HotCopy::write)
    }

    /// A step on a hot copy was done.
    pub fn copy_done(&mut self, task: TaskId, done: CopyDone) {
        if let Some(copy) = self.copy_mut(task) {
            copy.done(done);
        }
        match self.phase {
            // who took long may have lost the next one meanwhile
            Phase::Asked if done == CopyDone::Noted => self.phase = Phase::Between,
            Phase::Copying if self.behind().next().is_none() => self.phase = Phase::Working,
            _ => {}
        }
    }

    /// Taking a task over failed: it begins anew, once the group was asked.
    pub fn copy_failed(&mut self, task: TaskId) {
        if let Some(copy) = self.copy_mut(task) {
            *copy = HotCopy::unclaimed();
        }
        self.phase = Phase::Between;
    }

    /// Something was computed; gives whether a transaction has to be begun for it.
    pub fn begin(&mut self) -> bool {
        self.phase = Phase::Working;
        !std::mem::replace(&mut self.open, true)
    }

    /// Records of an input were taken, up to before `next`.
    pub fn consumed<Q: Ord + ?Sized>(&mut self, input: &Q, partition: i32, next: i64)
    where
        I: Borrow<Q>,
    {
        let positions = self.partitions.get_mut(&partition).map(|of| &mut of.positions);
        if let Some(position) = positions.and_then(|positions| positions.get_mut(input)) {
            *position = next;
        }
    }

    /// The turn is over: unless a transaction is open, the group is next.
    pub fn end_turn(&mut self) {
        if !self.open {
            self.phase = Phase::Between;
        }
    }

    /// What was computed is to be committed.
    pub fn commit(&mut self) {
        self.sent.clear();
        self.phase = Phase::Producing;
    }

    /// All changed states were handed to the transaction: how many of each task.
    pub fn produced(&mut self, sent: impl IntoIterator<Item = (TaskId, usize)>) {
        self.sent.extend(sent);
        self.phase = Phase::Sending;
    }

    /// The offsets were handed to the transaction.
    pub fn offsets_sent(&mut self) {
        self.phase = Phase::Ending;
    }

    /// The transaction was committed.
    pub fn committed(&mut self) {
        self.open = false;
        for (task, states) in std::mem::take(&mut self.sent) {
            if let Some(copy) = self.copy_mut(task) {
                copy.committed(states);
            }
        }
        self.phase = if self.behind().next().is_some() { Phase::Copying } else { Phase::Working };
    }

    /// Redis is away: states stay in memory until after another commit.
    pub fn copies_later(&mut self) {
        self.phase = Phase::Working;
    }

    /// Nothing in memory counts any more.
    pub fn give_up(&mut self) {
        self.phase = if self.open { Phase::Aborting } else { Phase::Back };
    }

    /// The transaction was aborted, or that is not known: nothing in memory counts any more.
    pub fn aborted(&mut self) {
        self.open = false;
        self.phase = Phase::Back;
    }

    /// These offsets are committed.
    pub fn went_back(&mut self, offsets: impl IntoIterator<Item = (I, i32, i64)>) {
        for partition in self.partitions.values_mut() {
            partition.copies.fill(HotCopy::unclaimed());
        }
        for (input, partition, next) in offsets {
            if let Some(of) = self.partitions.get_mut(&partition) {
                of.positions.insert(input, next);
            }
        }
        self.phase = Phase::Between;
    }
}
