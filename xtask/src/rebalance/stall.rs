//! What stood still after something happened.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::args::Grouping;

/// Something that happens to the instances, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    Nothing,
    Joins,
    IsKilled,
    Restarts,
    Leaves,
}

impl Event {
    /// In their order.
    pub(crate) const ALL: [Self; 5] = [Self::Nothing, Self::Joins, Self::IsKilled, Self::Restarts, Self::Leaves];

    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::Nothing => "nothing happens, one instance",
            Self::Joins => "a second instance joins",
            Self::IsKilled => "it is killed and started again at once",
            Self::Restarts => "it is told to end and started again at once",
            Self::Leaves => "it is told to end for good",
        }
    }
}

/// A time in which nothing new was to be read in a partition, as `bench-client` tells it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Pause {
    pub(crate) partition: i32,
    pub(crate) begin_ms: i64,
    pub(crate) took_ms: i64,
}

/// What stood still after an event.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Stall {
    pub(crate) grouping: Grouping,
    pub(crate) event: Event,
    /// The longest pause of any partition.
    pub(crate) longest_ms: i64,
    /// When it began, after the event.
    pub(crate) begun_ms: i64,
    /// Partitions that stood still for more than 0.3 s.
    pub(crate) partitions: usize,
    /// Those for more than a second.
    pub(crate) for_a_second: usize,
    /// The longest pause of each partition.
    pub(crate) each_ms: Vec<i64>,
    pub(crate) load: f64,
}

impl Stall {
    /// What `pauses` show between `from_ms` and `to_ms`; one that began before it counts from its begin.
    pub(crate) fn between(
        (from_ms, to_ms): (i64, i64),
        pauses: &[Pause],
        (grouping, event): (Grouping, Event),
    ) -> Self {
        let mut longest: BTreeMap<i32, Pause> = BTreeMap::new();
        for pause in pauses.iter().filter(|pause| pause.begin_ms < to_ms && pause.begin_ms + pause.took_ms > from_ms) {
            // what comes after belongs to the next event
            let pause = Pause { took_ms: pause.took_ms.min(to_ms - pause.begin_ms), ..*pause };
            let known = longest.entry(pause.partition).or_insert(pause);
            if pause.took_ms > known.took_ms {
                *known = pause;
            }
        }
        let longer_than = |ms: i64| longest.values().filter(|pause| pause.took_ms > ms).count();
        let first = longest.values().max_by_key(|pause| pause.took_ms);
        Self {
            grouping,
            event,
            longest_ms: first.map_or(0, |pause| pause.took_ms),
            begun_ms: first.map_or(0, |pause| pause.begin_ms - from_ms),
            partitions: longer_than(300),
            for_a_second: longer_than(1_000),
            each_ms: longest.values().map(|pause| pause.took_ms).collect(),
            load: 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rebalance::args::{Membership, Protocol};

    #[test]
    fn of_each_partition_the_longest_pause_counts_that_reaches_into_the_window() {
        let pause = |partition, begin_ms, took_ms| Pause { partition, begin_ms, took_ms };
        let pauses = [
            // over before, begun after
            pause(0, 0, 900),
            pause(0, 20_000, 5_000),
            pause(0, 950, 100),
            pause(1, 2_000, 350),
            pause(1, 4_000, 1_200),
            pause(2, 12_699, 5_000),
        ];
        let grouping = Grouping { membership: Membership::Static, protocol: Protocol::Classic };
        let stall = Stall::between((1_000, 13_000), &pauses, (grouping, Event::Joins));
        assert_eq!((stall.longest_ms, stall.begun_ms), (1_200, 3_000));
        assert_eq!((stall.partitions, stall.for_a_second, stall.each_ms), (2, 1, vec![100, 1_200, 301]));
    }
}
