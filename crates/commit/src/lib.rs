//! The commit protocol of a worker on Kafka and Redis, as a state machine of plain data.
//!
//! Owns the order of what a worker does and what each thing rests on: when the group may give and take, from which
//! offset a task's states are read back, when they count, what goes into a transaction, when Redis may have it, and
//! what is thrown away when a transaction fails. A [`Worker`] names the next [`Step`]; whoever drives it does that and
//! says what came of it. It knows neither time nor clients, nor the values of states.
//!
//! The rules, each with a test in `tests/model` that shows what happens without it:
//!
//! - Partitions come and go only between transactions, and the group is asked before each claim of a hot copy: whoever
//!   lost a partition without knowing it would take the copy from its owner again and again.
//! - A task is restored in this order: claim the hot copy under a new incarnation, wait until the changelog shows every
//!   transaction that wrote to it before, read it from where the copy is (from the start, with the copy cleared, if it
//!   has nothing), mark the copy as whole, take note of the timers.
//! - What is restored does not rest on the transactional id: it may be taken over at any time before the first
//!   transaction. Until then the group alone keeps whoever had the partitions before from committing.
//! - A transaction holds outputs, changed states, and the offsets of *all* partitions owned, changed or not, under the
//!   membership they were assigned to: that fences whoever lost one.
//! - Redis gets states after their commit. Until then, and until Redis said so, they stay in memory.
//! - Each write to Redis names the incarnation and the write before it, and has a number that no other has, also none
//!   that failed: what comes late, twice, or after Redis lost an earlier one, is refused, now or with the next write.
//! - If a transaction fails, whatever the reason and though it may have gone through, nothing in memory counts any
//!   more: positions go back to what is committed, and all tasks are restored.

#![forbid(unsafe_code)]

mod copy;
mod worker;

pub use copy::{CopyDone, CopyStep, HotCopy, Mark, Write};
pub use worker::{Step, TaskId, Worker};
