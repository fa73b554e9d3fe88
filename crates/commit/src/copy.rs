//! The hot copy of one task's states: taking it over, and keeping it up to date.

/// What a hot copy says of itself; a worker expects it whenever it writes to the copy or reads from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// A random id of one claim.
    pub incarnation: u128,
    /// The number of the last write under this incarnation. The watermark would not do: a batch of states takes several
    /// writes, and the watermark only moves with the last of them.
    pub version: u64,
}

/// A write that is about to be made.
///
/// Its number was never used before, also not by a write that failed: that one may still come, and what it leaves must
/// not look like what this one leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// What the copy must say of itself.
    pub expected: Mark,
    /// Its version after that.
    pub version: u64,
}

/// What is next to be done to take a task over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CopyStep {
    /// Set a new incarnation, take the copy's word back that it is whole, and ask up to where it has the changelog.
    Claim,
    /// Wait until every transaction is over that has written to the changelog up to now, and ask for its range.
    Settle,
    /// Empty the copy.
    Clear,
    /// Read the changelog from here to its end into the copy.
    Replay {
        /// The first offset.
        from: i64,
    },
    /// Say that the copy has everything.
    MarkWhole,
    /// Take note of the timers of every state.
    Note,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CopyDone {
    /// The copy was claimed.
    Claimed {
        /// The new incarnation.
        incarnation: u128,
        /// Up to where the copy has the changelog; none if it has nothing.
        had: Option<i64>,
    },
    /// The changelog is settled.
    Settled {
        /// Its first offset.
        low: i64,
        /// The offset after its last one.
        end: i64,
    },
    /// A part of the copy was emptied, in one write. Its watermark was taken back with the first of them.
    ClearedSome,
    /// All of the copy was emptied.
    Cleared,
    /// States were written, or nothing but the watermark, in one write.
    Wrote {
        /// Up to where the copy has the changelog now; none while more states up to there follow.
        watermark: Option<i64>,
    },
    /// The changelog was read.
    Replayed {
        /// The offset that follows.
        end: i64,
    },
    /// The copy is marked as whole.
    Whole,
    /// The timers are known.
    Noted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Unclaimed,
    Claimed,
    Stale { low: i64 },
    Replaying { from: i64 },
    Complete,
    Whole,
    Ready,
}

/// What is known of the hot copy of one task.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HotCopy {
    phase: Phase,
    mark: Mark,
    /// The number of the last write that was tried.
    tried: u64,
    /// Up to where the copy has the changelog.
    watermark: i64,
    /// The changelog's next offset, as far as its only writer can know: aborted transactions of others move it further.
    /// A lower bound does, because states are read back from here on.
    end: i64,
}

impl HotCopy {
    pub(crate) fn unclaimed() -> Self {
        let mark = Mark { incarnation: 0, version: 0 };
        Self { phase: Phase::Unclaimed, mark, tried: 0, watermark: NOTHING, end: 0 }
    }

    /// What the copy must say of itself to be this worker's.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// Up to where the copy has the changelog.
    pub fn watermark(&self) -> i64 {
        self.watermark
    }

    /// Up to where the copy has the changelog once everything that is committed was written to it.
    pub fn end(&self) -> i64 {
        self.end
    }

    /// Whether the states can be used.
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// Whether committed states are missing in the copy.
    pub fn is_behind(&self) -> bool {
        self.is_ready() && self.watermark != self.end
    }

    /// What is next to be done to take the task over.
    pub(crate) fn step(&self) -> Option<CopyStep> {
        match self.phase {
            Phase::Unclaimed => Some(CopyStep::Claim),
            Phase::Claimed => Some(CopyStep::Settle),
            Phase::Stale { .. } => Some(CopyStep::Clear),
            Phase::Replaying { from } => Some(CopyStep::Replay { from }),
            Phase::Complete => Some(CopyStep::MarkWhole),
            Phase::Whole => Some(CopyStep::Note),
            Phase::Ready => None,
        }
    }

    pub(crate) fn write(&mut self) -> Write {
        self.tried += 1;
        Write { expected: self.mark, version: self.tried }
    }

