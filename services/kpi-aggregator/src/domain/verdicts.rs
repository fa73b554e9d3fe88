//! Whether SLA clocks were met or breached, from what is said of them.
//!
//! A clock counts once. Its events come in the order in which they were said, and what was said last of a clock is how
//! it stands: a late event may move a stop into the past, and then the stop is said anew. So the order in which they
//! are heard decides, not their instants. Only breaches stay when the clock goes on, until they are retracted; of
//! several the latest counts, because one in the past may be said after it.

use kefu_contracts::id::hash_64;
use kefu_contracts::sla_event::{SlaEvent, SlaEventKind};
use kefu_contracts::{Metric, Timestamp};
use serde::{Deserialize, Serialize};

/// The reason of an event that only corrects what was said before. A clock cancelled for it never was.
const CORRECTED: &str = "corrected";

/// The most breaches kept of a clock; the earliest go. It takes two changes of policy to breach once more.
const MAX_BREACHES: usize = 16;

/// A clock as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    id: u64,
    /// What it measures.
    pub metric: Metric,
    /// Its stop; none while it runs or rests, or if it was cancelled.
    pub stop: Option<Stop>,
    /// Those not retracted, in the order of time.
    breaches: Vec<Breach>,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Breach {
    at: Timestamp,
    id: u64,
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
            _ => self.breaches.last().map(|breach| Verdict::Breached(breach.at)),
        }
    }

    fn hear(&mut self, event: &SlaEvent) {
        let at = event.at;
        let breach = Breach { at, id: event.breach_id.as_ref().map_or(0, |id| hash_64(&[id])) };
        match event.event {
            SlaEventKind::Met => self.stop = Some(Stop { at, elapsed_ms: event.elapsed_ms, late: false }),
            SlaEventKind::EndedLate => self.stop = Some(Stop { at, elapsed_ms: event.elapsed_ms, late: true }),
            SlaEventKind::Breached => {
                self.stop = None;
                self.breach(breach);
            }
            SlaEventKind::BreachRetracted => self.breaches.retain(|known| known.id != breach.id),
            SlaEventKind::Started
            | SlaEventKind::Paused
            | SlaEventKind::Resumed
            | SlaEventKind::DueChanged
            | SlaEventKind::Warned => self.stop = None,
            SlaEventKind::Cancelled => {
                self.stop = None;
                if event.reason.as_deref() == Some(CORRECTED) {
                    self.breaches.clear();
                }
            }
        }
    }

    fn breach(&mut self, breach: Breach) {
        if let Err(place) = self.breaches.binary_search(&breach) {
            self.breaches.insert(place, breach);
            self.breaches.drain(..self.breaches.len().saturating_sub(MAX_BREACHES));
        }
    }

    /// Whether it counts for nothing.
    fn is_open(&self) -> bool {
        self.stop.is_none() && self.breaches.is_empty()
    }
}

/// Takes in what is said of a clock; clocks that do not count are not kept.
pub fn hear(clocks: &mut Vec<Clock>, event: &SlaEvent) {
    let id = hash_64(&[&event.clock_id]);
    let place = clocks.partition_point(|clock| clock.id < id);
    if clocks.get(place).is_none_or(|clock| clock.id != id) {
        clocks.insert(place, Clock { id, metric: event.metric, stop: None, breaches: Vec::new() });
    }
    if let Some(clock) = clocks.get_mut(place) {
        clock.hear(event);
        if clock.is_open() {
            clocks.remove(place);
        }
    }
}

