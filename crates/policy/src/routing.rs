//! Routing rules: which team takes a case and which department is consulted at once.

use serde::Serialize;

use crate::case_match::{CaseFacts, CaseMatch, known_team};
use crate::duration;
use crate::read::{At, Fields, Report, distinct, id, list, positive_duration, text};

/// Which cases a rule is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RoutingMatch {
    /// Conditions on the case.
    #[serde(flatten)]
    pub case: CaseMatch,
    /// Words of which one must stand in the text, upper and lower case alike; empty means any text.
    pub keywords: Vec<String>,
}

/// Where the cases it accepts go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoutingRule {
    /// Which cases it is for.
    #[serde(rename = "match")]
    pub when: RoutingMatch,
    /// The team that takes the case.
    pub team: Option<String>,
    /// The department consulted at once.
    pub department: Option<String>,
    /// The time told to the customer in milliseconds, if a department is consulted.
    #[serde(rename = "expected", serialize_with = "duration::as_optional_text")]
    pub expected_ms: Option<i64>,
}

impl RoutingMatch {
    fn accepts(&self, facts: &CaseFacts<'_>, text: &str) -> bool {
        let spoken = || {
            let text = text.to_lowercase();
            self.keywords.iter().any(|keyword| text.contains(&keyword.to_lowercase()))
        };
        self.case.accepts(facts) && (self.keywords.is_empty() || spoken())
    }
}

/// The first rule that accepts a case with this text of the customer.
pub(crate) fn first_match<'p>(rules: &'p [RoutingRule], facts: &CaseFacts<'_>, text: &str) -> Option<&'p RoutingRule> {
    rules.iter().find(|rule| rule.when.accepts(facts, text))
}

pub(crate) fn read(at: &At<'_>, report: &mut Report) -> Option<Vec<RoutingRule>> {
    list(at, report, read_rule)
}

fn read_rule(at: &At<'_>, report: &mut Report) -> Option<RoutingRule> {
    let mut fields = Fields::of(at, report)?;
    let faults_before = report.faults.len();
    let rule = RoutingRule {
        when: fields.or("match", RoutingMatch::default(), report, read_match),
        team: fields.optional("team", report, known_team),
        department: fields.optional("department", report, id),
        expected_ms: fields.optional("expected", report, positive_duration),
    };
    fields.finish(report);
    if report.faults.len() > faults_before {
        return None;
    }
    if rule.team.is_none() && rule.department.is_none() {
        return report.refuse(at, "a rule without effect; give it a `team` or a `department`");
    }
    if rule.department.is_none() && rule.expected_ms.is_some() {
        return report.refuse(at, "`expected` is the time of a department; add `department` or take `expected` out");
    }
    Some(rule)
}

fn read_match(at: &At<'_>, report: &mut Report) -> Option<RoutingMatch> {
    let mut fields = Fields::of(at, report)?;
    let case = CaseMatch::read(&mut fields, report);
    let keywords = fields.or("keywords", Vec::new(), report, |at, report| distinct(at, report, text));
    fields.finish(report);
    Some(RoutingMatch { case, keywords })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kefu_contracts::{Category, Channel};

    fn rule(team: &str, category: &[Category], keywords: &[&str]) -> RoutingRule {
        let case = CaseMatch { category: category.to_vec(), ..CaseMatch::default() };
        let keywords = keywords.iter().map(|keyword| (*keyword).to_owned()).collect();
        RoutingRule {
            when: RoutingMatch { case, keywords },
            team: Some(team.to_owned()),
            department: None,
            expected_ms: None,
        }
    }

    #[test]
    fn the_first_rule_with_its_category_and_one_of_its_words_wins() {
        let rules =
            [rule("fraud", &[Category::Complaint], &["Scam", "詐騙"]), rule("care", &[Category::Complaint], &[])];
        let team = |category, text: &str| {
            let facts = CaseFacts { category, ..CaseFacts::of_channel(Channel::Chat) };
            first_match(&rules, &facts, text).and_then(|rule| rule.team.as_deref())
        };
        assert_eq!(team(Some(Category::Complaint), "this is a SCAM"), Some("fraud"));
        assert_eq!(team(Some(Category::Complaint), "我被詐騙了"), Some("fraud"));
        assert_eq!(team(Some(Category::Complaint), "too slow"), Some("care"));
        assert_eq!(team(Some(Category::Inquiry), "is it a scam"), None);
        assert_eq!(team(None, "scam"), None);
    }
}
