//! Whether SLA clocks were met or breached, from what is said of them.
//!
//! A clock counts once. Its events come in the order in which they were said, and what was said last of a clock is how
//! it stands: a late event may move a stop into the past, and then the stop is said anew. So the order in which they
//! are heard decides, not their instants. Only a breach stays when the clock goes on, until it is retracted.

use kefu_contracts::id::hash_64;
use kefu_contracts::sla_event::{SlaEvent, SlaEventKind};
use kefu_contracts::{Metric, Timestamp};
use serde::{Deserialize, Serialize};

/// A clock as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    id: u64,
    /// What it measures.
    pub metric: Metric,
    /// Its stop; none while it runs or rests, or if it was cancelled.
    pub stop: Option<Stop>,
    breach: Option<Breach>,
}

/// How a clock stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// When.
    pub at: Timestamp,
    /// The time used, in the clock's calendar and outside its pauses, in milliseconds.
    pub elapsed_ms: i64,
    late: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Breach {
    id: u64,
    at: Timestamp,
}

/// How a clock counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It stopped in time, at that instant.
    Met(Timestamp),
    /// Its target was used up at that instant.
    Breached(Timestamp),
}

impl Clock {
    /// How it counts; none while that is open.
    pub fn verdict(&self) -> Option<Verdict> {
        match self.stop {
            // in time in the end: a breach that a change of policy caused is left behind
            Some(Stop { at, late: false, .. }) => Some(Verdict::Met(at)),
            _ => self.breach.map(|breach| Verdict::Breached(breach.at)),
        }
    }

    fn hear(&mut self, event: &SlaEvent) {
        let at = event.at;
        let breach_id = event.breach_id.as_ref().map_or(0, |id| hash_64(&[id]));
        match event.event {
            SlaEventKind::Met => self.stop = Some(Stop { at, elapsed_ms: event.elapsed_ms, late: false }),
            SlaEventKind::EndedLate => self.stop = Some(Stop { at, elapsed_ms: event.elapsed_ms, late: true }),
            SlaEventKind::Breached => {
                self.stop = None;
                self.breach = Some(Breach { id: breach_id, at });
            }
            SlaEventKind::BreachRetracted => self.breach = self.breach.filter(|breach| breach.id != breach_id),
            SlaEventKind::Started
            | SlaEventKind::Paused
            | SlaEventKind::Resumed
            | SlaEventKind::DueChanged
            | SlaEventKind::Warned
            | SlaEventKind::Cancelled => self.stop = None,
        }
    }
}

/// Takes in what is said of a clock; clocks that do not count are not kept.
pub fn hear(clocks: &mut Vec<Clock>, event: &SlaEvent) {
    let id = hash_64(&[&event.clock_id]);
    let place = clocks.partition_point(|clock| clock.id < id);
    if clocks.get(place).is_none_or(|clock| clock.id != id) {
        clocks.insert(place, Clock { id, metric: event.metric, stop: None, breach: None });
    }
    if let Some(clock) = clocks.get_mut(place) {
        clock.hear(event);
        if clock.stop.is_none() && clock.breach.is_none() {
            clocks.remove(place);
        }
    }
}

/// The latest instant at which a clock counts.
pub fn last(clocks: &[Clock]) -> Option<Timestamp> {
    let instants =
        clocks.iter().flat_map(|clock| [clock.stop.map(|stop| stop.at), clock.breach.map(|breach| breach.at)]);
    instants.flatten().max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_ms(second * 1_000)
    }

    fn event(second: i64, kind: SlaEventKind) -> SlaEvent {
        SlaEvent {
            case_id: "c-1#1".to_owned(),
            tenant: "demo".to_owned(),
            clock_id: "k-1".to_owned(),
            metric: Metric::Resolution,
            event: kind,
            at: at(second),
            due_at: None,
            elapsed_ms: 1,
            target_ms: None,
            policy: String::new(),
            policy_version: 1,
            calendar: String::new(),
            breach_id: Some("b-1".to_owned()),
            reason: None,
        }
    }

    #[test]
    fn a_clock_counts_once_as_it_was_last_said_to_stand() {
        use SlaEventKind::{BreachRetracted, Breached, Cancelled, EndedLate, Met, Resumed, Started};
        for (events, expected) in [
            (vec![(0, Started)], None),
            (vec![(1, Met)], Some(Verdict::Met(at(1)))),
            (vec![(1, Met), (2, Resumed)], None),
            (vec![(1, Met), (2, Resumed), (3, Met)], Some(Verdict::Met(at(3)))),
            (vec![(1, Met), (2, Resumed), (3, Breached)], Some(Verdict::Breached(at(3)))),
            (vec![(3, Breached), (4, EndedLate)], Some(Verdict::Breached(at(3)))),
            (vec![(3, Breached), (4, EndedLate), (5, Resumed)], Some(Verdict::Breached(at(3)))),
            (vec![(3, Breached), (4, Cancelled)], Some(Verdict::Breached(at(3)))),
            (vec![(3, Breached), (4, EndedLate), (3, BreachRetracted), (2, Met)], Some(Verdict::Met(at(2)))),
            (vec![(3, Breached), (3, BreachRetracted)], None),
            // a late reply moved the stop, a late closing cancelled the clock, a retraction lets it run again
            (vec![(3, Met), (2, Met)], Some(Verdict::Met(at(2)))),
            (vec![(3, Met), (2, Cancelled)], None),
            (vec![(3, Met), (0, Resumed)], None),
            // a late stop and resumption before the one known: that one is said again
            (vec![(3, Met), (1, Met), (2, Resumed), (3, Met)], Some(Verdict::Met(at(3)))),
            // breached by a change of policy, then in time after all
            (vec![(3, Breached), (4, Met)], Some(Verdict::Met(at(4)))),
        ] {
            let mut clocks = Vec::new();
            for (second, kind) in &events {
                hear(&mut clocks, &event(*second, *kind));
            }
            assert_eq!(clocks.first().and_then(Clock::verdict), expected, "{events:?}");
        }
    }

    #[test]
    fn another_breach_is_not_retracted() {
        let mut clocks = Vec::new();
        hear(&mut clocks, &event(3, SlaEventKind::Breached));
        let other = SlaEvent { breach_id: Some("b-2".to_owned()), ..event(3, SlaEventKind::BreachRetracted) };
        hear(&mut clocks, &other);
        assert_eq!(clocks.first().and_then(Clock::verdict), Some(Verdict::Breached(at(3))));
    }
}
