//! Versions of policies over time, for one tenant and for all.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::policy::Policy;

/// A tenant's policies in the order in which they take force.
///
/// In force is the version with the latest `effective_from`, then the highest version; before the first one the
/// default policy.
#[derive(Debug, Clone)]
pub struct PolicyHistory {
    /// By (instant from which it is in force, version); what is always in force comes first.
    versions: BTreeMap<(Option<i64>, i64), Arc<Policy>>,
    default: Arc<Policy>,
    mark: u64,
}

impl PolicyHistory {
    /// The history of a tenant that has no policy yet.
    pub fn of(tenant: &str) -> PolicyHistory {
        PolicyHistory { versions: BTreeMap::new(), default: Arc::new(Policy::default_for(tenant)), mark: 0 }
    }

    /// Adds a version. One with the same number is replaced and returned, whatever its instant was.
    pub fn insert(&mut self, policy: Arc<Policy>) -> Option<Arc<Policy>> {
        let replaced = self.remove(policy.version);
        let effective_from_ms = policy.effective_from.map(|instant| instant.ms());
        self.versions.insert((effective_from_ms, policy.version), policy);
        self.mark = self.compute_mark();
        replaced
    }

    /// Takes a version out and returns it.
    pub fn remove(&mut self, version: i64) -> Option<Arc<Policy>> {
        let key = self.versions.keys().find(|(_, number)| *number == version).copied()?;
        let removed = self.versions.remove(&key);
        self.mark = self.compute_mark();
        removed
    }

    /// Tells one content of the history from another: whoever decided under another mark may have to decide anew.
    /// 0 while there is only the default policy.
    pub fn mark(&self) -> u64 {
        self.mark
    }

    fn compute_mark(&self) -> u64 {
        if self.versions.is_empty() {
            return 0;
        }
        let documents = self.versions.values().map(|policy| policy.to_json().unwrap_or_default());
        let documents: Vec<String> = documents.collect();
        let parts: Vec<&str> = documents.iter().map(String::as_str).collect();
        kefu_contracts::id::hash_64(&parts)
    }

    /// The policy in force at an instant.
    pub fn in_force(&self, at_ms: i64) -> &Arc<Policy> {
        let begun = self.versions.range(..=(Some(at_ms), i64::MAX));
        begun.last().map_or(&self.default, |(_, policy)| policy)
    }

    /// The first instant after `at_ms` at which another version takes force.
    pub fn next_change_after(&self, at_ms: i64) -> Option<i64> {
        let later = self.versions.range((Some(at_ms.checked_add(1)?), i64::MIN)..);
        later.map(|((effective_from_ms, _), _)| *effective_from_ms).next().flatten()
    }

    /// The policy with a version number; 0 is the default unless a document has that number.
    pub fn version(&self, version: i64) -> Option<&Arc<Policy>> {
        let written = self.versions.values().find(|policy| policy.version == version);
        written.or((version == 0).then_some(&self.default))
    }

    /// Every version that was added, in the order in which they take force.
    pub fn versions(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.versions.values()
    }

    /// The highest version number that was added.
    pub fn latest_version(&self) -> Option<i64> {
        self.versions.keys().map(|(_, version)| *version).max()
    }
}

/// The policies of all tenants.
#[derive(Debug, Clone)]
pub struct Policies {
    tenants: BTreeMap<String, PolicyHistory>,
    others: PolicyHistory,
}

impl Default for Policies {
    fn default() -> Self {
        Policies { tenants: BTreeMap::new(), others: PolicyHistory::of("") }
    }
}

impl Policies {
    /// Adds a version to its tenant's history; returns the one that had the same number.
    pub fn insert(&mut self, policy: Arc<Policy>) -> Option<Arc<Policy>> {
        let tenant = policy.tenant.clone();
        self.tenants.entry(tenant).or_insert_with_key(|tenant| PolicyHistory::of(tenant)).insert(policy)
    }

    /// Takes a version out of a tenant's history.
    pub fn remove(&mut self, tenant: &str, version: i64) -> Option<Arc<Policy>> {
        self.tenants.get_mut(tenant)?.remove(version)
    }

    /// The history of a tenant; one without policies shares a history that holds only the default, whose policy names
    /// no tenant.
    pub fn history(&self, tenant: &str) -> &PolicyHistory {
        self.tenants.get(tenant).unwrap_or(&self.others)
    }

    /// The mark of a tenant's history, see [`PolicyHistory::mark`].
    pub fn mark(&self, tenant: &str) -> u64 {
        self.tenants.get(tenant).map_or(0, PolicyHistory::mark)
    }

    /// The policy in force for a tenant at an instant.
    pub fn in_force(&self, tenant: &str, at_ms: i64) -> &Arc<Policy> {
        self.history(tenant).in_force(at_ms)
    }

    /// The first instant after `at_ms` at which another version of the tenant's policy takes force.
    pub fn next_change_after(&self, tenant: &str, at_ms: i64) -> Option<i64> {
        self.history(tenant).next_change_after(at_ms)
    }

