//! Which visits a case leads to: after a complaint, and after what was agreed after a sale is done (SS4).

use kefu_contracts::id::hash_id;
use kefu_contracts::survey::FollowUpKind;
use kefu_contracts::{Category, CloseReason, Timestamp};
use kefu_policy::PolicyHistory;

use super::course::{Account, Completion};
use super::follow_up_cause::{FollowUpCause, GRACE_MS};
use super::resolution::Resolution;

/// The visits that follow from `account`; each delay is that of the policy in force at its cause.
pub fn visits(tenant: &str, case_id: &str, account: &Account, policies: &PolicyHistory) -> Vec<FollowUpCause> {
    let ends = account.resolutions.iter().filter(|end| ends_a_complaint(end)).filter_map(|end| {
        let delay_ms = policies.in_force(end.at.ms()).follow_up.complaint_ms?;
        Some(after_complaint(tenant, case_id, end, end.at.plus_ms(delay_ms)))
    });
    let completions = account.completions.iter().filter_map(|(order_id, completion)| {
        let delay_ms = policies.in_force(completion.at.ms()).follow_up.after_sales_ms?;
        Some(after_sales(tenant, case_id, order_id, completion, completion.at.plus_ms(delay_ms)))
    });
    ends.chain(completions).collect()
}

/// What goes on in another case, or is none, is not visited.
fn ends_a_complaint(end: &Resolution) -> bool {
    let reason = end.reason;
    end.category == Some(Category::Complaint)
        && !end.merged
        && !matches!(reason, Some(CloseReason::Spam | CloseReason::Duplicate))
}

fn after_complaint(tenant: &str, case_id: &str, end: &Resolution, due_at: Timestamp) -> FollowUpCause {
    FollowUpCause {
        follow_up_id: hash_id(&["visit", tenant, case_id, "complaint", &end.no.to_string()]),
        version: 0,
        kind: FollowUpKind::Visit,
        case_id: Some(case_id.to_owned()),
        customer_id: end.party.as_ref().map(|party| party.customer_id.clone()),
        owner: end.assignee.clone(),
        since: end.at,
        due_at,
        cancelled_at: end.reopened_at.filter(|at| *at <= due_at.plus_ms(GRACE_MS)),
        outcome: None,
        periodic: false,
    }
}

fn after_sales(
    tenant: &str,
    case_id: &str,
    order_id: &str,
    completion: &Completion,
    due_at: Timestamp,
) -> FollowUpCause {
    FollowUpCause {
        follow_up_id: hash_id(&["visit", tenant, case_id, "after_sales", order_id]),
        version: 0,
        kind: FollowUpKind::Visit,
        case_id: Some(case_id.to_owned()),
        customer_id: completion.customer_id.clone(),
        owner: completion.assignee.clone(),
        since: completion.at,
        due_at,
        cancelled_at: None,
        outcome: None,
        periodic: false,
    }
}
