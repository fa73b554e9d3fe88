//! The policies an instance knows, from files and from `cs.policies`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use kefu_contracts::codec::Codec;
use kefu_contracts::policy::PolicyRecord;
use kefu_contracts::topic::{POLICIES, TopicInfo};
use kefu_policy::{Fault, Format, Policies};

use crate::backend::{View, Written};

/// A policy file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFileError {
    /// It cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// What was wrong.
        error: std::io::Error,
    },
    /// It has faults.
    #[error("{path} has {} fault(s):\n{}", .faults.len(), crate::config::listed(.faults))]
    Faults {
        /// The file.
        path: String,
        /// All its faults.
        faults: Vec<Fault>,
    },
    /// Two files hold the same version of a tenant's policy.
    #[error("{path}: version {version} of tenant `{tenant}` was already given; raise the version or leave one out")]
    Twice {
        /// The second file.
        path: String,
        /// The tenant.
        tenant: String,
        /// The version.
        version: i64,
    },
}

/// Reads policy files: YAML, TOML or JSON, by their names.
///
/// # Errors
/// The first file that cannot be used, with all its faults.
pub fn read_files(paths: &[PathBuf]) -> Result<Policies, PolicyFileError> {
    let mut policies = Policies::default();
    for path in paths {
        let policy = read_file(path)?;
        if let Some(twice) = policies.insert(Arc::new(policy)) {
            let (path, tenant) = (path.display().to_string(), twice.tenant.clone());
            return Err(PolicyFileError::Twice { path, tenant, version: twice.version });
        }
    }
    Ok(policies)
}

fn read_file(path: &Path) -> Result<kefu_policy::Policy, PolicyFileError> {
    let name = || path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| PolicyFileError::Unreadable { path: name(), error })?;
    let format = Format::of_file_name(&path.to_string_lossy()).unwrap_or(Format::Yaml);
    let parsed = kefu_policy::parse(&text, format);
    parsed.map(|(policy, _)| policy).map_err(|faults| PolicyFileError::Faults { path: name(), faults })
}

/// The policies of all tenants, replicated to every instance. Processors get a snapshot with each batch.
pub struct PolicyTable {
    known: Mutex<Arc<Policies>>,
    revision: AtomicU64,
}

impl PolicyTable {
    /// A table that begins with `policies`, those given in files.
    pub fn new(policies: Policies) -> Self {
        Self { known: Mutex::new(Arc::new(policies)), revision: AtomicU64::new(0) }
    }

    /// The policies known now.
    pub fn current(&self) -> Arc<Policies> {
        self.lock().clone()
    }

    /// Counts the changes.
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Arc<Policies>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&self, record: &PolicyRecord) {
        match kefu_policy::parse(&record.document.0.to_string(), Format::Json) {
            Ok((policy, _)) => {
                let mut known = self.lock();
                Arc::make_mut(&mut known).insert(Arc::new(policy));
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

    fn needs_history(&self) -> bool {
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
