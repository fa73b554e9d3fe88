//! A small Redis: a hot copy of each partition behind its mark. It may be emptied, replaced by an older one, and take
//! calls late.

use kefu_commit::{Mark, Write};

use crate::guards::Guard;
use crate::kafka::{Changelog, State};
use crate::setup::{KEYS, PARTITIONS, Setup};

/// A call that changes a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    Claim {
        incarnation: u128,
    },
    /// The copy is emptied in two calls; the first takes the watermark back.
    Clear {
        write: Write,
        key: u8,
    },
    Write {
        write: Write,
        watermark: Option<i64>,
        state: Option<(u8, State)>,
    },
    MarkWhole {
        mark: Mark,
    },
}

/// The answer to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    Had(Option<i64>),
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Copy {
    pub(crate) mark: Option<Mark>,
    pub(crate) watermark: i64,
    pub(crate) whole: bool,
    pub(crate) states: [State; KEYS],
    /// What was decided when it was claimed ends here; not Redis' knowledge, but the judge's.
    pub(crate) claimed_at: i64,
}

const EMPTY: Copy = Copy {
    mark: None,
    watermark: -1,
    whole: false,
    states: [State { seen: 0, timer: crate::kafka::Timer::None }; KEYS],
    claimed_at: 0,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Redis {
    pub(crate) copies: [Copy; PARTITIONS],
    /// What it is replaced by when it fails.
    pub(crate) replica: Option<[Copy; PARTITIONS]>,
    /// A call that its caller gave up and that still comes.
    pub(crate) late: Option<(u8, Call)>,
}

impl Redis {
    pub(crate) fn new() -> Self {
        Self { copies: [EMPTY; PARTITIONS], replica: None, late: None }
    }

    pub(crate) fn flush(&mut self) {
        self.copies = [EMPTY; PARTITIONS];
    }

    /// Incarnations that something still knows.
    pub(crate) fn incarnations(&self) -> impl Iterator<Item = u128> {
        let late = self.late.map(|(_, call)| match call {
            Call::Claim { incarnation } => incarnation,
            Call::Clear { write, .. } | Call::Write { write, .. } => write.expected.incarnation,
            Call::MarkWhole { mark } => mark.incarnation,
        });
        let copies = self.copies.iter().chain(self.replica.iter().flatten());
        copies.filter_map(|copy| Some(copy.mark?.incarnation)).chain(late)
    }

    fn is_expected(copy: &Copy, expected: Mark, setup: &Setup) -> bool {
        copy.mark.is_some_and(|mark| {
            (mark.incarnation == expected.incarnation || !setup.has(Guard::Incarnation))
                && (mark.version == expected.version || !setup.has(Guard::CompareAndSet))
        })
    }

    pub(crate) fn call(&mut self, partition: u8, call: Call, changelog: &Changelog, setup: &Setup) -> Answer {
        let copy = &mut self.copies[partition as usize];
        match call {
            Call::Claim { incarnation } => {
                copy.mark = Some(Mark { incarnation, version: 0 });
                copy.whole = false;
                copy.claimed_at = changelog.end();
                Answer::Had((copy.watermark >= 0).then_some(copy.watermark))
            }
            Call::Clear { write, key } => {
                if setup.has(Guard::ClearAsOwner) {
                    if !Self::is_expected(copy, write.expected, setup) {
                        return Answer::Refused;
                    }
                    copy.watermark = -1;
                    copy.states[key as usize] = State::default();
                    Self::count(copy, write);
                } else {
                    // states first, whoever owns them, then the mark
                    copy.states[key as usize] = State::default();
                    if key as usize == KEYS - 1 {
                        *copy = Copy { mark: Some(write.expected), claimed_at: copy.claimed_at, ..EMPTY };
                    }
                }
                Answer::Done
            }
            Call::Write { write, watermark, state } => {
                if !Self::is_expected(copy, write.expected, setup) {
                    return Answer::Refused;
                }
                if let Some((key, state)) = state {
                    copy.states[key as usize] = state;
                }
                copy.watermark = watermark.unwrap_or(copy.watermark);
                Self::count(copy, write);
                Answer::Done
            }
            Call::MarkWhole { mark } => {
                if !Self::is_expected(copy, mark, setup) {
                    return Answer::Refused;
                }
                copy.whole = true;
                Answer::Done
            }
        }
    }

    fn count(copy: &mut Copy, write: Write) {
        if let Some(mark) = &mut copy.mark {
            mark.version = write.version;
        }
    }

    /// Whether the copy is what its owner wrote last.
    pub(crate) fn is_owned(&self, partition: u8, mark: Mark, setup: &Setup) -> bool {
        Self::is_expected(&self.copies[partition as usize], mark, setup) || !setup.has(Guard::MarkOnRead)
    }

    /// The state of a key; none if the copy is not this owner's any more.
    pub(crate) fn read(&self, partition: u8, mark: Mark, key: u8, setup: &Setup) -> Option<State> {
        self.is_owned(partition, mark, setup).then(|| self.copies[partition as usize].states[key as usize])
    }
}
