//! SLA rules: which targets a case has, in which calendar, and when its clocks pause.
//!
//! Owns the rules and their defaults. Running the clocks belongs to the escalation service.

use std::collections::BTreeMap;

use kefu_contracts::{Channel, Metric, Status};
use serde::Serialize;

use crate::calendars::{ALWAYS, known_calendar};
use crate::case_match::{CaseFacts, CaseMatch};
use crate::duration;
use crate::read::{
    At, Fields, Report, boolean, distinct, entries, id, placed_list, refuse_repeats, time_to, without_places, word,
};
use crate::source::Value;

/// Targets for the cases it accepts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SlaRule {
    /// The rule's name, which SLA events carry; one without is called `rule-` and its position, from 1.
    pub name: String,
    /// Which cases it is for.
    #[serde(rename = "match")]
    pub when: CaseMatch,
    /// The calendar in which its clocks run.
    pub calendar: String,
    /// Targets in milliseconds; a metric without one has no clock.
    #[serde(serialize_with = "duration::as_text_by_key")]
    pub targets: BTreeMap<Metric, i64>,
    /// Pauses that replace the default of [`paused_by_default`].
    pub pause_on: BTreeMap<Metric, Vec<Status>>,
    /// Shares of the target at which a warning is due, ascending, between 0 and 1.
    pub warn_at: Vec<f64>,
    /// Whether next_reply also runs from the first message.
    pub next_reply_includes_first: bool,
}

impl SlaRule {
    /// The target in milliseconds, if the metric has one.
    pub fn target_ms(&self, metric: Metric) -> Option<i64> {
        self.targets.get(&metric).copied()
    }

    /// The states in which the metric's clock pauses.
    pub fn pause_on(&self, metric: Metric) -> &[Status] {
        self.pause_on.get(&metric).map_or(paused_by_default(metric), Vec::as_slice)
    }

    /// The warnings of a target: each share with its elapsed time in milliseconds, ascending.
    pub fn warnings(&self, target_ms: i64) -> impl Iterator<Item = (f64, i64)> + '_ {
        self.warn_at.iter().map(move |share| (*share, (target_ms as f64 * share).round() as i64))
    }
}

/// The states in which a metric's clock pauses if the rule does not say otherwise.
pub const fn paused_by_default(metric: Metric) -> &'static [Status] {
    use Status::{PendingCustomer, PendingDepartment, Resolved};
    match metric {
        Metric::Acknowledge | Metric::NextReply | Metric::PeriodicUpdate | Metric::Promised => &[],
        Metric::FirstReply => &[Resolved],
        Metric::RequesterWait | Metric::Resolution => &[PendingCustomer, Resolved],
        Metric::AgentWork => &[PendingCustomer, PendingDepartment, Resolved],
    }
}

/// The rules of a tenant that wrote none: acknowledge within 30 s on chat and 4 h on email.
pub(crate) fn default_rules() -> Vec<SlaRule> {
    let rule = |channel: Channel, target_ms: i64| SlaRule {
        name: channel.as_str().to_owned(),
        when: CaseMatch::of_channels(&[channel]),
        targets: BTreeMap::from([(Metric::Acknowledge, target_ms)]),
        ..empty_rule()
    };
    vec![rule(Channel::Chat, 30_000), rule(Channel::Email, 4 * duration::HOUR_MS)]
}

fn empty_rule() -> SlaRule {
    SlaRule {
        name: String::new(),
        when: CaseMatch::default(),
        calendar: ALWAYS.to_owned(),
        targets: BTreeMap::new(),
        pause_on: BTreeMap::new(),
        warn_at: Vec::new(),
        next_reply_includes_first: false,
    }
}

/// The first rule that accepts the case.
pub(crate) fn first_match<'p>(rules: &'p [SlaRule], facts: &CaseFacts<'_>) -> Option<&'p SlaRule> {
    rules.iter().find(|rule| rule.when.accepts(facts))
}

pub(crate) fn read(at: &At<'_>, report: &mut Report) -> Option<Vec<SlaRule>> {
    let mut rules = placed_list(at, report, read_rule)?;
    for (index, (_, rule)) in rules.iter_mut().enumerate() {
        if rule.name.is_empty() {
            rule.name = format!("rule-{}", index + 1);
        }
    }
    let twice = |rule: &SlaRule| format!("two rules are named `{}`; events tell rules by their name", rule.name);
    refuse_repeats(&rules, "name", |rule| rule.name.clone(), twice, report);
    match rules.iter().position(|(_, rule)| rule.when.accepts_all()) {
        Some(index) => {
            for (at, _) in rules.iter().skip(index + 1) {
                report.warn(at, "never reached: an earlier rule matches all; move it up");
            }
        }
        None => {
            let message =
                "no rule matches all: other cases have no clock but promises; end with a rule without `match`";
            report.warn(at, message);
        }
    }
    Some(without_places(rules))
}

