//! What is explored: which processes, inputs and faults there are, and which guard is left out.

use crate::guards::Guard;

pub(crate) const PARTITIONS: usize = 2;
pub(crate) const KEYS: usize = 2;

/// What may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// A process dies; it is started again.
    Crash,
    /// The group gives up on a member, which may go on working.
    Expire,
    /// A second process is started in the place of one that still runs.
    SecondStart,
    /// The group moves a partition.
    Move,
    /// The broker gives up an open transaction.
    TimeOut,
    /// A call to Kafka fails, or only seems to.
    KafkaCall,
    /// Redis loses everything.
    Flush,
    /// Redis is replaced by an older copy.
    Failover,
    /// A call to Redis fails, or only seems to.
    RedisCall,
    /// A call to Redis that failed for its caller comes late.
    LateCall,
}

pub(crate) const ALL: &[Fault] = &[
    Fault::Crash,
    Fault::Expire,
    Fault::SecondStart,
    Fault::Move,
    Fault::TimeOut,
    Fault::KafkaCall,
    Fault::Flush,
    Fault::Failover,
    Fault::RedisCall,
    Fault::LateCall,
];

#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// The instance of each process: its transactional id, and its name in the group.
    pub(crate) processes: &'static [u8],
    /// The keys of each partition's inputs. The first input of a key sets its timer.
    pub(crate) inputs: &'static [&'static [u8]],
    /// How many faults may happen in one run.
    pub(crate) faults: u8,
    pub(crate) kinds: &'static [Fault],
    pub(crate) without: Option<Guard>,
}

/// One process.
pub(crate) const ALONE: &[u8] = &[0];
/// Two instances that share the partitions.
pub(crate) const TWO_INSTANCES: &[u8] = &[0, 1];
/// Two processes of one instance: the second is to take the place of the first.
pub(crate) const ONE_INSTANCE: &[u8] = &[0, 0];

impl Setup {
    pub(crate) fn new(
        processes: &'static [u8],
        inputs: &'static [&'static [u8]],
        faults: u8,
        kinds: &'static [Fault],
    ) -> Self {
        Self { processes, inputs, faults, kinds, without: None }
    }

    pub(crate) fn without(mut self, guard: Guard) -> Self {
        self.without = Some(guard);
        self
    }

    pub(crate) fn has(&self, guard: Guard) -> bool {
        self.without != Some(guard)
    }

    pub(crate) fn instances(&self) -> usize {
        self.processes.iter().max().map_or(0, |last| *last as usize + 1)
    }

    pub(crate) fn partitions(&self) -> u8 {
        self.inputs.len() as u8
    }

    /// Whether an input is the first of its key, which sets the timer.
    pub(crate) fn sets_timer(&self, partition: u8, input: u8) -> bool {
        let keys = self.inputs[partition as usize];
        input == 0 && keys[0] == 0
    }
}
