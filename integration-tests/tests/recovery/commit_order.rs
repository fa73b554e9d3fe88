//! Redis gets a state only when the log has it, with everything that followed from the same record.
//!
//! The broker stops while a transaction is open, so it cannot be committed, and the process is cut off. Were a state in
//! Redis by then, its record would be taken for a repetition, and what followed from it would never be written.

use std::time::Duration;

use kefu_integration_tests::{BackendKind, Clock, Shop, message, now};
use serde_json::Value;

/// How many cuts must come in time, and how many are tried on a machine on which commits are faster than cuts.
const CUTS: usize = 2;
const TRIES: usize = 12;
/// How long the process may try to commit in vain.
const IN_VAIN: Duration = Duration::from_millis(600);

#[test]
fn a_record_cut_off_in_its_transaction_left_nothing_in_redis_and_is_processed_anew() {
    let shop = Shop::new(BackendKind::Kafka, Clock::Wall, "tenant: demo\nversion: 1\n");
    let (kafka, redis) = (shop.cluster().kafka(), &shop.cluster().redis);
    let mut cut_off = 0;
    for cut in 0..TRIES {
        let (mut running, client) = shop.start_only(&["intake"]);
        let (conversation, case_id) = (format!("cut-{cut}"), format!("cut-{cut}#1"));
        let is_of = |row: &Value| row["case_id"] == case_id.as_str();
        let before = redis.keys().unwrap();
        client.events(&[message(&conversation, &format!("e-{cut}"), &now())]);
        kafka.pause().unwrap();
        std::thread::sleep(IN_VAIN);
        let then = redis.keys().unwrap();
        running.kill();
        kafka.resume().unwrap();
        // on a busy machine the commit may have been faster than the cut
        if !shop.values("cases").iter().any(is_of) {
            cut_off += 1;
            assert_eq!(then, before, "redis has a state that the log has not");
        }

        let (mut running, _) = shop.start_only(&["intake"]);
        shop.wait_for(&mut running, "cases", is_of);
        let opened = shop.values("case-events").into_iter().filter(|fact| is_of(fact) && fact["kind"] == "opened");
        assert_eq!(opened.count(), 1);
        if cut_off == CUTS {
            return;
        }
    }
    panic!("{cut_off} of {TRIES} cuts came in time");
}
