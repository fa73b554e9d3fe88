//! A small Kafka: changelogs whose transactions become visible part by part, a coordinator for each transactional id,
//! and a group with committed offsets.

use crate::guards::Guard;
use crate::setup::{KEYS, PARTITIONS, Setup};

/// The state of a key: how often each input was counted, and its timer. The default is a key that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct State {
    /// Two bits for each input of the partition.
    pub(crate) seen: u8,
    pub(crate) timer: Timer,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Timer {
    #[default]
    None,
    Due,
    Fired,
}

/// What a transaction tells the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Output {
    Counted { partition: u8, input: u8, seen: u8 },
    Fired { partition: u8, key: u8 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fate {
    Open,
    /// Decided, but readers of this partition cannot know yet.
    Ending {
        commit: bool,
    },
    Committed,
    Aborted,
    /// No record: the marker at a transaction's end.
    Marker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Entry {
    instance: u8,
    fate: Fate,
    key: u8,
    state: State,
}

impl Entry {
    fn is_decided(&self) -> bool {
        matches!(self.fate, Fate::Committed | Fate::Ending { commit: true })
    }

    fn is_undecided_for_readers(&self) -> bool {
        matches!(self.fate, Fate::Open | Fate::Ending { .. })
    }
}

/// Records read at once.
const STRETCH: usize = 2;

/// A changelog partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Changelog(Vec<Entry>);

impl Changelog {
    /// The next offset.
    pub(crate) fn end(&self) -> i64 {
        self.0.len() as i64
    }

    /// Up to where readers of committed records get.
    pub(crate) fn stable_end(&self) -> i64 {
        self.0.iter().position(Entry::is_undecided_for_readers).unwrap_or(self.0.len()) as i64
    }

    /// The last states of the next records that readers of committed ones get from `from` on, the offset that follows
    /// them, and whether it is the end.
    pub(crate) fn read(&self, from: i64) -> ([Option<State>; KEYS], i64, bool) {
        let mut last = [None; KEYS];
        let mut read = 0;
        let end = self.stable_end().max(from);
        for offset in from..end {
            let entry = self.0[offset as usize];
            if entry.fate == Fate::Committed {
                if read == STRETCH {
                    return (last, offset, false);
                }
                read += 1;
                last[entry.key as usize] = Some(entry.state);
            }
        }
        (last, end, true)
    }

    /// The state of a key by everything decided below `end`.
    pub(crate) fn decided(&self, key: u8, end: i64) -> State {
        let below = self.0.iter().take(end.max(0) as usize);
        below.rev().find(|entry| entry.key == key && entry.is_decided()).map(|entry| entry.state).unwrap_or_default()
    }

    /// Whether `state` is what was decided of `key` below `end`, or later.
    pub(crate) fn has_at_or_after(&self, key: u8, state: State, end: i64) -> bool {
        let later = self
            .0
            .iter()
            .skip(end.max(0) as usize)
            .any(|entry| entry.key == key && entry.is_decided() && entry.state == state);
        later || self.decided(key, end) == state
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Transaction {
    #[default]
    None,
    Open {
        outputs: Vec<Output>,
        offsets: [Option<u8>; PARTITIONS],
    },
    /// Decided, and not yet known everywhere.
    Ending {
        commit: bool,
        offsets: [Option<u8>; PARTITIONS],
        /// Changelogs that do not know yet.
        left: [bool; PARTITIONS],
        offsets_left: bool,
    },
}

impl Transaction {
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::Open { .. })
    }
}

/// Where a transaction's end becomes known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Changelog(u8),
    Offsets,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kafka {
    pub(crate) changelogs: [Changelog; PARTITIONS],
    /// Offsets that the group tells.
    pub(crate) committed: [u8; PARTITIONS],
    /// By transactional id, which is the instance.
    pub(crate) transactions: Vec<Transaction>,
    /// Outputs that are decided.
    pub(crate) outputs: Vec<Output>,
    /// Offsets that are decided.
    pub(crate) decided: [u8; PARTITIONS],
    /// The instance that each partition is assigned to.
    pub(crate) holder: [Option<u8>; PARTITIONS],
    /// Where a partition is to go once its holder lets go of it.
    pub(crate) wanted: [Option<u8>; PARTITIONS],
    /// The process that is the group's member for each instance.
    pub(crate) member: Vec<Option<u8>>,
}

impl Kafka {
    pub(crate) fn new(setup: &Setup) -> Self {
        let instances = setup.instances();
        Self {
            changelogs: Default::default(),
            committed: [0; PARTITIONS],
            transactions: vec![Transaction::None; instances],
            outputs: Vec::new(),
            decided: [0; PARTITIONS],
            holder: [None; PARTITIONS],
            wanted: [None; PARTITIONS],
            member: vec![None; instances],
        }
    }

    /// Whether a producer of the instance can send: its last transaction is known everywhere.
    pub(crate) fn can_send(&self, instance: u8) -> bool {
        !matches!(self.transactions[instance as usize], Transaction::Ending { .. })
    }

    fn open(&mut self, instance: u8) -> (&mut Vec<Output>, &mut [Option<u8>; PARTITIONS]) {
        let transaction = &mut self.transactions[instance as usize];
        if *transaction == Transaction::None {
            *transaction = Transaction::Open { outputs: Vec::new(), offsets: [None; PARTITIONS] };
        }
        match transaction {
            Transaction::Open { outputs, offsets } => (outputs, offsets),
            _ => unreachable!("a transaction that ends takes nothing"),
        }
    }

    pub(crate) fn send_output(&mut self, instance: u8, output: Output) {
        self.open(instance).0.push(output);
    }

    pub(crate) fn send_state(&mut self, instance: u8, partition: u8, key: u8, state: State) {
        self.open(instance);
        self.changelogs[partition as usize].0.push(Entry { instance, fate: Fate::Open, key, state });
    }

    pub(crate) fn send_offset(&mut self, instance: u8, partition: u8, offset: u8) {
        self.open(instance).1[partition as usize] = Some(offset);
    }

    /// Decides the open transaction.
    pub(crate) fn end(&mut self, instance: u8, commit: bool) {
        let transaction = &mut self.transactions[instance as usize];
        let Transaction::Open { outputs, offsets } = transaction else { return };
        let (outputs, offsets) = (std::mem::take(outputs), *offsets);
        let mut left = [false; PARTITIONS];
        for (partition, changelog) in self.changelogs.iter_mut().enumerate() {
            for entry in changelog.0.iter_mut().filter(|entry| entry.instance == instance && entry.fate == Fate::Open) {
                entry.fate = Fate::Ending { commit };
                left[partition] = true;
            }
        }
        if commit {
            self.outputs.extend(outputs);
            self.outputs.sort_unstable();
            for (decided, offset) in self.decided.iter_mut().zip(offsets) {
                *decided = offset.unwrap_or(*decided);
            }
        }
        let offsets_left = offsets.iter().any(Option::is_some);
        *transaction = Transaction::Ending { commit, offsets, left, offsets_left };
        self.settle(instance);
    }

    /// The parts that do not know yet how the instance's last transaction ended.
    pub(crate) fn unmarked(&self, instance: u8) -> Vec<Part> {
        let Transaction::Ending { left, offsets_left, .. } = &self.transactions[instance as usize] else {
            return Vec::new();
        };
        let changelogs = (0..).zip(left).filter(|(_, left)| **left).map(|(number, _)| Part::Changelog(number));
        changelogs.chain(offsets_left.then_some(Part::Offsets)).collect()
    }

    /// A part learns how the instance's last transaction ended.
    pub(crate) fn mark(&mut self, instance: u8, part: Part) {
        let Transaction::Ending { commit, offsets, left, offsets_left } = &mut self.transactions[instance as usize]
        else {
            return;
        };
        match part {
            Part::Changelog(partition) => {
                left[partition as usize] = false;
                let log = &mut self.changelogs[partition as usize].0;
                for entry in log.iter_mut().filter(|entry| entry.instance == instance) {
                    if let Fate::Ending { commit } = entry.fate {
                        entry.fate = if commit { Fate::Committed } else { Fate::Aborted };
                    }
                }
                log.push(Entry { instance, fate: Fate::Marker, key: u8::MAX, state: State::default() });
            }
            Part::Offsets => {
                *offsets_left = false;
                for (committed, offset) in self.committed.iter_mut().zip(offsets).filter(|_| *commit) {
                    *committed = offset.unwrap_or(*committed);
                }
            }
        }
        self.settle(instance);
    }

    fn settle(&mut self, instance: u8) {
        if self.unmarked(instance).is_empty() {
            self.transactions[instance as usize] = Transaction::None;
        }
    }

    /// The group's offset of a partition; none while a transaction may change it.
    pub(crate) fn stable_offset(&self, partition: u8, setup: &Setup) -> Option<u8> {
        let at = partition as usize;
        let is_pending = |transaction: &Transaction| match transaction {
            Transaction::None => false,
            Transaction::Open { offsets, .. } => offsets[at].is_some(),
            Transaction::Ending { offsets, offsets_left, .. } => *offsets_left && offsets[at].is_some(),
        };
        let pending = self.transactions.iter().any(is_pending) && setup.has(Guard::StableOffsets);
        (!pending).then_some(self.committed[at])
    }

    /// An instance's place in the group is given up; its partitions go to another one.
    pub(crate) fn expire(&mut self, instance: u8) {
        self.member[instance as usize] = None;
        let other = self.member.iter().position(Option::is_some).map(|other| other as u8);
        for partition in 0..PARTITIONS {
            if self.holder[partition] == Some(instance) {
                self.holder[partition] = other;
            }
            if self.wanted[partition] == Some(instance) || self.holder[partition] == self.wanted[partition] {
                self.wanted[partition] = None;
            }
        }
    }
}
