//! What a service says of itself in numbers: every metric of the catalogue, and what was really done.

use std::time::Duration;

use kefu_integration_tests::{BackendKind, Client, Clock, Shop, in_conversation, message, now, repository, wait_until};
use serde_json::json;

use crate::same_result::sum;

/// The names of the catalogue, as its source lists them.
fn catalogue() -> Vec<String> {
    let source = std::fs::read_to_string(repository().join("crates/runtime/src/metrics.rs")).unwrap();
    let (_, table) = source.split_once("\ncatalogue! {").unwrap();
    let (table, _) = table.split_once("\n}\n").unwrap();
    table.split("=> \"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}

/// The value of a metric of intake's `cases`.
fn of_cases(client: &Client, name: &str) -> f64 {
    let text = client.get("/metrics").text;
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("processor=\"cases\"")).collect();
    sum(&lines.join("\n"), name)
}

fn counts_what_was_sent(kind: BackendKind) {
    let shop = Shop::new(kind, Clock::Wall, "{tenant: demo, version: 1}");
    let (_running, client) = shop.start_only(&["intake"]);
    client.events(&(0..25).map(|n| message(&format!("c-{n}"), "e-1", &now())).collect::<Vec<_>>());
    // 2 are refused
    let note = |n: u32| in_conversation(&format!("n-{n}"), "e-1", &now(), "note", "agent", &json!({"text": "nobody"}));
    client.events(&[note(1), note(2)]);
    client.events(&[message("c-0", "e-2", &now())]);
    // what was sent before it to the same partition may still be under way on the other
    wait_until("all of it is processed", Duration::from_secs(20), || {
        let sent = (0..25).all(|n| client.get(&format!("/v1/cases/c-{n}%231")).status == 200);
        sent && client.get("/v1/cases/c-0%231").json()["customer_messages"] == 2
    });
    let refused = || of_cases(&client, "kefu_records_refused_total");
    wait_until(&format!("2 refusals are counted, not {}", refused()), Duration::from_secs(5), || refused() >= 2.0);
    let told = ["kefu_records_processed_total", "kefu_records_refused_total", "kefu_records_duplicate_total"]
        .map(|name| of_cases(&client, name));
    assert_eq!(told, [26.0, 2.0, 0.0]);
    let exported = |text: &str, name: &str| {
        text.lines().any(|line| {
            let name = name.trim_end_matches("_total");
            line.strip_prefix("# TYPE ").and_then(|rest| rest.split(' ').next()) == Some(name)
        })
    };
    // no timer was due, so none was late; a file needs no hot copy, and what it does not commit ends it
    let applies = |name: &String| match name.as_str() {
        "kefu_timer_lateness_seconds" => false,
        // nothing has left
        "kefu_partitions_went_total" => false,
        "kefu_commit_aborts_total"
        | "kefu_hot_states_available"
        | "kefu_input_lag"
        | "kefu_kafka_available"
        | "kefu_partitions_came_total"
        | "kefu_rejoins_total"
        | "kefu_tasks_restoring" => kind == BackendKind::Kafka,
        _ => true,
    };
    let names: Vec<String> = catalogue().into_iter().filter(applies).collect();
    assert!(names.len() > 15, "{names:?}");
    wait_until("every metric of the catalogue is exported", Duration::from_secs(5), || {
        let text = client.get("/metrics").text;
        names.iter().all(|name| exported(&text, name))
    });
}

#[test]
fn on_kafka() {
    counts_what_was_sent(BackendKind::Kafka);
}

#[test]
fn on_a_file() {
    counts_what_was_sent(BackendKind::Embedded);
}
