//! A process: a worker, and the shell that drives it against the small Kafka and Redis.

mod commit;
mod takeover;

use kefu_commit::{Mark, Step, TaskId, Worker};

use crate::guards::Guard;
use crate::kafka::{Kafka, Output, State, Timer};
use crate::redis::Redis;
use crate::setup::{KEYS, PARTITIONS, Setup};

/// How a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Luck {
    /// Well.
    Good,
    /// It is not done, and that is told.
    NotDone,
    /// It is done, but an error is told.
    Unsaid,
    /// An error is told, and it is done later.
    Late,
}

/// What a shell knows between two calls of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Cursor {
    #[default]
    None,
    /// Up to where the changelog was written when its range was asked for.
    Written(i64),
    /// States read from the changelog that still have to be written, what follows them, and whether that is the end.
    Read { states: [Option<State>; KEYS], next: i64, is_end: bool },
    /// Keys cleared or written before this one.
    Key(u8),
}

/// What a process knows of a partition's states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Memory {
    pub(crate) loaded: [Option<State>; KEYS],
    pub(crate) changed: [bool; KEYS],
    /// Committed, and not in Redis.
    pub(crate) pinned: [Option<State>; KEYS],
    /// Keys known to have a timer.
    pub(crate) timers: [bool; KEYS],
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    pub(crate) instance: u8,
    pub(crate) runs: bool,
    /// Another producer has its transactional id, or the broker gave its transaction up.
    pub(crate) fenced: bool,
    /// Whether it took the transactional id over, and may begin transactions.
    pub(crate) has_id: bool,
    pub(crate) joined: bool,
    /// Its consumer knows that it is no member any more.
    pub(crate) knows_lost: bool,
    pub(crate) worker: Worker<u8>,
    pub(crate) memory: [Memory; PARTITIONS],
    cursor: Cursor,
    /// States sent that did not reach the log yet.
    pub(crate) queue: Vec<(u8, u8, State)>,
}

/// The one input topic of a partition.
pub(crate) const TOPIC: u8 = 0;

/// What a process works with.
pub(crate) struct Around<'w> {
    pub(crate) me: u8,
    pub(crate) kafka: &'w mut Kafka,
    pub(crate) redis: &'w mut Redis,
    pub(crate) setup: &'w Setup,
    /// An incarnation that nobody has.
    pub(crate) fresh: u128,
}

fn task(partition: u8) -> TaskId {
    (0, i32::from(partition))
}

impl Process {
    pub(crate) fn new(instance: u8) -> Self {
        Self {
            instance,
            runs: false,
            fenced: false,
            has_id: false,
            joined: false,
            knows_lost: false,
            worker: Worker::new(1),
            memory: Default::default(),
            cursor: Cursor::None,
            queue: Vec::new(),
        }
    }

    pub(crate) fn mark(&self, partition: u8) -> Option<Mark> {
        self.worker.copy(task(partition)).map(kefu_commit::HotCopy::mark)
    }

    pub(crate) fn position(&self, partition: u8) -> Option<u8> {
        self.worker.position(&TOPIC, i32::from(partition)).map(|next| next as u8)
    }

    pub(crate) fn is_member(&self, me: u8, kafka: &Kafka) -> bool {
        self.joined && kafka.member[self.instance as usize] == Some(me)
    }

    /// Whether the group has something to tell.
    pub(crate) fn has_news(&self, me: u8, kafka: &Kafka, setup: &Setup) -> bool {
        !self.is_member(me, kafka)
            || (0..setup.partitions()).any(|partition| {
                let at = partition as usize;
                let owned = self.position(partition).is_some();
                let held = kafka.holder[at] == Some(self.instance);
                held != owned || (owned && kafka.wanted[at].is_some())
            })
    }

    /// Dies of a client that is fenced.
    fn die(&mut self) {
        *self = Self::new(self.instance);
    }

    fn forget(&mut self, partition: u8) {
        self.worker.let_go(i32::from(partition));
        self.memory[partition as usize] = Memory::default();
    }

    /// Does what the worker names; gives whether that was possible now.
    pub(crate) fn step(&mut self, luck: Luck, around: &mut Around<'_>) -> bool {
        match self.worker.next() {
            Step::ServeGroup => self.serve_group(around),
            Step::GoBack => self.go_back(around),
            Step::Restore((_, partition), step) => self.restore(partition as u8, step, luck, around),
            Step::Work => false,
            Step::Produce => self.produce(luck),
            Step::SendOffsets => self.send_offsets(luck, around),
            Step::EndTransaction => self.end_transaction(luck, around),
            Step::WriteCopies => {
                let (_, partition) = self.worker.behind().next().expect("else nothing would be to be written");
                self.write_copy(partition as u8, luck, around)
            }
            Step::Abort => self.abort(around),
        }
    }

