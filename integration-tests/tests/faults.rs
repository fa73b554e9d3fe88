//! A short run with faults: every kind of fault once, and the result is that of a replay.

use std::time::Duration;

use kefu_integration_tests::faults::{self, Instances, KINDS, Options};

#[test]
fn every_kind_of_fault_once_and_the_result_is_that_of_a_replay() {
    let folder = tempfile::tempdir().expect("a folder");
    // the seed of the day would make a red test that nobody can repeat
    let options = Options {
        seed: 1,
        events: 600,
        rate: 40,
        faults: KINDS,
        away: Duration::from_secs(8),
        live_reference: false,
        instances: Instances::default(),
    };
    let report = faults::run(&options, folder.path(), |_| {});
    if !report.is_clean() {
        let kept = folder.keep();
        panic!("{}\nlogs and outputs are kept in {}", report.describe(), kept.display());
    }
    assert_eq!(report.faults.iter().map(|row| row.times).sum::<usize>(), KINDS, "{}", report.describe());
    assert!(report.faults_after_events > 0, "{}", report.describe());
}
