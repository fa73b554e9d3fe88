//! Orders without progress.
//!
//! Owns how long an order has been in its status and when that is too long. An order's life as such is intake's matter.

use kefu_contracts::{OrderStatus, Timestamp};
use kefu_policy::PolicyHistory;
use serde::{Deserialize, Serialize};

/// The most steps of an order kept; a carrier that repeats itself for ever loses its oldest.
const STEPS_MAX: usize = 64;

/// How long an order is remembered after its last event, unless it may still be stuck.
pub const REMEMBERED_MS: i64 = 30 * 86_400_000;

/// An order as far as progress goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The statuses reached, by time, then event.
    steps: Vec<(Timestamp, String, OrderStatus)>,
    /// The statuses in which a case was opened; one for each, for good.
    pub reported: Vec<OrderStatus>,
}

impl Progress {
    /// Takes an event in, wherever it belongs in the order of time; whether it is new.
    pub fn take(&mut self, at: Timestamp, event_id: &str, status: OrderStatus) -> bool {
        if self.steps.iter().any(|(_, known, _)| known == event_id) {
            return false;
        }
        let step = (at, event_id.to_owned(), status);
        let place = self.steps.partition_point(|other| *other < step);
        self.steps.insert(place, step);
        if self.steps.len() > STEPS_MAX {
            // The second: the first of a run tells since when its status holds.
            self.steps.remove(1);
        }
        true
    }

    /// The order's status, and since when; the same status told again is no progress.
    pub fn status(&self) -> Option<(OrderStatus, Timestamp)> {
        let (_, _, status) = self.steps.last()?;
        let run = self.steps.iter().rev().take_while(|(_, _, other)| other == status);
        run.last().map(|(since, ..)| (*status, *since))
    }

    /// The last event's instant.
    pub fn last_at(&self) -> Option<Timestamp> {
        self.steps.last().map(|(at, ..)| *at)
    }

    /// When the order is stuck in its present status if nothing happens, by the policy in force then.
    pub fn stuck_at(&self, history: &PolicyHistory) -> Option<(Timestamp, OrderStatus)> {
        let (status, since) = self.status().filter(|(status, _)| !self.reported.contains(status))?;
        let mut from = since;
        loop {
            let until = history.next_change_after(from.ms()).map(Timestamp::from_ms);
            if let Some(after_ms) = history.in_force(from.ms()).orders.stuck_after_ms(status) {
                let at = since.plus_ms(after_ms).max(from);
                if until.is_none_or(|until| at < until) {
                    return Some((at, status));
                }
            }
            from = until?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kefu_policy::Policy;

    use super::*;

    const HOUR: i64 = 3_600_000;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_ms(hour * HOUR)
    }

    fn history(versions: &[(i64, Option<i64>)]) -> PolicyHistory {
        let mut history = PolicyHistory::of("demo");
        for (version, (from, stuck)) in versions.iter().enumerate() {
            let mut policy = Policy::default_for("demo");
            policy.version = version as i64 + 1;
            policy.effective_from = Some(hour(*from));
            policy.orders.stuck_after.clear();
            policy.orders.stuck_after.extend(stuck.map(|stuck| (OrderStatus::Paid, stuck * HOUR)));
            history.insert(Arc::new(policy));
        }
        history
    }

    #[test]
    fn stuck_since_the_status_was_reached() {
        use OrderStatus::{Packed, Paid, Placed};
        for (events, expected) in [
            (vec![(1, Placed)], None),
            (vec![(1, Placed), (2, Paid)], Some(hour(50))),
            (vec![(2, Paid), (3, Packed)], None),
            // told again, late, or both
            (vec![(2, Paid), (30, Paid)], Some(hour(50))),
            (vec![(30, Paid), (2, Paid)], Some(hour(50))),
            (vec![(30, Paid), (2, Paid), (3, Packed)], Some(hour(78))),
        ] {
            let mut progress = Progress::default();
            for (at, status) in &events {
                assert!(progress.take(hour(*at), &format!("e-{at}"), *status));
                assert!(!progress.take(hour(*at), &format!("e-{at}"), *status));
            }
            let stuck_at = progress.stuck_at(&history(&[(0, Some(48))])).map(|(at, _)| at);
            assert_eq!(stuck_at, expected, "{events:?}");
        }
    }

    #[test]
    fn the_policy_in_force_then_decides() {
        for (versions, expected) in [
            (vec![(0, Some(48)), (10, Some(24))], Some(26)),
            (vec![(0, Some(48)), (40, Some(24))], Some(40)),
            (vec![(0, Some(48)), (50, None)], None),
            (vec![(0, Some(48)), (51, None)], Some(50)),
            (vec![(0, None), (60, Some(48))], Some(60)),
        ] {
            let mut progress = Progress::default();
            progress.take(hour(2), "e-1", OrderStatus::Paid);
            let stuck_at = progress.stuck_at(&history(&versions)).map(|(at, _)| at);
            assert_eq!(stuck_at, expected.map(hour), "{versions:?}");
        }
    }

    #[test]
    fn one_case_for_each_status() {
        let mut progress = Progress::default();
        progress.take(hour(2), "e-1", OrderStatus::Paid);
        progress.reported.push(OrderStatus::Paid);
        assert_eq!(progress.stuck_at(&history(&[(0, Some(48))])), None);
    }
}