    pub(crate) fn serve_group(&mut self, around: &mut Around<'_>) -> bool {
        let (me, setup, instance) = (around.me, around.setup, self.instance);
        let kafka = &mut *around.kafka;
        let of_instance = kafka.member[instance as usize];
        let mut next = self.clone();
        if !self.is_member(me, kafka) {
            if self.joined && of_instance.is_some() {
                // another process took its place
                self.die();
                return true;
            }
            (0..setup.partitions()).for_each(|partition| next.forget(partition));
        }
        let mut holder = kafka.holder;
        let mut wanted = kafka.wanted;
        for partition in 0..setup.partitions() {
            let at = partition as usize;
            if holder[at].is_none() {
                holder[at] = Some(instance);
            }
            if holder[at] == Some(instance) && wanted[at].is_some() {
                holder[at] = wanted[at].take();
                next.forget(partition);
            }
            if holder[at] == Some(instance) && next.position(partition).is_none() {
                let Some(offset) = kafka.stable_offset(partition, setup) else { return false };
                next.worker.take_over(i32::from(partition), [(TOPIC, i64::from(offset))]);
            }
        }
        next.joined = true;
        next.knows_lost = false;
        next.worker.served();
        *self = next;
        (kafka.holder, kafka.wanted) = (holder, wanted);
        kafka.member[instance as usize] = Some(me);
        true
    }

    fn go_back(&mut self, around: &mut Around<'_>) -> bool {
        let mut offsets = Vec::new();
        for partition in 0..around.setup.partitions() {
            let Some(position) = self.position(partition) else { continue };
            let Some(committed) = around.kafka.stable_offset(partition, around.setup) else { return false };
            let back = if around.setup.has(Guard::GoBack) { committed } else { position };
            offsets.push((TOPIC, i32::from(partition), i64::from(back)));
        }
        self.worker.went_back(offsets);
        if around.setup.has(Guard::Forget) {
            self.memory = Default::default();
        }
        self.cursor = Cursor::None;
        true
    }

    /// Takes the next record of a partition.
    pub(crate) fn take(&mut self, partition: u8, around: &mut Around<'_>) {
        let input = self.position(partition).expect("owned");
        let key = around.setup.inputs[partition as usize][input as usize];
        let Some(mut state) = self.load(partition, key, around) else { return };
        let shift = 2 * input;
        let times = (state.seen >> shift & 3) + 1;
        state.seen = state.seen & !(3 << shift) | times.min(3) << shift;
        if around.setup.sets_timer(partition, input) {
            state.timer = Timer::Due;
        }
        let output = Output::Counted { partition, input, seen: state.seen };
        if self.compute(partition, key, state, output, around) {
            self.worker.consumed(&TOPIC, i32::from(partition), i64::from(input) + 1);
        }
    }

    /// Fires the timer of a key.
    pub(crate) fn fire(&mut self, partition: u8, key: u8, around: &mut Around<'_>) {
        let Some(mut state) = self.load(partition, key, around) else { return };
        if state.timer == Timer::Due {
            state.timer = Timer::Fired;
            self.compute(partition, key, state, Output::Fired { partition, key }, around);
        } else {
            self.memory[partition as usize].timers[key as usize] = false;
        }
    }

    fn load(&mut self, partition: u8, key: u8, around: &mut Around<'_>) -> Option<State> {
        let memory = &self.memory[partition as usize];
        let here = memory.loaded[key as usize].or(memory.pinned[key as usize]);
        let mark = self.mark(partition).expect("owned");
        let state = here.or_else(|| around.redis.read(partition, mark, key, around.setup));
        if state.is_none() {
            self.worker.give_up();
        }
        state
    }

    fn compute(&mut self, partition: u8, key: u8, state: State, output: Output, around: &mut Around<'_>) -> bool {
        if self.fenced {
            self.die();
            return false;
        }
        self.worker.begin();
        around.kafka.send_output(self.instance, output);
        let memory = &mut self.memory[partition as usize];
        memory.loaded[key as usize] = Some(state);
        memory.changed[key as usize] = true;
        memory.timers[key as usize] = state.timer == Timer::Due;
        true
    }
}
