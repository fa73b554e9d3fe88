//! What a checked policy leaves open and its author probably did not mean to.

use std::collections::BTreeSet;

use kefu_contracts::Metric;

use super::Policy;
use crate::calendars::ALWAYS;
use crate::fault::Warning;
use crate::read::Report;
use crate::source::Node;

pub(super) fn warn(policy: &Policy, root: &Node, report: &mut Report) {
    let mut warn = |path: String, message: String| {
        let line = root.get(path.split('.').next().unwrap_or_default()).map(|_| root.nearest(&path).line);
        report.warnings.push(Warning { path, line: line.flatten(), message });
    };
    if root.get("sla").is_some() {
        for metric in metrics_without_steps(policy) {
            let message = format!("nothing follows a breach of {metric}; add a rule with steps that names it");
            warn("escalation".to_owned(), message);
        }
    }
    for name in unused_calendars(policy) {
        warn(format!("calendars.{name}"), "no SLA rule uses this calendar".to_owned());
    }
    if !policy.escalation.is_empty() {
        for (name, team) in &policy.teams {
            if [&team.lead, &team.supervisor, &team.department_head].iter().all(|person| person.is_none()) {
                let message = "nobody hears of this team's escalations; name a lead, supervisor or department_head";
                warn(format!("teams.{name}"), message.to_owned());
            }
        }
    }
}

/// Metrics with a target somewhere of which no rule says what follows a breach.
fn metrics_without_steps(policy: &Policy) -> BTreeSet<Metric> {
    let targets: BTreeSet<Metric> = policy.sla.iter().flat_map(|rule| rule.targets.keys().copied()).collect();
    let with_steps = |metric: &Metric| {
        let mut rules = policy.escalation.iter().filter(|rule| !rule.steps.is_empty());
        rules.any(|rule| rule.when.metric.is_empty() || rule.when.metric.contains(metric))
    };
    targets.into_iter().filter(|metric| !with_steps(metric)).collect()
}

fn unused_calendars(policy: &Policy) -> impl Iterator<Item = &String> {
    let unused = |name: &&String| *name != ALWAYS && policy.sla.iter().all(|rule| rule.calendar != **name);
    policy.calendars.keys().filter(unused)
}
