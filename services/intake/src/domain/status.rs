//! What it means for a case to be in a state, and when it leaves one by time.

use std::borrow::Cow;
use std::sync::Arc;

use kefu_contracts::case_event::FactKind;
use kefu_contracts::{Status, Timestamp};
use kefu_policy::PolicyHistory;

use super::case_fact::{Cause, Fact, Fields, give_context};
use super::facts::Facts;

/// Sets what being in `status` from `at` on means.
pub fn enter(facts: &mut Facts, status: Status, at: Timestamp, policies: Option<&PolicyHistory>) {
    facts.status = status;
    facts.auto_close_at = None;
    match status {
        Status::Open | Status::PendingCustomer | Status::PendingDepartment => {
            facts.resolved_at = None;
            facts.confirmed_at = None;
            facts.closed_at = None;
        }
        Status::Resolved => {
            facts.resolved_at = Some(at);
            facts.promised_until = None;
            facts.auto_close_at = policies.and_then(|policies| auto_close_at(policies, at));
        }
        Status::Closed => {
            facts.closed_at = Some(at);
            facts.promised_until = None;
        }
    }
}

/// When a case resolved at `resolved_at` closes by itself: the first instant at which the policy then in force says
/// that enough time has passed.
pub fn auto_close_at(policies: &PolicyHistory, resolved_at: Timestamp) -> Option<Timestamp> {
    let mut from = resolved_at;
    loop {
        let until = policies.next_change_after(from.ms()).map(Timestamp::from_ms);
        if let Some(after_ms) = policies.in_force(from.ms()).auto_close_ms {
            let at = from.max(resolved_at.plus_ms(after_ms));
            if until.is_none_or(|until| at < until) {
                return Some(at);
            }
        }
        from = until?;
    }
}

/// Closes a case that closes by itself at `at`.
pub fn close_by_time(facts: &mut Facts, at: Timestamp, out: &mut Vec<Fact>) {
    let first = out.len();
    out.push(Fact {
        kind: FactKind::StatusChanged,
        at,
        cause: Cause::AutoClose,
        n: 0,
        actor: None,
        from: Some(Cow::Borrowed(facts.status.as_str())),
        to: Some(Cow::Borrowed(Status::Closed.as_str())),
        verdict: None,
        says: false,
        fields: Fields::Cause,
        context: Arc::default(),
    });
    facts.auto_closed_at = Some(at);
    enter(facts, Status::Closed, at, None);
    give_context(facts, out, first);
}
