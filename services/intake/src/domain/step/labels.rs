//! What is written on a case: whose it is, what it is about, how urgent it is, its marks, what is missing.
//!
//! Owns the rule that what people set stays whatever the classifier says. The priority follows from what is in force,
//! whoever set that, until people set the priority itself.

use std::borrow::Cow;

use kefu_contracts::case_event::{FactKind, Verdict};
use kefu_contracts::priority::priority;
use kefu_contracts::{Category, Flag, Priority, Severity, Subtype};

use super::Step;
use crate::domain::case_fact::Fields;
use crate::domain::input::Classified;
use crate::domain::missing;

impl Step<'_> {
    pub(super) fn assigned(&mut self, agent_id: Option<&str>, team: Option<&str>) {
        let before = std::mem::replace(&mut self.facts.assignee, agent_id.map(str::to_owned));
        if team.is_some() {
            self.facts.team = team.map(str::to_owned);
        }
        let after = self.facts.assignee.clone();
        let fact = self.fact(FactKind::Assigned);
        fact.from = before.map(Cow::Owned);
        fact.to = after.map(Cow::Owned);
    }

    pub(super) fn category_set(&mut self, category: Category, subtype: Option<Subtype>, severity: Option<Severity>) {
        let before = topic(&self.facts.verdict);
        let set = &mut self.facts.set_by_person;
        set.category = true;
        set.severity |= severity.is_some();
        let verdict = &mut self.facts.verdict;
        verdict.category = Some(category);
        verdict.subtype = subtype.or(verdict.subtype.filter(|known| known.belongs_to(category)));
        verdict.severity = severity.or(verdict.severity);
        verdict.confidence = None;
        self.tell_verdict(before);
        self.follow_standing();
    }

    pub(super) fn classified(&mut self, classified: &Classified) {
        let before = topic(&self.facts.verdict);
        let set = self.facts.set_by_person;
        let (verdict, told) = (&mut self.facts.verdict, &classified.verdict);
        if !set.category {
            verdict.category = told.category;
            verdict.subtype = told.subtype;
            verdict.confidence = told.confidence;
        }
        if !set.severity {
            verdict.severity = told.severity;
        }
        verdict.sentiment = told.sentiment;
        verdict.language = told.language;
        self.facts.has_time |= classified.tells_time;
        classified.order_ids.iter().for_each(|order_id| self.facts.name_order(order_id));
        self.tell_verdict(before);
        self.follow_standing();
    }

    /// The verdict is another: so may be what is done first.
    fn follow_standing(&mut self) {
        if !self.facts.set_by_person.priority {
            self.prioritise(priority(self.facts.standing()));
        }
    }

    fn tell_verdict(&mut self, before: Option<String>) {
        let verdict = self.facts.verdict.clone();
        let fact = self.fact(FactKind::Classified);
        fact.from = before.map(Cow::Owned);
        fact.to = topic(&verdict).map(Cow::Owned);
        fact.verdict = Some(verdict);
    }

    pub(super) fn prioritise(&mut self, priority: Priority) -> bool {
        let before = self.facts.priority.replace(priority);
        if before == Some(priority) {
            return false;
        }
        let fact = self.fact(FactKind::PriorityChanged);
        fact.from = before.map(|before| Cow::Borrowed(before.as_str()));
        fact.to = Some(Cow::Borrowed(priority.as_str()));
        true
    }

    pub(super) fn flagged(&mut self, flag: Flag, put: bool) {
        self.facts.flags.retain(|known| *known != flag);
        if put {
            self.facts.flags.push(flag);
            self.facts.flags.sort_unstable();
        }
        let word = Some(Cow::Borrowed(flag.as_str()));
        let fact = self.fact(FactKind::Flagged);
        if put {
            fact.to = word;
        } else {
            fact.from = word;
        }
    }

    /// Facts that are missing are noticed once, when it is known what the case is about.
    pub(super) fn notice_missing(&mut self) {
        if self.facts.info_missing || !self.facts.status.is_live() {
            return;
        }
        let missing = missing::of(self.facts);
        if !missing.is_empty() {
            self.facts.info_missing = true;
            let fact = self.fact(FactKind::InfoMissing);
            fact.actor = None;
            fact.fields = Fields::Missing(missing);
        }
    }
}

/// `category/subtype`, as far as known.
fn topic(verdict: &Verdict) -> Option<String> {
    let category = verdict.category?;
    Some(verdict.subtype.map_or_else(|| category.to_string(), |subtype| format!("{category}/{subtype}")))
}