    /// The tenants that have a policy.
    pub fn tenants(&self) -> impl Iterator<Item = &str> {
        self.tenants.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kefu_contracts::Timestamp;
    use proptest::prelude::*;

    fn policy(version: i64, effective_from_ms: Option<i64>) -> Arc<Policy> {
        let mut policy = Policy::default_for("demo");
        policy.version = version;
        policy.effective_from = effective_from_ms.map(Timestamp::from_ms);
        Arc::new(policy)
    }

    fn history(versions: &[(i64, Option<i64>)]) -> PolicyHistory {
        let mut history = PolicyHistory::of("demo");
        for (version, effective_from_ms) in versions {
            history.insert(policy(*version, *effective_from_ms));
        }
        history
    }

    #[test]
    fn the_latest_instant_then_the_highest_version_is_in_force() {
        let history = history(&[(1, None), (2, Some(100)), (4, Some(50)), (3, Some(100)), (5, Some(200))]);
        for (at_ms, version) in [(-1, 1), (49, 1), (50, 4), (99, 4), (100, 3), (199, 3), (200, 5), (i64::MAX, 5)] {
            assert_eq!(history.in_force(at_ms).version, version, "at {at_ms}");
        }
    }

    #[test]
    fn before_the_first_version_the_default_is_in_force() {
        let history = history(&[(1, Some(100))]);
        assert_eq!(history.in_force(99).version, 0);
        assert_eq!(history.in_force(99).tenant, "demo");
        assert_eq!(history.in_force(100).version, 1);
    }

    #[test]
    fn the_next_change_lies_strictly_after() {
        let history = history(&[(1, None), (2, Some(100)), (3, Some(100)), (4, Some(200))]);
        for (at_ms, next) in [(i64::MIN, Some(100)), (99, Some(100)), (100, Some(200)), (200, None), (i64::MAX, None)] {
            assert_eq!(history.next_change_after(at_ms), next, "after {at_ms}");
        }
        assert_eq!(PolicyHistory::of("demo").next_change_after(0), None);
    }

    #[test]
    fn a_version_written_again_replaces_the_first_wherever_it_stood() {
        let mut history = history(&[(1, None), (2, Some(100))]);
        let replaced = history.insert(policy(2, Some(300)));
        assert_eq!(replaced.and_then(|policy| policy.effective_from), Some(Timestamp::from_ms(100)));
        assert_eq!(history.in_force(200).version, 1);
        assert_eq!(history.in_force(300).version, 2);
        assert_eq!(history.versions().count(), 2);
        assert_eq!(history.latest_version(), Some(2));
    }

    #[test]
    fn a_version_can_be_looked_up_when_it_is_no_longer_in_force() {
        let history = history(&[(1, None), (2, Some(100))]);
        let version = |number| history.version(number).map(|policy| policy.version);
        assert_eq!((version(0), version(1), version(2), version(3)), (Some(0), Some(1), Some(2), None));
    }

    #[test]
    fn the_mark_follows_the_content() {
        let first = history(&[(1, None), (2, Some(100))]);
        let mut changed = history(&[(2, Some(100)), (1, None)]);
        assert_eq!(first.mark(), changed.mark(), "the order of adding is no content");
        let mut edited = Policy::default_for("demo");
        edited.version = 1;
        edited.reopen_window_ms += 1;
        changed.insert(Arc::new(edited));
        assert_ne!(first.mark(), changed.mark(), "a version edited in place");
        changed.insert(policy(1, None));
        assert_eq!(first.mark(), changed.mark());
        changed.remove(1);
        assert_ne!(first.mark(), changed.mark());
        changed.remove(2);
        assert_eq!((changed.mark(), Policies::default().mark("demo")), (0, 0));
    }

    #[test]
    fn other_tenants_have_the_default() {
        let mut policies = Policies::default();
        policies.insert(policy(7, None));
        assert_eq!(policies.in_force("demo", 0).version, 7);
        assert_eq!(policies.in_force("other", 0).version, 0);
        assert_eq!(policies.in_force("other", 0).tenant, "");
        assert_eq!(policies.tenants().collect::<Vec<_>>(), vec!["demo"]);
        assert!(policies.remove("demo", 7).is_some());
        assert_eq!(policies.in_force("demo", 0).version, 0);
    }

    proptest! {
        /// Against the contract's sentence read literally: of those begun, the latest instant, then the highest number.
        #[test]
        fn in_force_agrees_with_a_plain_scan(
            instants in proptest::collection::vec(proptest::option::of(0_i64..20), 0..8),
            at_ms in -1_i64..21,
        ) {
            let versions: Vec<(i64, Option<i64>)> = (1..).zip(instants).collect();
            let begun = versions.iter().filter(|(_, from)| from.is_none_or(|from| from <= at_ms));
            let expected = begun.max_by_key(|(version, from)| (from.unwrap_or(i64::MIN), *version));
            let history = history(&versions);
            prop_assert_eq!(history.in_force(at_ms).version, expected.map_or(0, |(version, _)| *version));
            let later = versions.iter().filter_map(|(_, from)| *from).filter(|from| *from > at_ms).min();
            prop_assert_eq!(history.next_change_after(at_ms), later);
        }
    }
}
