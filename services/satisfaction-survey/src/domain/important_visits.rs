//! The visits an important customer gets from time to time (SS4).
//!
//! A customer is important while the rank says so, or a case bears the mark. The next visit is planned as soon as the
//! last one's instant has passed, with the period in force at that instant.

use kefu_contracts::Timestamp;
use kefu_contracts::id::hash_id;
use kefu_contracts::survey::FollowUpKind;
use serde::{Deserialize, Serialize};

use super::follow_up_cause::FollowUpCause;
use super::importance::Standing;

/// Cases remembered that say something of one customer's importance.
const MOST_STANDINGS: usize = 64;

/// How long a case is remembered that does not speak for the customer's importance, in milliseconds.
const REMEMBERED_MS: i64 = 366 * 86_400_000;

/// The visits of a customer, planned and past.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImportantVisits {
    standings: Vec<Standing>,
    /// How many visits have come due.
    past: u64,
    last_due_at: Option<Timestamp>,
    planned_at: Option<Timestamp>,
    version: u64,
}

impl ImportantVisits {
    /// Takes in what a case says of the customer.
    pub fn learn(&mut self, standing: Standing) {
        self.standings.retain(|known| known.case_id != standing.case_id);
        if !standing.is_empty() {
            self.standings.push(standing);
        }
        self.standings.sort_by(|one, other| (rank_at(one), &one.case_id).cmp(&(rank_at(other), &other.case_id)));
        if self.standings.len() > MOST_STANDINGS {
            // the oldest tells since when the customer is important, the newest whether still
            self.standings.remove(1);
        }
    }

    /// Since when the customer is important without a break; none if not important.
    pub fn important_since(&self) -> Option<Timestamp> {
        let ranks = self.standings.iter().rev().filter_map(|standing| standing.vip);
        let by_rank = ranks.take_while(|vip| vip.value).map(|vip| vip.at).min();
        let by_mark = self.standings.iter().filter_map(|standing| standing.important_since).min();
        [by_rank, by_mark].into_iter().flatten().min()
    }

    /// When the planned visit is due.
    pub fn planned_at(&self) -> Option<Timestamp> {
        self.planned_at
    }

    /// Plans the next visit anew; `every_ms` gives the period in force at an instant. What is to be said if the plan
    /// changed, at `now`.
    pub fn plan(
        &mut self,
        tenant: &str,
        customer_id: &str,
        now: Timestamp,
        every_ms: impl Fn(Timestamp) -> Option<i64>,
    ) -> Option<FollowUpCause> {
        let base = self.important_since().map(|since| self.last_due_at.map_or(since, |last| last.max(since)));
        let wanted = base.and_then(|base| every_ms(base).map(|every_ms| base.plus_ms(every_ms)));
        if wanted == self.planned_at {
            return None;
        }
        let before = std::mem::replace(&mut self.planned_at, wanted);
        let due_at = wanted.or(before)?;
        self.version += 1;
        Some(FollowUpCause {
            follow_up_id: hash_id(&["visit", tenant, customer_id, "important", &(self.past + 1).to_string()]),
            version: self.version,
            kind: FollowUpKind::Visit,
            case_id: None,
            customer_id: Some(customer_id.to_owned()),
            owner: None,
            since: base.unwrap_or(now),
            due_at,
            cancelled_at: wanted.is_none().then_some(now),
            outcome: None,
            periodic: true,
        })
    }

    /// Counts the planned visit as past if it is due at `now`.
    pub fn pass(&mut self, now: Timestamp) {
        if let Some(due_at) = self.planned_at.filter(|due_at| *due_at <= now) {
            self.planned_at = None;
            self.last_due_at = Some(due_at);
            self.past += 1;
        }
    }

    /// Forgets cases that have said nothing of importance for long.
    pub fn tidy(&mut self, now: Timestamp) {
        self.standings.retain(|standing| forgotten_at(standing).is_none_or(|at| at > now));
    }

    /// When there is something to forget.
    pub fn tidy_at(&self) -> Option<Timestamp> {
        self.standings.iter().filter_map(forgotten_at).min()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.standings.is_empty() && self.past == 0 && self.planned_at.is_none()
    }
}

/// From when a case that does not speak for the customer's importance need not be remembered.
fn forgotten_at(standing: &Standing) -> Option<Timestamp> {
    let rank = standing.vip.filter(|vip| !vip.value && standing.important_since.is_none())?;
    Some(rank.at.plus_ms(REMEMBERED_MS))
}

fn rank_at(standing: &Standing) -> Option<Timestamp> {
    standing.vip.map(|vip| vip.at)
}
