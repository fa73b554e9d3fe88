//! A service as a process: its API, its metrics, its end.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod dead_letters;
mod desk;
mod process;
mod shell;

use kefu_runtime::metrics::NAMES;

use self::process::{Running, call, exchange};

/// What only is with Kafka and Redis.
const KAFKA_ONLY: [&str; 8] = [
    "kefu_commit_aborts_total",
    "kefu_hot_states_available",
    "kefu_input_lag",
    "kefu_kafka_available",
    "kefu_partitions_came_total",
    "kefu_partitions_went_total",
    "kefu_rejoins_total",
    "kefu_tasks_restoring",
];

fn count(metrics: &str, sample: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.and_then(|number| number.parse().ok()).unwrap_or(-1.0)
}

#[test]
fn the_embedded_backend_counts_what_it_does() {
    let running = Running::start();
    for key in ["k-1", "k-2", "k-3", "k-3"] {
        let headers = [("idempotency-key", key), ("kefu-actor", "agent/a-1")];
        assert_eq!(running.call("POST /v1/desks/d-1/do", "agent", &headers).status, 200);
    }
    let ring = running.call("POST /v1/desks/d-2/ring", "agent", &[("kefu-actor", "agent/a-1")]);
    assert_eq!(ring.status, 200);
    const STAGE: &str = "{service=\"desk\",processor=\"desks\"}";
    const TASKS: &str = "{service=\"desk\",processor=\"desks\",worker=\"0\"}";
    let fired = format!("kefu_timers_fired_total{STAGE}");
    let metrics = running.until("GET /metrics", "read", |answer| count(&answer.body, &fired) >= 1.0).body;
    for (sample, wanted) in [
        (format!("kefu_records_processed_total{STAGE}"), 4.0),
        (format!("kefu_records_duplicate_total{STAGE}"), 1.0),
        (format!("kefu_timer_faults_total{STAGE}"), 0.0),
        (format!("kefu_timer_lateness_seconds_count{STAGE}"), 1.0),
        (format!("kefu_timers_waiting{TASKS}"), 0.0),
        (format!("kefu_states_loaded{TASKS}"), 2.0),
        (format!("kefu_tasks{TASKS}"), 1.0),
        ("kefu_records_written_total{topic=\"command-results\"}".to_owned(), 5.0),
    ] {
        assert_eq!(count(&metrics, &sample), wanted, "{sample}\n{metrics}");
    }
    let commits = count(&metrics, "kefu_commits_total{service=\"desk\"}");
    assert!(commits >= 1.0 && commits == count(&metrics, "kefu_commit_duration_seconds_count{service=\"desk\"}"));
    assert!(count(&metrics, &format!("kefu_watermark_seconds{TASKS}")) > 1e9);
    running.stop().unwrap();
}

#[test]
fn every_metric_that_needs_no_kafka_is_shown_on_the_embedded_backend() {
    let running = Running::start();
    running.call("POST /v1/desks/d-1/ring", "agent", &[("kefu-actor", "agent/a-1")]);
    let fired = "kefu_timer_lateness_seconds_count";
    let shown = running.until("GET /metrics", "read", |answer| answer.body.contains(fired)).body;
    let refused = "kefu_records_refused_total";
    for name in NAMES.iter().filter(|name| !KAFKA_ONLY.contains(name) && **name != refused) {
        let sample = |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', '_', ' ']));
        assert!(shown.lines().any(sample), "{name} is not shown\n{shown}");
    }
    running.stop().unwrap();
}

#[test]
fn a_command_can_be_followed_and_the_end_lets_its_caller_go() {
    let running = Running::start();
    let address = running.address;
    let headers = [("idempotency-key", "k-1"), ("kefu-actor", "agent/a-1")];
    let waits = std::thread::spawn(move || call(address, "POST /v1/desks/d-1/keep-silent", "agent", &headers));
    let pending = running.until("GET /v1/commands/k-1", "agent", |answer| answer.status != 404);
    assert_eq!(pending.status, 202, "{pending:?}");
    assert!(pending.headers.contains("retry-after: 1"), "{pending:?}");
    assert_eq!(running.call("GET /v1/commands/k-1", "ingest", &[]).status, 403);
    // the same key for something else, while it is under way
    let other = running.call("POST /v1/desks/d-2/do", "agent", &headers);
    assert_eq!((other.status, other.code()), (422, "idempotency_mismatch".into()), "{other:?}");
    running.stop().unwrap();
    let told = waits.join().unwrap();
    assert_eq!(told.status, 202, "{told:?}");
    assert!(told.headers.contains("location: /v1/commands/k-1"), "{told:?}");
}

#[test]
fn a_command_that_was_answered_is_told_again() {
    let running = Running::start();
    let headers = [("idempotency-key", "k-1"), ("kefu-actor", "agent/a-1")];
    assert_eq!(running.call("GET /v1/commands/k-1", "agent", &[]).status, 404);
    assert_eq!(running.call("POST /v1/desks/d-1/do", "agent", &headers).status, 200);
    let again = running.call("GET /v1/commands/k-1", "agent", &[]);
    assert_eq!((again.status, again.body.as_str()), (200, r#"{"desk":"d-1"}"#));
    running.stop().unwrap();
}

#[test]
fn a_slow_client_does_not_hold_up_the_end() {
    let running = Running::start();
    let address = running.address;
    let slow = "POST /v1/desks/d-1/do HTTP/1.1\r\nhost: desk\r\nauthorization: Bearer agent-key-00000000\r\n\
                kefu-actor: agent/a-1\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n";
    let (begun, has_begun) = std::sync::mpsc::channel();
    let client = std::thread::spawn(move || exchange(address, slow, || begun.send(()).unwrap()));
    // the server says `100 Continue`: it waits for the body
    has_begun.recv().unwrap();
    running.stop().unwrap();
    let read = client.join().unwrap();
    assert!(!read.contains("200 OK"), "{read}");
}
