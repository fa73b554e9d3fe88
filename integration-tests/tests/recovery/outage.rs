//! A broker that is away for a while: instances stay ready and say what they wait for, and end when they are told to.

use std::time::Duration;

use kefu_integration_tests::{BackendKind, Client, Clock, Shop, message, now, wait_until};
use kefu_test_rig::Kafka;

/// A client that asks may hold a call for ten seconds before it looks again.
const NOTICED: Duration = Duration::from_secs(40);

/// A broker that stands still; the tests of this program share it, so it goes on in any case.
struct Paused<'k>(&'k Kafka);

impl<'k> Paused<'k> {
    fn new(kafka: &'k Kafka) -> Self {
        kafka.pause().unwrap();
        Self(kafka)
    }
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.0.resume().unwrap();
    }
}

fn available(client: &Client) -> bool {
    let metrics = client.try_get("/metrics").map(|answer| answer.text).unwrap_or_default();
    metrics.lines().any(|line| line.starts_with("kefu_kafka_available") && line.ends_with(" 1"))
}

#[test]
fn nobody_is_taken_out_and_everybody_says_what_is_away() {
    let shop = Shop::new(BackendKind::Kafka, Clock::Wall, "{tenant: demo, version: 1}");
    let (mut running, client) = shop.start_only(&["intake"]);
    client.events(&[message("c-1", "e-1", &now())]);
    shop.wait_for(&mut running, "cases", |case| case["case_id"] == "c-1#1");
    wait_until("the broker answers", NOTICED, || available(&client));

    let paused = Paused::new(shop.cluster().kafka());
    wait_until("the outage is told", NOTICED, || {
        let ready = client.get("/readyz");
        assert_eq!(ready.status, 200, "an outage that all instances share takes none of them out");
        !available(&client) && ready.text.starts_with("ready\n") && ready.text.contains("the broker does not answer")
    });
    assert_eq!(client.get("/healthz").status, 200);

    drop(paused);
    let is_well = |client: &Client| client.try_get("/readyz").is_ok_and(|answer| answer.text == "ready\n");
    wait_until("its end is told", NOTICED, || {
        // also if the broker gave up the transaction that was open
        running.must_run();
        available(&client) && is_well(&client)
    });
    client.events(&[message("c-2", "e-2", &now())]);
    shop.wait_for(&mut running, "cases", |case| case["case_id"] == "c-2#1");

    let _paused = Paused::new(shop.cluster().kafka());
    // it fails the test if the process does not end
    running.terminate();
}
