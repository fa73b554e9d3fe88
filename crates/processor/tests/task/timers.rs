//! Timers come with the state, however it is loaded.

use kefu_contracts::Timestamp;
use kefu_processor::Reached;

use crate::till::Bench;

#[test]
fn a_restored_state_brings_its_timer_without_being_loaded() {
    let mut before = Bench::new();
    before.take(&[("demo/a", b"ring 100"), ("demo/b", b"ring 70"), ("demo/c", b"add 1")]);
    let stored = before.stored();

    let mut after = Bench::new();
    for (key, bytes) in &stored {
        let policies = after.policies.clone();
        after.task().note(key.clone(), bytes.as_deref().unwrap(), &policies).unwrap();
    }
    assert_eq!((after.task().timers(), after.task().loaded()), (2, 0));
    let reached = Reached::all(Timestamp::from_ms(80));
    assert_eq!(after.task().next_due(reached).map(|due| due.at.ms()), Some(70));
    assert_eq!(after.fire(80).timers, 0, "its state is not here yet");
    for key in after.task().missing_for_timers(reached, 10) {
        let bytes = stored.iter().find(|(stored, _)| *stored == key).and_then(|(_, bytes)| bytes.clone());
        after.task().supply(key, bytes.as_deref()).unwrap();
    }
    assert_eq!(after.fire(80).timers, 1);
    let changed = after.changed();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].1.as_ref().unwrap().rung_at, [70]);
    assert_eq!(after.task().timers(), 1, "a's is still to come");
}

#[test]
fn a_state_let_go_from_memory_keeps_its_timer() {
    let mut bench = Bench::new();
    bench.take(&[("demo/a", b"ring 100")]);
    let stored = bench.stored();
    bench.task().shrink(0);
    assert_eq!((bench.task().loaded(), bench.task().timers()), (0, 1));
    let (key, bytes) = &stored[0];
    bench.task().supply(key.clone(), bytes.as_deref()).unwrap();
    assert_eq!(bench.task().timers(), 1);
    assert_eq!(bench.fire(100).timers, 1);
    assert_eq!(bench.fire(200).timers, 0, "once");
}