    pub(crate) fn done(&mut self, done: CopyDone) {
        match done {
            CopyDone::Claimed { incarnation, had } => {
                self.mark = Mark { incarnation, version: 0 };
                self.tried = 0;
                self.watermark = had.unwrap_or(NOTHING);
                self.phase = Phase::Claimed;
            }
            CopyDone::Settled { low, end } => {
                self.end = end;
                // nothing, or a copy of another changelog
                let is_of_this = (0..=end).contains(&self.watermark);
                self.phase = if is_of_this { Phase::Replaying { from: self.watermark } } else { Phase::Stale { low } };
            }
            CopyDone::ClearedSome => {
                self.mark.version = self.tried;
                self.watermark = NOTHING;
            }
            CopyDone::Cleared => {
                if let Phase::Stale { low } = self.phase {
                    self.phase = Phase::Replaying { from: low };
                }
            }
            CopyDone::Wrote { watermark } => {
                self.mark.version = self.tried;
                self.watermark = watermark.unwrap_or(self.watermark);
            }
            CopyDone::Replayed { end } => {
                self.end = end;
                self.phase = Phase::Complete;
            }
            CopyDone::Whole => self.phase = Phase::Whole,
            CopyDone::Noted => self.phase = Phase::Ready,
        }
    }

    /// Takes note that so many states were committed.
    pub(crate) fn committed(&mut self, states: usize) {
        if states > 0 {
            // the records and the marker of their transaction
            self.end += i64::try_from(states).unwrap_or(i64::MAX - 1) + 1;
        }
    }
}

/// The watermark of an empty copy.
const NOTHING: i64 = -1;

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(had: Option<i64>) -> HotCopy {
        let mut copy = HotCopy::unclaimed();
        copy.done(CopyDone::Claimed { incarnation: 1, had });
        copy
    }

    #[test]
    fn a_takeover_reads_from_where_the_copy_is_unless_that_is_not_in_the_changelog() {
        for (had, low, end, expected) in [
            (Some(3), 0, 7, CopyStep::Replay { from: 3 }),
            (Some(7), 0, 7, CopyStep::Replay { from: 7 }),
            (Some(0), 0, 0, CopyStep::Replay { from: 0 }),
            (None, 2, 7, CopyStep::Clear),
            // a copy of another changelog
            (Some(8), 0, 7, CopyStep::Clear),
        ] {
            let mut copy = claimed(had);
            assert_eq!(copy.step(), Some(CopyStep::Settle));
            copy.done(CopyDone::Settled { low, end });
            assert_eq!(copy.step(), Some(expected), "{had:?} of {low} to {end}");
            if expected == CopyStep::Clear {
                copy.write();
                copy.done(CopyDone::ClearedSome);
                assert_eq!(copy.step(), Some(CopyStep::Clear), "there is more");
                copy.done(CopyDone::Cleared);
                assert_eq!(copy.step(), Some(CopyStep::Replay { from: low }));
                assert_eq!((copy.watermark(), copy.mark().version), (-1, 1));
            }
        }
    }

    #[test]
    fn a_copy_is_behind_from_a_commit_until_the_last_write_of_it() {
        let mut copy = claimed(Some(4));
        copy.done(CopyDone::Settled { low: 0, end: 4 });
        copy.done(CopyDone::Replayed { end: 4 });
        copy.done(CopyDone::Whole);
        assert_eq!(copy.step(), Some(CopyStep::Note));
        copy.done(CopyDone::Noted);
        assert!(copy.is_ready() && !copy.is_behind());
        copy.committed(0);
        assert!(!copy.is_behind(), "nothing was written to the changelog");
        copy.committed(2);
        assert_eq!((copy.is_behind(), copy.end()), (true, 7), "two states and a marker");
        copy.write();
        copy.done(CopyDone::Wrote { watermark: None });
        assert!(copy.is_behind());
        copy.write();
        copy.done(CopyDone::Wrote { watermark: Some(7) });
        assert_eq!((copy.is_behind(), copy.mark().version), (false, 2));
    }

    #[test]
    fn no_two_writes_have_the_same_number() {
        let mut copy = claimed(Some(4));
        let failed = copy.write();
        let next = copy.write();
        assert_eq!((failed.expected, failed.version), (copy.mark(), 1));
        assert_eq!((next.expected, next.version), (copy.mark(), 2), "the first may still come");
        copy.done(CopyDone::Wrote { watermark: None });
        assert_eq!(copy.mark(), Mark { incarnation: 1, version: 2 });
    }
}
