//! Which team takes a case and which department is consulted, by the first classification that a rule accepts.

use kefu_contracts::case_event::{CaseEvent, FactKind};
use kefu_contracts::{Channel, Timestamp};
use kefu_policy::{PolicyHistory, RoutingRule};
use serde::{Deserialize, Serialize};

use crate::domain::fact::{Facts, What};
use crate::domain::view::View;

/// The most of a customer's words, in bytes, in which routing rules look for theirs.
const SPOKEN_BYTES_MAX: usize = 4_096;

/// What the customer said until the case was routed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoken(Vec<(Timestamp, String)>);

impl Spoken {
    /// Keeps what was said at `at`, as far as there is room; several facts may tell of it, and each again.
    pub fn keep(&mut self, at: Timestamp, text: &str) {
        if self.0.iter().any(|(said_at, said)| *said_at == at && said == text) {
            return;
        }
        let used: usize = self.0.iter().map(|(_, text)| text.len()).sum();
        let mut end = text.len().min(SPOKEN_BYTES_MAX.saturating_sub(used));
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        if let Some(text) = text.get(..end).filter(|text| !text.is_empty()) {
            self.0.push((at, text.to_owned()));
        }
    }

    /// Forgets it.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    fn until(&self, at: Timestamp) -> String {
        let said = self.0.iter().filter(|(said_at, _)| *said_at <= at).map(|(_, text)| text.as_str());
        said.collect::<Vec<_>>().join("\n")
    }
}

/// Whether a fact says something that routing asks for.
pub fn concerns(fact: &CaseEvent) -> bool {
    use FactKind as K;
    concerns_routed(fact) || matches!(fact.kind, K::CustomerMessage | K::Classified | K::PriorityChanged | K::Assigned)
}

/// Whether a fact says something of a case that has been routed: when it ends.
pub fn concerns_routed(fact: &CaseEvent) -> bool {
    matches!(fact.kind, FactKind::Opened | FactKind::StatusChanged | FactKind::Retracted)
}

/// A rule that routes a case.
#[derive(Clone, Copy, Debug)]
pub struct Route<'p> {
    /// The classification's instant.
    pub at: Timestamp,
    /// The policy's version.
    pub version: i64,
    /// The rule's place in the policy.
    pub place: usize,
    /// The rule.
    pub rule: &'p RoutingRule,
}

/// Whether the rules in force at `at` ask for the customer's words.
pub fn asks_for_words(history: &PolicyHistory, at: Timestamp) -> bool {
    history.in_force(at.ms()).routing.iter().any(|rule| !rule.when.keywords.is_empty())
}

/// The rule that routes a case, if one does.
pub fn route<'p>(facts: &Facts, channel: Channel, spoken: &Spoken, history: &'p PolicyHistory) -> Option<Route<'p>> {
    let mut view = View::default();
    let mut list = facts.list().iter().peekable();
    while let Some(fact) = list.next() {
        view.learn(fact);
        if !matches!(fact.what, What::Classified { .. }) {
            continue;
        }
        // What the same event says beside the category belongs to the classification.
        while let Some(beside) = list.next_if(|next| next.same_event(fact)) {
            view.learn(beside);
        }
        let policy = history.in_force(fact.at.ms());
        let rule = policy.routing_rule(&view.facts(channel, facts.names()), &spoken.until(fact.at));
        if let Some(rule) = rule {
            let place = policy.routing.iter().position(|other| std::ptr::eq(other, rule))?;
            return Some(Route { at: fact.at, version: policy.version, place, rule });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_facts_tell_of_takes_room_once() {
        let said = |texts: &[(i64, &str)]| {
            let mut spoken = Spoken::default();
            texts.iter().for_each(|(at, text)| spoken.keep(Timestamp::from_ms(*at), text));
            spoken.until(Timestamp::from_ms(9)).split('\n').map(str::len).collect::<Vec<_>>()
        };
        let long = "x".repeat(3_000);
        assert_eq!(said(&[(1, &long), (1, &long), (2, "refund"), (2, "refund")]), [3_000, 6]);
        assert_eq!(said(&[(1, "again"), (2, "again")]), [5, 5], "said twice");
        assert_eq!(said(&[(1, &long), (2, &long)]), [3_000, SPOKEN_BYTES_MAX - 3_000]);
    }
}
