//! Two processes with one name: one of them ends and says why, and the other works on.

use std::time::{Duration, Instant};

use kefu_integration_tests::{BackendKind, Clock, KEY, Shop, message, now, wait_until};

use crate::start_beside;

const SOON: Duration = Duration::from_secs(60);

#[test]
fn one_of_them_ends_and_the_other_works_on() {
    let shop = Shop::new(BackendKind::Kafka, Clock::Wall, "{tenant: demo, version: 1}");
    let (mut first, client) = shop.start_only(&["intake"]);
    client.events(&[message("c-1", "e-1", &now())]);
    shop.wait_for(&mut first, "cases", |case| case["case_id"] == "c-1#1");

    // longer than after a start that fails at once
    let begun = Instant::now();
    wait_until("the first has been at work for a while", SOON, || begun.elapsed() > Duration::from_secs(6));
    let mut second = start_beside(&shop, "shop-0");
    wait_until("one of the two ends", SOON, || first.ended().is_some() || second.ended().is_some());
    let (ended, mut other) = if first.ended().is_some() { (first, second) } else { (second, first) };
    let (words, _) = ended.last_words();
    assert!(words.contains("another process runs as instance `shop-0`"), "{words}");

    let client = other.ready(KEY);
    let metrics = client.get("/metrics").text;
    let rejoined = metrics.lines().find_map(|line| line.strip_prefix("kefu_rejoins_total{service=\"intake\"} "));
    assert!(rejoined.is_some_and(|count| count.parse::<u32>().is_ok_and(|count| count > 0)), "{rejoined:?}");
    client.events(&[message("c-2", "e-2", &now())]);
    shop.wait_for(&mut other, "cases", |case| case["case_id"] == "c-2#1");
    assert!(other.terminate().success());
}
