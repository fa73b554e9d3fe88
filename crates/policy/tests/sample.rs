//! The policy that comes with the built-in sample.

use kefu_policy::{Format, parse};

#[test]
fn the_sample_policy_has_no_faults() {
    let (policy, warnings) = parse(include_str!("../../kefu/sample/policy.yaml"), Format::Yaml).unwrap();
    assert!(!policy.sla.is_empty());
    assert_eq!(warnings, vec![]);
}
