//! Taking a partition's task over, as a shell does it.

use kefu_commit::{CopyDone, CopyStep, Mark, Write};

use super::{Around, Cursor, Luck, Memory, Process, task};
use crate::guards::Guard;
use crate::kafka::{State, Timer};
use crate::redis::{Answer, Call};
use crate::setup::{KEYS, Setup};

impl Process {
    /// A call to Redis; none if the caller is told of an error.
    pub(super) fn call(&self, partition: u8, call: Call, luck: Luck, around: &mut Around<'_>) -> Option<Answer> {
        if luck == Luck::Late {
            around.redis.late = Some((partition, call));
            return None;
        }
        if luck == Luck::NotDone {
            return None;
        }
        let changelog = &around.kafka.changelogs[partition as usize];
        let answer = around.redis.call(partition, call, changelog, around.setup);
        (luck == Luck::Good).then_some(answer)
    }

    fn copy_failed(&mut self, partition: u8, around: &Around<'_>) {
        self.cursor = Cursor::None;
        self.worker.copy_failed(task(partition));
        if !around.setup.has(Guard::GroupBeforeClaim) {
            self.worker.served();
        }
    }

    pub(super) fn restore(&mut self, partition: u8, step: CopyStep, luck: Luck, around: &mut Around<'_>) -> bool {
        let mark = self.mark(partition).expect("a task that is restored is owned");
        let done = match step {
            CopyStep::Claim => self.claim(partition, luck, around),
            CopyStep::Settle => return self.settle(partition, mark, luck, around),
            CopyStep::Clear => return self.clear(partition, mark, luck, around),
            CopyStep::Replay { from } => return self.replay(partition, from, luck, around),
            CopyStep::MarkWhole => {
                let answer = self.call(partition, Call::MarkWhole { mark }, luck, around);
                (answer == Some(Answer::Done)).then_some(CopyDone::Whole)
            }
            CopyStep::Note => self.note(partition, mark, around),
        };
        match done {
            Some(done) => self.worker.copy_done(task(partition), done),
            None => self.copy_failed(partition, around),
        }
        true
    }

    fn claim(&mut self, partition: u8, luck: Luck, around: &mut Around<'_>) -> Option<CopyDone> {
        if around.setup.has(Guard::Forget) {
            self.memory[partition as usize] = Memory::default();
        }
        let incarnation = around.fresh;
        match self.call(partition, Call::Claim { incarnation }, luck, around)? {
            Answer::Had(had) => Some(CopyDone::Claimed { incarnation, had }),
            _ => None,
        }
    }

    fn settle(&mut self, partition: u8, mark: Mark, luck: Luck, around: &mut Around<'_>) -> bool {
        let changelog = &around.kafka.changelogs[partition as usize];
        let (stable, end) = (changelog.stable_end(), changelog.end());
        match self.cursor {
            Cursor::Written(written) if stable < written => return false,
            Cursor::None if around.setup.has(Guard::Settle) => self.cursor = Cursor::Written(end),
            _ => {
                self.cursor = Cursor::None;
                if !around.setup.has(Guard::WholeAtTheEnd) {
                    self.call(partition, Call::MarkWhole { mark }, luck, around);
                }
                self.worker.copy_done(task(partition), CopyDone::Settled { low: 0, end: stable });
            }
        }
        true
    }

    /// Empties the copy, a key in a call.
    fn clear(&mut self, partition: u8, mark: Mark, luck: Luck, around: &mut Around<'_>) -> bool {
        let key = if let Cursor::Key(key) = self.cursor { key } else { 0 };
        let as_owner = around.setup.has(Guard::ClearAsOwner);
        let write = if as_owner { self.next_write(partition) } else { Write { expected: mark, version: mark.version } };
        if self.call(partition, Call::Clear { write, key }, luck, around) != Some(Answer::Done) {
            self.copy_failed(partition, around);
            return true;
        }
        if as_owner {
            self.worker.copy_done(task(partition), CopyDone::ClearedSome);
        }
        if (key as usize) < KEYS - 1 {
            self.cursor = Cursor::Key(key + 1);
        } else {
            self.cursor = Cursor::None;
            self.worker.copy_done(task(partition), CopyDone::Cleared);
        }
        true
    }

    pub(super) fn next_write(&mut self, partition: u8) -> Write {
        self.worker.write(task(partition)).expect("owned")
    }

    /// The write of a batch that moves the watermark, or of one that does not.
    pub(super) fn write_of(&mut self, partition: u8, moves_watermark: bool, setup: &Setup) -> Write {
        if moves_watermark || setup.has(Guard::EveryWriteCounts) {
            return self.next_write(partition);
        }
        let expected = self.mark(partition).expect("owned");
        Write { expected, version: expected.version }
    }

    fn note(&mut self, partition: u8, mark: Mark, around: &Around<'_>) -> Option<CopyDone> {
        for key in 0..KEYS {
            let state = around.redis.read(partition, mark, key as u8, around.setup)?;
            let timers = &mut self.memory[partition as usize].timers;
            timers[key] = state.timer == Timer::Due && around.setup.has(Guard::Timers);
        }
        Some(CopyDone::Noted)
    }

    fn replay(&mut self, partition: u8, from: i64, luck: Luck, around: &mut Around<'_>) -> bool {
        let watermark = self.worker.copy(task(partition)).expect("owned").watermark();
        let Cursor::Read { mut states, next, is_end } = self.cursor else {
            // from the start if it was cleared, then from where it is
            let changelog = &around.kafka.changelogs[partition as usize];
            let (states, next, is_end) = changelog.read(from.max(watermark));
            self.cursor = Cursor::Read { states, next, is_end };
            return true;
        };
        if let Some(key) = states.iter().position(Option::is_some) {
            let state = states[key].take().map(|state| (key as u8, state));
            let is_last = states.iter().all(Option::is_none);
            if !self.write(partition, is_last.then_some(next), state, luck, around) {
                return true;
            }
            if !is_last {
                self.cursor = Cursor::Read { states, next, is_end };
                return true;
            }
        } else if watermark != next && !self.write(partition, Some(next), None, luck, around) {
            return true;
        }
        self.cursor = Cursor::None;
        if is_end {
            self.worker.copy_done(task(partition), CopyDone::Replayed { end: next });
        }
        true
    }

    /// Writes to the copy that is being restored; gives whether that went well.
    fn write(
        &mut self,
        partition: u8,
        watermark: Option<i64>,
        state: Option<(u8, State)>,
        luck: Luck,
        around: &mut Around<'_>,
    ) -> bool {
        let write = self.write_of(partition, watermark.is_some(), around.setup);
        let call = Call::Write { write, watermark, state };
        let written = self.call(partition, call, luck, around) == Some(Answer::Done);
        if written {
            self.wrote(partition, watermark, around.setup);
        } else {
            self.copy_failed(partition, around);
        }
        written
    }

    pub(super) fn wrote(&mut self, partition: u8, watermark: Option<i64>, setup: &Setup) {
        if watermark.is_some() || setup.has(Guard::EveryWriteCounts) {
            self.worker.copy_done(task(partition), CopyDone::Wrote { watermark });
        }
    }
}
