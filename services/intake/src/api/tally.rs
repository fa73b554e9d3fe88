//! How many events were refused, by tenant and code, since the process started.
//!
//! In memory: clients that drop what was refused are to be noticed while they do it. The processors count for good.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Counts of refusals; bounded by the tenants that have keys and the codes that there are.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: Mutex<BTreeMap<String, BTreeMap<String, u64>>>,
}

impl Tally {
    /// Counts one refusal.
    pub(super) fn count(&self, tenant: &str, code: &str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(tenant.to_owned()).or_default().entry(code.to_owned()).or_default() += 1;
    }

    /// A tenant's counts by code.
    pub(super) fn of(&self, tenant: &str) -> BTreeMap<String, u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned().unwrap_or_default()
    }
}
