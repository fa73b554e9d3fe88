//! While Redis takes nothing, because it has no room or hangs, work goes on with the states in memory; Redis catches up
//! once it can.

use std::time::{Duration, Instant};

use kefu_integration_tests::{BackendKind, Client, Clock, Shop, message, now, wait_until};

use crate::same_result::sum;

const SOON: Duration = Duration::from_secs(30);
/// Commits of progress alone, every 0.2 s: enough for Redis to have refused several writes.
const COMMITS: f64 = 10.0;
/// More commits than there could be in that time if each waited the 2 s that a call to Redis may take.
const UNHINDERED: (f64, Duration) = (45.0, Duration::from_secs(60));

fn metric(client: &Client, name: &str) -> f64 {
    sum(&client.get("/metrics").text, name)
}

/// The messages of the case's customer as Redis has them; none if it has no such case.
fn messages(client: &Client, case: &str) -> Option<u64> {
    let answer = client.get(&format!("/v1/cases/{case}%231"));
    (answer.status == 200).then(|| answer.json()["customer_messages"].as_u64().unwrap())
}

#[test]
fn a_full_redis_is_read_and_catches_up_when_it_has_room() {
    let shop = Shop::new(BackendKind::Kafka, Clock::Wall, "{tenant: demo, version: 1}");
    let redis = &shop.cluster().redis;
    let (mut running, client) = shop.start_only(&["intake"]);
    client.events(&[message("c-1", "e-1", &now())]);
    wait_until("redis has the first case", SOON, || messages(&client, "c-1") == Some(1));
    let available = || metric(&client, "kefu_hot_states_available");
    let processed = || metric(&client, "kefu_records_processed_total");
    let before = processed();
    redis.limit_memory(Some(1)).unwrap();
    let since = Instant::now();
    client.events(&[message("c-1", "e-2", &now()), message("c-2", "e-1", &now())]);
    // the second case's state is read from redis: there is none
    wait_until("work goes on", SOON, || processed() >= before + 2.0 && available() == 0.0);
    let commits = metric(&client, "kefu_commits_total");
    wait_until("more is committed", SOON, || metric(&client, "kefu_commits_total") >= commits + COMMITS);
    assert_eq!(
        (client.get("/readyz").text.as_str(), available()),
        ("ready\n", 0.0),
        "reads do not mean that all is well"
    );
    assert_eq!([messages(&client, "c-1"), messages(&client, "c-2")], [Some(1), None], "what redis took");
    let told = running.log().matches("redis refuses writes: OOM").count();
    assert!(told >= 1 && told as u64 <= 1 + since.elapsed().as_secs() / 30, "told {told} times");
    redis.limit_memory(None).unwrap();
    wait_until("redis has caught up", SOON, || {
        messages(&client, "c-1") == Some(2) && messages(&client, "c-2") == Some(1) && available() == 1.0
    });
    running.must_run();
    assert!(running.log().contains("redis can be used again"));
}

#[test]
fn a_redis_that_hangs_holds_up_few_commits() {
    let shop = Shop::new(BackendKind::Kafka, Clock::Wall, "{tenant: demo, version: 1}");
    let redis = &shop.cluster().redis;
    let (mut running, client) = shop.start_only(&["intake"]);
    client.events(&[message("c-1", "e-1", &now())]);
    wait_until("the states of the case and its customer are in memory", SOON, || {
        messages(&client, "c-1") == Some(1) && metric(&client, "kefu_states_loaded") >= 2.0
    });
    let available = || metric(&client, "kefu_hot_states_available");
    redis.pause().unwrap();
    client.events(&[message("c-1", "e-2", &now())]);
    wait_until("redis does not take it", SOON, || available() == 0.0);
    let commits = metric(&client, "kefu_commits_total");
    let (more, within) = UNHINDERED;
    wait_until("most commits do not wait", within, || metric(&client, "kefu_commits_total") >= commits + more);
    assert_eq!((client.get("/readyz").text.as_str(), available()), ("ready\n", 0.0), "nothing waits");
    redis.resume().unwrap();
    wait_until("redis has caught up", SOON, || messages(&client, "c-1") == Some(2) && available() == 1.0);
    running.must_run();
}
