//! What a case has said to the other processors, and what it has to say when its account changes.
//!
//! Owns the difference: only what is new, changed or gone is told.

use kefu_contracts::Channel;
use kefu_contracts::partition::split_key;
use serde::{Deserialize, Serialize};

use super::care::Contact;
use super::course::Course;
use super::follow_up_cause::FollowUpCause;
use super::importance::Standing;
use super::news::CustomerNews;
use super::party::{customer_key, language, nobody_key};
use super::resolution::Candidate;

/// What follows from a case's account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Consequences {
    /// Surveys that may be sent.
    pub candidates: Vec<Candidate>,
    /// Visits.
    pub visits: Vec<FollowUpCause>,
    /// The customer's importance, with the customer's key.
    pub standing: Option<(String, Standing)>,
    /// How the customer can be reached, with the customer's key.
    pub contact: Option<(String, Contact)>,
}

/// What a case has said so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    version: u64,
    candidates: Vec<Candidate>,
    visits: Vec<FollowUpCause>,
    standing: Option<(String, Standing)>,
    contact: Option<(String, Contact)>,
}

/// Something to be said.
#[derive(Clone, Debug, PartialEq)]
pub enum Telling {
    /// To the customer under a key.
    Customer(String, CustomerNews),
    /// To a follow-up.
    FollowUp(FollowUpCause),
}

/// The customer's importance as `course` has it, with the customer's key.
pub fn standing(tenant: &str, case_id: &str, course: &Course) -> Option<(String, Standing)> {
    let party = course.party.as_ref()?;
    Some((customer_key(tenant, &party.customer_id), Standing::of(case_id, course)?))
}

/// How the customer can be reached as `course` has it, with the customer's key.
pub fn contact(tenant: &str, case_id: &str, channel: Channel, course: &Course) -> Option<(String, Contact)> {
    let party = course.party.as_ref()?;
    let contact = Contact {
        since: course.party_since,
        case_id: case_id.to_owned(),
        channel,
        address: party.address.clone(),
        language: language(course.language, party.locale.as_deref()),
        customer_id: party.customer_id.clone(),
    };
    Some((customer_key(tenant, &party.customer_id), contact))
}

/// The key of the customer who decides about `candidate`.
fn key_of(tenant: &str, candidate: &Candidate) -> String {
    match &candidate.addressee {
        Some(addressee) => customer_key(tenant, &addressee.customer_id),
        None => nobody_key(tenant, &candidate.case_id),
    }
}

impl Told {
    /// Forgets what nobody will change any more, but not how much was said.
    pub fn forget(&mut self) {
        self.candidates.clear();
        self.visits.clear();
    }

    /// What has to be said so that the others know `now`; it counts as said. `key` is the case's.
    pub fn tell(&mut self, key: &str, now: Consequences) -> Vec<Telling> {
        let (tenant, _) = split_key(key);
        let mut tellings = Vec::new();
        self.tell_candidates(tenant, now.candidates, &mut tellings);
        self.tell_visits(now.visits, &mut tellings);
        self.tell_standing(now.standing, &mut tellings);
        self.tell_contact(now.contact, &mut tellings);
        tellings
    }

    fn tell_candidates(&mut self, tenant: &str, now: Vec<Candidate>, tellings: &mut Vec<Telling>) {
        let before = std::mem::take(&mut self.candidates);
        for old in &before {
            let new = now.iter().find(|new| new.survey_id == old.survey_id);
            let moved = new.is_some_and(|new| key_of(tenant, new) != key_of(tenant, old));
            if new.is_none() || moved {
                self.version += 1;
                let news = CustomerNews::Gone { version: self.version, candidate: Box::new(old.clone()), moved };
                tellings.push(Telling::Customer(key_of(tenant, old), news));
            }
        }
        for new in now.iter().filter(|new| !before.contains(new)) {
            self.version += 1;
            let news = CustomerNews::Candidate(self.version, Box::new(new.clone()));
            tellings.push(Telling::Customer(key_of(tenant, new), news));
        }
        self.candidates = now;
    }

    fn tell_visits(&mut self, now: Vec<FollowUpCause>, tellings: &mut Vec<Telling>) {
        let before = std::mem::take(&mut self.visits);
        let gone = before.iter().filter(|old| now.iter().all(|new| new.follow_up_id != old.follow_up_id));
        let gone = gone.map(|old| old.cancelled(old.due_at));
        let changed = now.iter().filter(|new| !before.contains(new)).cloned();
        for cause in gone.chain(changed) {
            self.version += 1;
            tellings.push(Telling::FollowUp(FollowUpCause { version: self.version, ..cause }));
        }
        self.visits = now;
    }

    fn tell_contact(&mut self, now: Option<(String, Contact)>, tellings: &mut Vec<Telling>) {
        if self.contact == now {
            return;
        }
        let before = std::mem::replace(&mut self.contact, now);
        let key = self.contact.as_ref().map(|(key, _)| key);
        let old = before.filter(|(old_key, _)| key != Some(old_key)).map(|(key, old)| (key, old.case_id, None));
        let new = self.contact.clone().map(|(key, new)| (key, new.case_id.clone(), Some(new)));
        for (key, case_id, contact) in old.into_iter().chain(new) {
            tellings.push(Telling::Customer(key, CustomerNews::Contact(case_id, contact)));
        }
    }

    fn tell_standing(&mut self, now: Option<(String, Standing)>, tellings: &mut Vec<Telling>) {
        if self.standing == now {
            return;
        }
        let before = std::mem::replace(&mut self.standing, now);
        let key = self.standing.as_ref().map(|(key, _)| key);
        if let Some((old_key, old)) = &before
            && key != Some(old_key)
        {
            let news = CustomerNews::Standing(Standing::empty(&old.case_id));
            tellings.push(Telling::Customer(old_key.clone(), news));
        }
        if let Some((key, standing)) = &self.standing {
            tellings.push(Telling::Customer(key.clone(), CustomerNews::Standing(standing.clone())));
        }
    }
}
