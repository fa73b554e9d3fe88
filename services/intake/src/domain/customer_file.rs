//! A customer's file across conversations (IN7).
//!
//! Owns how what several cases know of a customer is put together. Each case tells what it knows as a whole and tells
//! it again when that changes, so the file does not depend on the order in which cases speak.

use std::sync::Arc;

use kefu_contracts::Timestamp;
use kefu_contracts::customer::Customer;
use serde::{Deserialize, Serialize};

use super::known_customer::{Given, KnownCustomer, MAX_CONTACTS, same_mailbox};

/// Cases kept of a customer; what older ones knew stays, but cannot be taken back.
const MAX_CASES: usize = 100;

/// What a case knows of a customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CustomerNews {
    /// The case.
    pub case_id: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// What it knows.
    pub known: KnownCustomer,
}

/// What cases that are no longer kept left behind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Older {
    cases: i64,
    first_seen_at: Timestamp,
    last_seen_at: Timestamp,
    known: KnownCustomer,
}

/// A customer's file as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CustomerFile {
    /// Counts the snapshots written.
    pub revision: i64,
    /// By opening, then id. Copies of a file share them.
    cases: Vec<Arc<CustomerNews>>,
    older: Option<Box<Older>>,
}

impl CustomerFile {
    /// Takes in what a case knows; whether that changes anything.
    pub fn learn(&mut self, news: CustomerNews) -> bool {
        match self.cases.iter_mut().find(|case| case.case_id == news.case_id) {
            Some(case) if **case == news => return false,
            Some(case) => *case = Arc::new(news),
            None => self.cases.push(Arc::new(news)),
        }
        self.cases.sort_by(|case, other| (case.opened_at, &case.case_id).cmp(&(other.opened_at, &other.case_id)));
        if self.cases.len() > MAX_CASES {
            let case = self.cases.remove(0);
            self.older = Some(Box::new(Older::with(self.older.take(), Arc::unwrap_or_clone(case))));
        }
        true
    }

    /// The snapshot.
    pub fn snapshot(&self, tenant: &str, customer_id: &str) -> Option<Customer> {
        let kept = self.cases.iter().map(|case| &case.known);
        let sources: Vec<&KnownCustomer> = self.older.iter().map(|older| &older.known).chain(kept).collect();
        let known = together(customer_id, &sources);
        let seen = self.cases.iter().flat_map(|case| instants(case));
        let older = self.older.iter().flat_map(|older| [older.first_seen_at, older.last_seen_at]);
        let seen: Vec<Timestamp> = seen.chain(older).collect();
        let info = known.info();
        Some(Customer {
            customer_id: customer_id.to_owned(),
            tenant: tenant.to_owned(),
            name: info.name,
            phones: known.phones.into_iter().map(|given| given.value).collect(),
            emails: known.emails.into_iter().map(|given| given.value).collect(),
            tier: info.tier,
            locale: info.locale,
            case_ids: self.cases.iter().map(|case| case.case_id.clone()).collect(),
            cases: self.older.as_ref().map_or(0, |older| older.cases) + self.cases.len() as i64,
            first_seen_at: seen.iter().min().copied()?,
            last_seen_at: seen.iter().max().copied()?,
            revision: self.revision,
        })
    }
}

impl Older {
    fn with(older: Option<Box<Older>>, case: CustomerNews) -> Older {
        let instants: Vec<Timestamp> = instants(&case).collect();
        let first = instants.iter().min().copied().unwrap_or(case.opened_at);
        let last = instants.iter().max().copied().unwrap_or(case.opened_at);
        match older {
            None => Older { cases: 1, first_seen_at: first, last_seen_at: last, known: case.known },
            Some(older) => Older {
                cases: older.cases + 1,
                first_seen_at: older.first_seen_at.min(first),
                last_seen_at: older.last_seen_at.max(last),
                known: together(&case.known.id, &[&older.known, &case.known]),
            },
        }
    }
}

/// The instants at which a case heard of its customer.
fn instants(case: &CustomerNews) -> impl Iterator<Item = Timestamp> + '_ {
    let known = &case.known;
    let single = [&known.name, &known.tier, &known.locale].into_iter().flatten();
    let all = single.chain(&known.phones).chain(&known.emails);
    all.map(|given| given.at).chain([case.opened_at])
}

/// What `sources` know together: of each field what was given last.
fn together(id: &str, sources: &[&KnownCustomer]) -> KnownCustomer {
    let latest = |field: fn(&KnownCustomer) -> &Option<Given>| {
        let given = sources.iter().filter_map(|known| field(known).as_ref());
        given.max_by(|one, other| (one.at, &one.value).cmp(&(other.at, &other.value))).cloned()
    };
    let contacts = |field: fn(&KnownCustomer) -> &Vec<Given>, same: fn(&str, &str) -> bool| {
        let mut all: Vec<Given> = sources.iter().flat_map(|known| field(known)).cloned().collect();
        all.sort_by(|one, other| (other.at, &other.value).cmp(&(one.at, &one.value)));
        let mut distinct: Vec<Given> = Vec::new();
        for given in all {
            if distinct.len() < MAX_CONTACTS && !distinct.iter().any(|known| same(&known.value, &given.value)) {
                distinct.push(given);
            }
        }
        distinct.reverse();
        distinct
    };
    KnownCustomer {
        id: id.to_owned(),
        name: latest(|known| &known.name),
        tier: latest(|known| &known.tier),
        locale: latest(|known| &known.locale),
        phones: contacts(|known| &known.phones, |one, other| one == other),
        emails: contacts(|known| &known.emails, same_mailbox),
    }
}
