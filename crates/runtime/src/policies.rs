//! The policies an instance knows, from `cs.policies`.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use kefu_contracts::codec::Codec;
use kefu_contracts::policy::PolicyRecord;
use kefu_contracts::topic::{POLICIES, TopicInfo};
use kefu_policy::{Format, Policies};

use crate::backend::{View, Written};

/// The policies of all tenants, replicated to every instance. Processors get a snapshot with each batch.
pub struct PolicyTable {
    known: Mutex<Known>,
    revision: AtomicU64,
}

struct Known {
    policies: Arc<Policies>,
    changed: BTreeSet<String>,
}

impl PolicyTable {
    /// A table that begins with `policies`, those given in files.
    pub fn new(policies: Policies) -> Self {
        let known = Known { policies: Arc::new(policies), changed: BTreeSet::new() };
        Self { known: Mutex::new(known), revision: AtomicU64::new(0) }
    }

    /// The policies known now.
    pub fn current(&self) -> Arc<Policies> {
        self.lock().policies.clone()
    }

    /// Counts the changes.
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// The tenants whose policies changed since the last call.
    pub fn take_changed(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.lock().changed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&self, record: &PolicyRecord) {
        match kefu_policy::parse(&record.document.0.to_string(), Format::Json) {
            Ok((policy, _)) => {
                let mut known = self.lock();
                Arc::make_mut(&mut known.policies).insert(Arc::new(policy));
                known.changed.insert(record.tenant.clone());
                self.revision.fetch_add(1, Ordering::Release);
            }
            Err(faults) => {
                tracing::error!(
                    tenant = record.tenant,
                    version = record.version,
                    faults = faults.len(),
                    "a policy on its topic has faults and is left out"
                );
            }
        }
    }
}

impl View for PolicyTable {
    fn topics(&self) -> Vec<TopicInfo> {
        vec![POLICIES.info]
    }

    fn from_start(&self) -> bool {
        true
    }

    fn apply(&self, record: Written<'_>, codec: &Codec) {
        let Some(payload) = record.payload else { return };
        match POLICIES.decode(codec, payload) {
            Ok(policy) => self.insert(&policy),
            Err(error) => tracing::error!(key = record.key, %error, "a record of the policies' topic is no policy"),
        }
    }
}
