//! The course of a case: from its facts in order to the ends of its service and what else follows.
//!
//! A pure function of the facts, so that it does not matter in which order they arrived. Old facts are folded into a
//! [`Course`] that later ones go on from.

use std::collections::BTreeMap;

use kefu_contracts::{Category, Language, Status, Subtype, Timestamp};
use serde::{Deserialize, Serialize};

use super::case_facts::{CaseFacts, Fact, What};
use super::party::{Party, Since};
use super::resolution::Resolution;

/// What a case has come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// Where it stands.
    pub status: Status,
    /// How often its service ended.
    pub resolutions: i64,
    /// Whether the customer's rank is one that is visited from time to time, since when.
    pub vip: Option<Since<bool>>,
    /// Since when it bears the mark of an important customer.
    pub important_since: Option<Timestamp>,
    /// The customer.
    pub party: Option<Party>,
    /// Since when the customer is known so.
    pub party_since: Timestamp,
    category: Option<Category>,
    subtype: Option<Subtype>,
    /// The customer's language.
    pub language: Option<Language>,
    replied: bool,
    merged: bool,
    last_message_at: Option<Timestamp>,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            status: Status::Open,
            resolutions: 0,
            vip: None,
            important_since: None,
            party: None,
            party_since: Timestamp::MIN,
            category: None,
            subtype: None,
            language: None,
            replied: false,
            merged: false,
            last_message_at: None,
        }
    }
}

/// What was agreed after a sale and is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// When.
    pub at: Timestamp,
    /// The customer, if known.
    pub customer_id: Option<String>,
    /// Who was responsible.
    pub assignee: Option<String>,
}

/// What a case's facts say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// The ends of its service, in order.
    pub resolutions: Vec<Resolution>,
    /// What was completed after sales, by order; the earliest counts.
    pub completions: BTreeMap<String, Completion>,
    /// What it has come to.
    pub course: Course,
}

/// Lets `facts` act on what `base` says of earlier ones.
pub fn account(base: &Course, facts: &CaseFacts) -> Account {
    let mut account = Account { course: base.clone(), ..Account::default() };
    for (fact, party) in facts.iter() {
        account.meet(party, fact.at());
        account.act(fact);
    }
    account
}

impl Account {
    fn meet(&mut self, party: Option<&Party>, at: Timestamp) {
        let Some(party) = party else { return };
        if let Some(vip) = party.vip
            && self.course.vip.is_none_or(|known| known.value != vip)
        {
            self.course.vip = Some(Since { value: vip, at });
        }
        if self.course.party.as_ref() != Some(party) {
            self.course.party = Some(party.clone());
            self.course.party_since = at;
        }
    }

    fn act(&mut self, fact: &Fact) {
        let at = fact.at();
        match &fact.what {
            What::Opened => {}
            What::CustomerMessage => self.course.last_message_at = Some(at),
            What::Reply => self.course.replied = true,
            What::Merged => self.course.merged = true,
            What::Classified { category, subtype, language } => {
                self.course.category = *category;
                self.course.subtype = *subtype;
                self.course.language = language.or(self.course.language);
            }
            What::Important(true) => self.course.important_since = self.course.important_since.or(Some(at)),
            What::Important(false) => self.course.important_since = None,
            What::AfterSalesCompleted { order_id } => {
                self.completions.entry(order_id.clone()).or_insert_with(|| Completion {
                    at,
                    customer_id: self.course.party.as_ref().map(|party| party.customer_id.clone()),
                    assignee: fact.assignee.clone(),
                });
            }
            What::Status { to, .. } => {
                let before = std::mem::replace(&mut self.course.status, *to);
                match (before.is_live(), to.is_live()) {
                    (true, false) => self.resolve(fact),
                    (false, true) => self.reopen(at),
                    (true, true) | (false, false) => {}
                }
            }
        }
    }

    fn resolve(&mut self, fact: &Fact) {
        let What::Status { automatic, reason, .. } = fact.what else { return };
        let course = &mut self.course;
        course.resolutions += 1;
        self.resolutions.push(Resolution {
            no: course.resolutions,
            at: fact.at(),
            automatic,
            reason,
            replied: course.replied,
            merged: course.merged,
            category: course.category,
            subtype: course.subtype,
            language: course.language,
            last_message_at: course.last_message_at,
            party: course.party.clone(),
            assignee: fact.assignee.clone(),
            team: fact.team.clone(),
            reopened_at: None,
        });
    }

    fn reopen(&mut self, at: Timestamp) {
        if let Some(last) = self.resolutions.last_mut() {
            last.reopened_at.get_or_insert(at);
        }
    }
}
