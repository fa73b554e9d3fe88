//! Escalation rules: who hears of a breach, in which order, and which cases go to the top at once.

use std::str::FromStr;

use kefu_contracts::Metric;
use serde::{Deserialize, Serialize};

use crate::case_match::{CaseFacts, CaseMatch};
use crate::duration::{self, format_duration};
use crate::read::{At, Fields, Report, distinct, integer, list, positive_duration, word};

/// The most repeats of one step.
const TIMES_MAX: i64 = 100;

/// Who a step goes to; the order is the chain that escalations climb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The agent who has the case.
    Agent,
    /// The lead of the case's team.
    TeamLead,
    /// The supervisor of the case's team.
    Supervisor,
    /// The head of the department.
    DepartmentHead,
}

impl Role {
    /// Every role, from the bottom of the chain to its top.
    pub const ALL: [Role; 4] = [Role::Agent, Role::TeamLead, Role::Supervisor, Role::DepartmentHead];

    /// The role as policies and escalations write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Agent => "agent",
            Role::TeamLead => "team_lead",
            Role::Supervisor => "supervisor",
            Role::DepartmentHead => "department_head",
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(word: &str) -> Result<Role, String> {
        let known = Role::ALL.map(Role::as_str).join(", ");
        let role = Role::ALL.into_iter().find(|role| role.as_str() == word);
        role.ok_or_else(|| format!("unknown role `{word}`; use one of {known}"))
    }
}

/// Which cases and which breaches a rule is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EscalationMatch {
    /// Conditions on the case.
    #[serde(flatten)]
    pub case: CaseMatch,
    /// Metrics whose breach climbs the steps; empty means all.
    pub metric: Vec<Metric>,
}

/// What happens at once, and what happens after a breach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EscalationRule {
    /// Which cases and breaches it is for.
    #[serde(rename = "match")]
    pub when: EscalationMatch,
    /// Who hears of the case at once, without any breach.
    pub immediate: Option<Role>,
    /// How long the case is followed after closing, in milliseconds.
    #[serde(rename = "track", serialize_with = "duration::as_optional_text")]
    pub track_ms: Option<i64>,
    /// What follows a breach, in order of time.
    pub steps: Vec<EscalationStep>,
}

/// One step of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EscalationStep {
    /// Time after the breach in milliseconds, in the clock's calendar.
    #[serde(rename = "after", serialize_with = "duration::as_text")]
    pub after_ms: i64,
    /// Who it goes to.
    pub to: Role,
    /// Time between repeats in milliseconds, in the clock's calendar.
    #[serde(rename = "repeat", serialize_with = "duration::as_optional_text")]
    pub repeat_ms: Option<i64>,
    /// How many more follow after the first; 0 without `repeat`.
    pub times: u32,
}

impl EscalationStep {
    /// Times after the breach at which the step is due, in milliseconds of the clock's calendar.
    pub fn due_ms(&self) -> impl Iterator<Item = i64> + use<> {
        let (after_ms, repeat_ms) = (self.after_ms, self.repeat_ms.unwrap_or(0));
        (0..=i64::from(self.times)).map(move |n| after_ms.saturating_add(repeat_ms.saturating_mul(n)))
    }
}

/// The first rule that sends such a case to someone at once.
pub(crate) fn at_once<'p>(rules: &'p [EscalationRule], facts: &CaseFacts<'_>) -> Option<&'p EscalationRule> {
    rules.iter().find(|rule| rule.immediate.is_some() && rule.when.case.accepts(facts))
}

/// The first rule with steps for a breach of `metric` in such a case.
pub(crate) fn after_breach<'p>(
    rules: &'p [EscalationRule],
    facts: &CaseFacts<'_>,
    metric: Metric,
) -> Option<&'p EscalationRule> {
    rules.iter().find(|rule| {
        let named = rule.when.metric.is_empty() || rule.when.metric.contains(&metric);
        !rule.steps.is_empty() && named && rule.when.case.accepts(facts)
    })
}

