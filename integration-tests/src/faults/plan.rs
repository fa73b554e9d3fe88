//! Which faults come when.
//!
//! Owns the schedule: it follows from the seed, the number of events and the number of faults alone, and goes by how
//! many events of the load intake has consumed. The same seed disturbs the same moments of the load, however fast the
//! machine is.

use std::fmt;
use std::time::Duration;

use super::dice::Dice;
use crate::SERVICES;

/// What is done to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// It carries everything later.
    Slow,
    /// Its connections are closed.
    Cut,
    /// It carries nothing for a while.
    Silent,
}

/// What is on the other side of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Server {
    /// The broker.
    Kafka,
    /// The hot copy.
    Redis,
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bad {
    /// Bytes that are no record.
    Noise,
    /// The fingerprint of a schema that nobody knows.
    UnknownSchema,
    /// An event with a text that is too long.
    TooLarge,
}

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// An instance is killed and started again.
    Killed,
    /// An instance stands still for longer than the group waits for it, then goes on as if nothing had been.
    Frozen,
    /// A service gets another number of instances.
    Scaled,
    /// The broker is killed and started again.
    BrokerKilled,
    /// The broker ends in good order and is started again.
    BrokerRestarted,
    /// Redis forgets everything.
    RedisFlushed,
    /// Redis is killed, and an empty one comes after a while.
    RedisAway,
    /// Redis is replaced by an empty one at once.
    RedisEmptied,
    /// Redis is replaced by a copy of an earlier moment.
    RedisOlder,
    /// A service's link has trouble.
    Link(Server, Trouble),
    /// A record that cannot be processed is put on a topic.
    Poisoned(Bad),
}

/// Every fault, with how often it comes beside the others.
const WEIGHTS: [(Fault, u64); 18] = [
    (Fault::Killed, 40),
    (Fault::Frozen, 6),
    (Fault::Scaled, 8),
    (Fault::BrokerKilled, 2),
    (Fault::BrokerRestarted, 2),
    (Fault::RedisFlushed, 5),
    (Fault::RedisAway, 3),
    (Fault::RedisEmptied, 3),
    (Fault::RedisOlder, 4),
    (Fault::Link(Server::Kafka, Trouble::Slow), 3),
    (Fault::Link(Server::Kafka, Trouble::Cut), 4),
    (Fault::Link(Server::Kafka, Trouble::Silent), 3),
    (Fault::Link(Server::Redis, Trouble::Slow), 2),
    (Fault::Link(Server::Redis, Trouble::Cut), 3),
    (Fault::Link(Server::Redis, Trouble::Silent), 2),
    (Fault::Poisoned(Bad::Noise), 4),
    (Fault::Poisoned(Bad::UnknownSchema), 4),
    (Fault::Poisoned(Bad::TooLarge), 4),
];

/// Faults that come after all events, at most: timers have run out soon.
const AFTER_EVENTS: u64 = 6;

/// How many kinds of faults there are: fewer faults than that leave some out.
pub const KINDS: usize = WEIGHTS.len();

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Killed => "instance killed",
            Fault::Frozen => "instance frozen, then a zombie",
            Fault::Scaled => "service scaled",
            Fault::BrokerKilled => "broker killed",
            Fault::BrokerRestarted => "broker restarted in good order",
            Fault::RedisFlushed => "redis flushed",
            Fault::RedisAway => "redis away, then empty",
            Fault::RedisEmptied => "redis replaced by an empty one",
            Fault::RedisOlder => "redis replaced by an older copy",
            Fault::Link(Server::Kafka, Trouble::Slow) => "link to kafka slow",
            Fault::Link(Server::Kafka, Trouble::Cut) => "link to kafka cut",
            Fault::Link(Server::Kafka, Trouble::Silent) => "link to kafka silent",
            Fault::Link(Server::Redis, Trouble::Slow) => "link to redis slow",
            Fault::Link(Server::Redis, Trouble::Cut) => "link to redis cut",
            Fault::Link(Server::Redis, Trouble::Silent) => "link to redis silent",
            Fault::Poisoned(Bad::Noise) => "record of noise",
            Fault::Poisoned(Bad::UnknownSchema) => "record of an unknown schema",
            Fault::Poisoned(Bad::TooLarge) => "record with a field too large",
        })
    }
}

impl Fault {
    /// Whether it concerns every service, not one.
    pub(super) fn is_of_all(self) -> bool {
        !matches!(self, Fault::Killed | Fault::Frozen | Fault::Scaled | Fault::Link(..) | Fault::Poisoned(_))
    }