fn read_rule(at: &At<'_>, report: &mut Report) -> Option<SlaRule> {
    let mut fields = Fields::of(at, report)?;
    let rule = SlaRule {
        name: fields.or("name", String::new(), report, id),
        when: fields.or("match", CaseMatch::default(), report, read_match),
        calendar: fields.or("calendar", ALWAYS.to_owned(), report, known_calendar),
        targets: fields.or("targets", BTreeMap::new(), report, read_targets),
        pause_on: fields.or("pause_on", BTreeMap::new(), report, read_pauses),
        warn_at: fields.or("warn_at", Vec::new(), report, read_shares),
        next_reply_includes_first: fields.or("next_reply_includes_first", false, report, boolean),
    };
    if rule.next_reply_includes_first && !rule.targets.contains_key(&Metric::NextReply) {
        report.warn(at, "next_reply_includes_first without a target for next_reply has no effect");
    }
    for metric in rule.pause_on.keys().filter(|metric| !rule.targets.contains_key(metric)) {
        if *metric != Metric::Promised {
            report.warn(at, format!("pause_on names {metric}, which has no target: it has no effect"));
        }
    }
    fields.finish(report);
    Some(rule)
}

fn read_match(at: &At<'_>, report: &mut Report) -> Option<CaseMatch> {
    let mut fields = Fields::of(at, report)?;
    let when = CaseMatch::read(&mut fields, report);
    fields.finish(report);
    Some(when)
}

fn read_targets(at: &At<'_>, report: &mut Report) -> Option<BTreeMap<Metric, i64>> {
    let targets: BTreeMap<Metric, i64> = time_to(at, report)?;
    if targets.contains_key(&Metric::Promised) {
        return report.refuse(&at.below("promised"), "`promised` takes no target: its due time is what was promised");
    }
    Some(targets)
}

fn read_pauses(at: &At<'_>, report: &mut Report) -> Option<BTreeMap<Metric, Vec<Status>>> {
    let mut pauses = BTreeMap::new();
    for (metric, at) in entries(at, report) {
        let states = distinct(&at, report, word);
        match metric.parse::<Metric>() {
            Ok(metric) => pauses.extend(states.map(|states| (metric, states))),
            Err(error) => report.refuse::<()>(&at, error).unwrap_or_default(),
        }
    }
    Some(pauses)
}

fn read_shares(at: &At<'_>, report: &mut Report) -> Option<Vec<f64>> {
    let mut shares = distinct(at, report, read_share)?;
    shares.sort_by(f64::total_cmp);
    Some(shares)
}

fn read_share(at: &At<'_>, report: &mut Report) -> Option<f64> {
    let share = match &at.node.value {
        Value::Real(share) => *share,
        Value::Integer(share) => *share as f64,
        other => return report.refuse(at, format!("{} where a share such as 0.8 is expected", other.describe())),
    };
    if share > 0.0 && share < 1.0 {
        Some(share)
    } else {
        report.refuse(at, format!("{share} is no share of the target; write more than 0 and less than 1, such as 0.8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kefu_contracts::{Category, Priority};

    #[test]
    fn the_first_rule_that_accepts_wins() {
        let mut rules = default_rules();
        rules.push(SlaRule { name: "rest".to_owned(), ..empty_rule() });
        let name = |facts: CaseFacts<'_>| first_match(&rules, &facts).map(|rule| rule.name.as_str());
        assert_eq!(name(CaseFacts::of_channel(Channel::Chat)), Some("chat"));
        assert_eq!(name(CaseFacts::of_channel(Channel::Email)), Some("email"));
        assert_eq!(name(CaseFacts::of_channel(Channel::Phone)), Some("rest"));
    }

    #[test]
    fn every_condition_must_hold_and_an_unknown_fact_meets_none() {
        let when = CaseMatch {
            category: vec![Category::Complaint],
            priority: vec![Priority::Urgent, Priority::High],
            tier: vec!["vip".to_owned()],
            team: vec!["after_sales".to_owned()],
            ..CaseMatch::default()
        };
        let full = CaseFacts {
            category: Some(Category::Complaint),
            priority: Some(Priority::High),
            tier: Some("vip"),
            team: Some("after_sales"),
            ..CaseFacts::of_channel(Channel::Chat)
        };
        assert!(when.accepts(&full));
        for facts in [
            CaseFacts { category: None, ..full },
            CaseFacts { category: Some(Category::Inquiry), ..full },
            CaseFacts { priority: Some(Priority::Low), ..full },
            CaseFacts { tier: None, ..full },
            CaseFacts { team: Some("sales"), ..full },
        ] {
            assert!(!when.accepts(&facts), "{facts:?}");
        }
    }

    #[test]
    fn pauses_named_by_the_rule_replace_the_default() {
        let rule = SlaRule {
            pause_on: BTreeMap::from([
                (Metric::Resolution, vec![]),
                (Metric::NextReply, vec![Status::PendingCustomer]),
            ]),
            ..empty_rule()
        };
        assert_eq!(rule.pause_on(Metric::Resolution), &[]);
        assert_eq!(rule.pause_on(Metric::NextReply), &[Status::PendingCustomer]);
        assert_eq!(rule.pause_on(Metric::FirstReply), &[Status::Resolved]);
        assert_eq!(
            rule.pause_on(Metric::AgentWork),
            &[Status::PendingCustomer, Status::PendingDepartment, Status::Resolved]
        );
    }

    #[test]
    fn warnings_fall_on_whole_milliseconds() {
        let rule = SlaRule { warn_at: vec![0.1, 0.8], ..empty_rule() };
        assert_eq!(rule.warnings(300_000).collect::<Vec<_>>(), vec![(0.1, 30_000), (0.8, 240_000)]);
        assert_eq!(rule.warnings(7).collect::<Vec<_>>(), vec![(0.1, 1), (0.8, 6)]);
    }
}