pub(crate) fn read(at: &At<'_>, report: &mut Report) -> Option<Vec<EscalationRule>> {
    list(at, report, read_rule)
}

fn read_rule(at: &At<'_>, report: &mut Report) -> Option<EscalationRule> {
    let mut fields = Fields::of(at, report)?;
    let faults_before = report.faults.len();
    let rule = EscalationRule {
        when: fields.or("match", EscalationMatch::default(), report, read_match),
        immediate: fields.optional("immediate", report, word),
        track_ms: fields.optional("track", report, positive_duration),
        steps: fields.or("steps", Vec::new(), report, read_steps),
    };
    fields.finish(report);
    if report.faults.len() > faults_before {
        return None;
    }
    if rule.immediate.is_none() && rule.steps.is_empty() {
        return report.refuse(at, "a rule without effect; give it `immediate` or `steps`");
    }
    if rule.immediate.is_none() && rule.track_ms.is_some() {
        return report.refuse(at, "`track` follows what `immediate` raised; add `immediate` or take `track` out");
    }
    if rule.immediate.is_some() && !rule.when.metric.is_empty() {
        return report.refuse(at, "`immediate` waits for no breach; use a step `after: 0s`, or take `metric` out");
    }
    Some(rule)
}

fn read_match(at: &At<'_>, report: &mut Report) -> Option<EscalationMatch> {
    let mut fields = Fields::of(at, report)?;
    let case = CaseMatch::read(&mut fields, report);
    let metric = fields.or("metric", Vec::new(), report, |at, report| distinct(at, report, word));
    fields.finish(report);
    Some(EscalationMatch { case, metric })
}

fn read_steps(at: &At<'_>, report: &mut Report) -> Option<Vec<EscalationStep>> {
    let steps = list(at, report, read_step)?;
    for pair in steps.windows(2) {
        if let [earlier, later] = pair
            && later.after_ms < earlier.after_ms
        {
            let (later, earlier) = (format_duration(later.after_ms), format_duration(earlier.after_ms));
            return report
                .refuse(at, format!("a step after {later} stands behind one after {earlier}; order them by time"));
        }
    }
    refuse_cycle(at, &steps, report)?;
    Some(steps)
}

/// Escalations climb: a step that returns to a role already asked would go round in a circle.
fn refuse_cycle(at: &At<'_>, steps: &[EscalationStep], report: &mut Report) -> Option<()> {
    let chain = steps.iter().map(|step| step.to.as_str()).collect::<Vec<_>>().join(" -> ");
    let mut rest = steps;
    while let [step, later @ ..] = rest {
        if later.iter().any(|other| other.to == step.to) {
            let advice = "to remind the same role use `repeat` and `times`";
            return report.refuse(at, format!("escalation cycle {chain}: {} comes twice; {advice}", step.to.as_str()));
        }
        if later.iter().any(|other| other.to < step.to) {
            report
                .warn(at, format!("the escalation goes down: {chain}; the chain climbs from agent to department_head"));
        }
        rest = later;
    }
    Some(())
}

fn read_step(at: &At<'_>, report: &mut Report) -> Option<EscalationStep> {
    let mut fields = Fields::of(at, report)?;
    let faults_before = report.faults.len();
    let after_ms = fields.or("after", 0, report, crate::read::duration);
    let to = fields.required("to", report, word);
    let repeat_ms = fields.optional("repeat", report, positive_duration);
    let times = fields.or("times", 0, report, read_times);
    fields.finish(report);
    if repeat_ms.is_some() != (times > 0) && report.faults.len() == faults_before {
        return report.refuse(at, "`repeat` and `times` belong together: how often, and how many more after the first");
    }
    Some(EscalationStep { after_ms, to: to?, repeat_ms, times })
}

fn read_times(at: &At<'_>, report: &mut Report) -> Option<u32> {
    match integer(at, report)? {
        times @ 0..=TIMES_MAX => u32::try_from(times).ok(),
        times => report.refuse(at, format!("{times} repeats; write at most {TIMES_MAX}")),
    }
}
