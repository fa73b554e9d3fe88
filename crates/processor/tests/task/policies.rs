//! Each state hears of new policies once, whether it is loaded or not.

use crate::till::{Bench, Till};

fn told(changed: &[(String, Option<Till>)]) -> Vec<(&str, Vec<i64>)> {
    changed.iter().map(|(key, till)| (key.as_str(), till.as_ref().unwrap().told.clone())).collect()
}

#[test]
fn a_state_is_told_before_its_next_record_and_once() {
    let mut bench = Bench::new();
    bench.take(&[("demo/a", b"add 1")]);
    bench.policy(1);
    bench.take(&[("demo/a", b"add 1"), ("demo/a", b"add 1"), ("demo/new", b"add 1")]);
    let changed = bench.changed();
    assert_eq!(told(&changed), [("demo/a", vec![1]), ("demo/new", vec![])], "a new state knows them");
}

#[test]
fn loaded_states_of_that_tenant_are_told_in_pieces() {
    let mut bench = Bench::new();
    bench.take(&[("demo/a", b"add 1"), ("demo/b", b"add 1"), ("other/c", b"add 1")]);
    bench.changed();
    bench.policy(1);
    let policies = bench.policies.clone();
    bench.task().policies_changed(&policies);
    assert!(!bench.tell(1));
    assert!(bench.tell(10));
    assert!(!bench.task().has_untold());
    assert_eq!(told(&bench.changed()), [("demo/a", vec![1]), ("demo/b", vec![1])]);
    bench.task().policies_changed(&policies);
    assert!(!bench.task().has_untold(), "they know");
}

#[test]
fn what_changed_while_nobody_ran_is_told_after_a_restore() {
    let mut before = Bench::new();
    before.policy(1);
    before.take(&[("demo/a", b"add 1"), ("other/b", b"add 1")]);
    let stored = before.stored();

    for (versions, expected) in [(vec![1], 0), (vec![1, 2], 1), (vec![], 1)] {
        let mut after = Bench::new();
        versions.iter().for_each(|version| after.policy(*version));
        let policies = after.policies.clone();
        for (key, bytes) in &stored {
            after.task().note(key.clone(), bytes.as_deref().unwrap(), &policies).unwrap();
        }
        let missing = after.task().missing_for_policies(10);
        assert_eq!(missing.len(), expected, "{versions:?}");
        for key in missing {
            let bytes = stored.iter().find(|(stored, _)| *stored == key).and_then(|(_, bytes)| bytes.clone());
            after.task().supply(key, bytes.as_deref()).unwrap();
        }
        assert!(after.tell(10));
        assert_eq!(after.changed().len(), expected, "{versions:?}");
    }
}

#[test]
fn a_timer_that_a_policy_moves_does_not_fire_at_its_old_instant() {
    let mut bench = Bench::new();
    bench.take(&[("demo/a", b"ring 100")]);
    bench.policy(1);
    assert_eq!(bench.fire(120).timers, 0);
    assert_eq!(bench.fire(150).timers, 1);
    assert_eq!(bench.changed()[0].1.as_ref().unwrap().rung_at, [150]);
}