    /// How long it lasts; the rest are over when they are done.
    pub(super) fn lasts(self, away: Duration) -> Duration {
        match self {
            // the session is over after 6 s
            Fault::Frozen => Duration::from_secs(9),
            Fault::RedisAway => away,
            // long enough for the copy to be older
            Fault::RedisOlder => Duration::from_secs(3),
            Fault::Link(_, Trouble::Slow) => Duration::from_secs(6),
            Fault::Link(_, Trouble::Silent) => Duration::from_secs(8),
            _ => Duration::ZERO,
        }
    }
}

/// A fault at its moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// How many events of the load intake has consumed by then; none if it comes after all of them.
    pub at: Option<u64>,
    /// What happens.
    pub fault: Fault,
    /// To which service, if it concerns one.
    pub service: usize,
    /// A number that chooses among its instances, partitions or topics.
    pub choice: u64,
}

impl Step {
    /// The service it concerns.
    pub fn service(&self) -> &'static str {
        SERVICES.get(self.service).copied().unwrap_or_default()
    }
}

/// The faults of a run, in their order. Some come after all events, when only timers are left.
pub fn plan(seed: u64, events: u64, faults: usize) -> Vec<Step> {
    let mut dice = Dice::new(seed);
    let mut kinds = kinds(faults);
    for end in (1..kinds.len()).rev() {
        let other = dice.below(end as u64 + 1);
        kinds.swap(end, usize::try_from(other).unwrap_or(end));
    }
    let count = kinds.len() as u64;
    let after_events = (count / 10).clamp(1, AFTER_EVENTS).min(count);
    // each within its own stretch of the load
    let stretch = events / (count - after_events).max(1);
    let step = |(index, fault): (u64, Fault)| {
        let service = usize::try_from(dice.below(SERVICES.len() as u64)).unwrap_or(0);
        let at = stretch * index + dice.below(stretch);
        Step { at: (index < count - after_events).then_some(at), fault, service, choice: dice.next() }
    };
    (0..count).zip(kinds).map(step).collect()
}

/// As many faults of each kind as its weight says, at least one if there is room.
fn kinds(faults: usize) -> Vec<Fault> {
    let total: u64 = WEIGHTS.iter().map(|(_, weight)| weight).sum();
    let mut kinds: Vec<Fault> = WEIGHTS.iter().map(|(fault, _)| *fault).collect();
    let mut more: Vec<(u64, Fault)> = Vec::new();
    for (fault, weight) in WEIGHTS {
        // evenly spread, each kind with its own step
        more.extend((1..=faults as u64).map(|number| (number * total * 1000 / weight, fault)));
    }
    more.sort();
    kinds.extend(more.into_iter().map(|(_, fault)| fault));
    kinds.truncate(faults);
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_faults_and_another_others() {
        assert_eq!(plan(7, 5_000, 40), plan(7, 5_000, 40));
        assert_ne!(plan(7, 5_000, 40), plan(8, 5_000, 40));
    }

    #[test]
    fn each_kind_comes_if_there_is_room_and_kills_come_most() {
        let of = |steps: &[Step], fault: Fault| steps.iter().filter(|step| step.fault == fault).count();
        for faults in [KINDS, 200] {
            let steps = plan(3, 100_000, faults);
            assert_eq!(steps.len(), faults);
            assert!(WEIGHTS.iter().all(|(fault, _)| of(&steps, *fault) > 0), "{steps:?}");
        }
        let steps = plan(3, 100_000, 200);
        assert!(of(&steps, Fault::Killed) > 60, "{}", of(&steps, Fault::Killed));
        assert!(of(&steps, Fault::Frozen) > 5);
    }

    #[test]
    fn faults_come_in_order_all_along_the_load_and_a_few_after_it() {
        let steps = plan(11, 100_000, 100);
        assert!(steps.is_sorted_by_key(|step| step.at.unwrap_or(u64::MAX)), "{steps:?}");
        let after = |steps: &[Step]| steps.iter().filter(|step| step.at.is_none()).count();
        assert_eq!(after(&steps), usize::try_from(AFTER_EVENTS).unwrap());
        assert!(steps.iter().all(|step| step.at.is_none_or(|at| at < 100_000)), "{steps:?}");
        assert!(steps[0].at.is_some_and(|at| at < 2_000), "{:?}", steps[0]);
        assert_eq!(after(&plan(11, 600, KINDS)), 1);
    }
}