/// The latest instant at which a clock counts.
pub fn last(clocks: &[Clock]) -> Option<Timestamp> {
    let stops = clocks.iter().filter_map(|clock| clock.stop).map(|stop| stop.at);
    stops.chain(clocks.iter().filter_map(|clock| clock.breaches.last()).map(|breach| breach.at)).max()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    /// As it is said of a breach that has its instant in its id.
    fn breach(second: i64, kind: SlaEventKind) -> SlaEvent {
        SlaEvent { breach_id: Some(format!("b-{second}")), ..event(second, kind) }
    }

    fn verdict<'e>(said: impl IntoIterator<Item = &'e SlaEvent>) -> Option<Verdict> {
        let mut clocks = Vec::new();
        said.into_iter().for_each(|event| hear(&mut clocks, event));
        clocks.first().and_then(Clock::verdict)
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
            let said: Vec<SlaEvent> = events.iter().map(|(second, kind)| event(*second, *kind)).collect();
            assert_eq!(verdict(&said), expected, "{events:?}");
            let repeated: Vec<&SlaEvent> = said.iter().flat_map(|event| [event, event]).collect();
            assert_eq!(verdict(repeated), expected, "{events:?}, each twice");
        }
    }

    #[test]
    fn another_breach_is_not_retracted() {
        use SlaEventKind::{BreachRetracted, Breached};
        let said = [breach(3, Breached), breach(2, BreachRetracted)];
        assert_eq!(verdict(&said), Some(Verdict::Breached(at(3))));
    }

    #[test]
    fn of_two_breaches_the_latest_counts_though_the_other_is_said_after_it() {
        use SlaEventKind::{BreachRetracted, Breached, DueChanged};
        // by a change of policy, left behind by the next, then breached again; a late pause moves the first breach
        let mut said = vec![breach(3, Breached), event(5, DueChanged), breach(9, Breached)];
        assert_eq!(verdict(&said), Some(Verdict::Breached(at(9))));
        said.extend([breach(3, BreachRetracted), breach(4, Breached)]);
        assert_eq!(verdict(&said), Some(Verdict::Breached(at(9))));
        said.push(breach(9, BreachRetracted));
        assert_eq!(verdict(&said), Some(Verdict::Breached(at(4))), "the first was not taken back");
    }

    #[test]
    fn a_clock_that_never_was_counts_for_nothing() {
        use SlaEventKind::{Breached, Cancelled, Met, Started};
        for (kind, reason, expected) in [
            (Met, "merged", None),
            (Met, CORRECTED, None),
            (Breached, "merged", Some(Verdict::Breached(at(3)))),
            (Breached, CORRECTED, None),
        ] {
            let cancelled = SlaEvent { reason: Some(reason.to_owned()), ..event(1, Cancelled) };
            let mut said = vec![event(3, kind), cancelled];
            assert_eq!(verdict(&said), expected, "{kind}, cancelled as {reason}");
            said.extend([event(1, Started), event(2, Met)]);
            assert_eq!(verdict(&said), Some(Verdict::Met(at(2))), "{kind}, {reason}, then met after all");
        }
    }

    /// The story of a clock in the order of time, an event a second.
    fn story(steps: &[u8]) -> Vec<SlaEvent> {
        use SlaEventKind::{Breached, Cancelled, DueChanged, EndedLate, Met, Paused, Resumed, Started};
        let kinds = [Started, Paused, Resumed, DueChanged, Met, Breached, EndedLate, Cancelled];
        let seconds = (1..).zip(steps);
        // a step may be missing from a story, so that stories differ and share events
        let kinds = seconds.filter_map(|(second, step)| Some((second, *kinds.get(usize::from(*step))?)));
        kinds.map(|(second, kind)| breach(second, kind)).collect()
    }

    /// What is said when `before` was told and `after` turns out to be true: breaches that are not true are retracted,
    /// what is new is told, and then how the clock stands.
    fn corrections(before: &[SlaEvent], after: &[SlaEvent]) -> Vec<SlaEvent> {
        let untrue = |said: &&SlaEvent| said.event == SlaEventKind::Breached && !after.contains(said);
        let retract = |said: &SlaEvent| SlaEvent { event: SlaEventKind::BreachRetracted, ..said.clone() };
        let retracted = before.iter().filter(untrue).map(retract);
        let new = after.iter().filter(|event| !before.contains(event)).cloned();
        let never_was = after.is_empty().then(|| before.last()).flatten().map(|last| SlaEvent {
            event: SlaEventKind::Cancelled,
            reason: Some(CORRECTED.to_owned()),
            ..last.clone()
        });
        retracted.chain(new).chain(after.last().cloned()).chain(never_was).collect()
    }

    proptest! {
        /// However often the past turned out to be another, the clock counts as if the last story had been told alone.
        #[test]
        fn corrections_lead_where_the_truth_told_at_once_leads(
            stories in proptest::collection::vec(proptest::collection::vec(0_u8..12, 0..8), 1..6),
        ) {
            let stories: Vec<Vec<SlaEvent>> = stories.iter().map(|steps| story(steps)).collect();
            let mut said = Vec::new();
            let mut before: &[SlaEvent] = &[];
            for after in &stories {
                said.extend(corrections(before, after));
                before = after;
            }
            prop_assert_eq!(verdict(&said), verdict(before));
        }
    }
}
