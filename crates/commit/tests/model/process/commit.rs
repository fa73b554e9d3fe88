//! Committing, as a shell does it.

use super::{Around, Cursor, Luck, Process, task};
use crate::guards::Guard;
use crate::redis::{Answer, Call};
use crate::setup::KEYS;

impl Process {
    pub(super) fn produce(&mut self, luck: Luck) -> bool {
        if luck != Luck::Good {
            self.worker.give_up();
            return true;
        }
        let mut sent = Vec::new();
        for (partition, memory) in (0..).zip(&mut self.memory) {
            let before = self.queue.len();
            for key in 0..KEYS {
                if std::mem::take(&mut memory.changed[key]) {
                    let state = memory.loaded[key].expect("what changed is loaded");
                    self.queue.push((partition, key as u8, state));
                    memory.pinned[key] = Some(state);
                }
            }
            sent.push((task(partition), self.queue.len() - before));
        }
        self.worker.produced(sent);
        true
    }

    /// What was sent reaches the log.
    pub(crate) fn deliver(&mut self, around: &mut Around<'_>) {
        if self.fenced {
            self.die();
            return;
        }
        for (partition, key, state) in std::mem::take(&mut self.queue) {
            around.kafka.send_state(self.instance, partition, key, state);
        }
    }

    pub(super) fn send_offsets(&mut self, luck: Luck, around: &mut Around<'_>) -> bool {
        if self.fenced {
            self.die();
            return true;
        }
        let setup = around.setup;
        let refused = if self.is_member(around.me, around.kafka) {
            false
        } else if self.knows_lost {
            // a group without members takes offsets from whoever names none
            setup.has(Guard::Membership) || around.kafka.member.iter().any(Option::is_some)
        } else {
            true
        };
        if (refused && setup.has(Guard::GroupFence)) || luck != Luck::Good {
            self.worker.give_up();
            return true;
        }
        for partition in 0..setup.partitions() {
            let Some(position) = self.position(partition) else { continue };
            if setup.has(Guard::AllOffsets) || position != around.kafka.committed[partition as usize] {
                around.kafka.send_offset(self.instance, partition, position);
            }
        }
        self.worker.offsets_sent();
        true
    }

    pub(super) fn end_transaction(&mut self, luck: Luck, around: &mut Around<'_>) -> bool {
        if !around.setup.has(Guard::RedisAfterCommit) && self.write_pinned_early(around) {
            return true;
        }
        if luck == Luck::NotDone && around.setup.has(Guard::Uncertain) {
            self.worker.give_up();
            return true;
        }
        self.deliver(around);
        if self.runs {
            around.kafka.end(self.instance, luck != Luck::NotDone);
            if luck == Luck::Unsaid { self.worker.aborted() } else { self.worker.committed() }
        }
        true
    }

    /// A shell that does not wait for the commit; gives whether it wrote something.
    pub(super) fn write_pinned_early(&mut self, around: &mut Around<'_>) -> bool {
        for partition in 0..around.setup.partitions() {
            let memory = &mut self.memory[partition as usize];
            let Some(key) = memory.pinned.iter().position(Option::is_some) else { continue };
            let state = memory.pinned[key].take().map(|state| (key as u8, state));
            let write = self.next_write(partition);
            let call = Call::Write { write, watermark: None, state };
            if self.call(partition, call, Luck::Good, around) == Some(Answer::Done) {
                self.wrote(partition, None, around.setup);
            }
            return true;
        }
        false
    }

    pub(super) fn write_copy(&mut self, partition: u8, luck: Luck, around: &mut Around<'_>) -> bool {
        let end = self.worker.copy(task(partition)).expect("owned").end();
        let from = if let Cursor::Key(key) = self.cursor { key as usize } else { 0 };
        let pinned = self.memory[partition as usize].pinned;
        let key = (from..KEYS).find(|key| pinned[*key].is_some());
        let is_last = key.is_none_or(|key| pinned[key + 1..].iter().all(Option::is_none));
        let state = key.and_then(|key| Some((key as u8, pinned[key]?)));
        let watermark = is_last.then_some(end);
        let before = self.worker.clone();
        let write = self.write_of(partition, is_last, around.setup);
        match self.call(partition, Call::Write { write, watermark, state }, luck, around) {
            None => {
                self.cursor = Cursor::None;
                if !around.setup.has(Guard::OwnNumber) {
                    self.worker = before;
                }
                if !around.setup.has(Guard::Pinned) {
                    self.memory[partition as usize].pinned = [None; KEYS];
                    self.memory[partition as usize].loaded = [None; KEYS];
                }
                self.worker.copies_later();
            }
            Some(Answer::Done) => {
                self.cursor = if is_last { Cursor::None } else { Cursor::Key(key.map_or(0, |key| key as u8 + 1)) };
                if is_last {
                    self.memory[partition as usize].pinned = [None; KEYS];
                }
                self.wrote(partition, watermark, around.setup);
            }
            Some(_) => {
                self.cursor = Cursor::None;
                self.worker.give_up();
            }
        }
        true
    }

    pub(super) fn abort(&mut self, around: &mut Around<'_>) -> bool {
        self.queue.clear();
        self.cursor = Cursor::None;
        if self.fenced {
            self.die();
            return true;
        }
        around.kafka.end(self.instance, false);
        self.worker.aborted();
        true
    }
}
