//! One trace from a request with channel events to the KPI rows, with a span of every service (PL5).

#![allow(clippy::panic, reason = "what cannot be had fails the test")]

use std::collections::BTreeSet;
use std::time::Duration;

use kefu_integration_tests::spans::{self, Collector, Span};
use kefu_integration_tests::{
    BackendKind, Clock, SERVICES, Shop, at, in_conversation, message, now, reply, resolved, wait_until,
};
use kefu_test_rig::Jaeger;
use serde_json::{Value, json};

const POLICY: &str = "{tenant: demo, version: 1}";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// The span of whoever calls.
const CALLER: &str = "00f067aa0ba902b7";

#[test]
fn goes_from_the_request_to_the_kpi_rows() {
    let collector = Collector::start();
    follow(&collector.endpoint(), || collector.of_trace(TRACE));
}

#[test]
#[ignore = "builds Jaeger from its sources: cargo xtask test --traces"]
fn is_whole_in_jaeger() {
    let jaeger = Jaeger::start().unwrap_or_else(|error| panic!("{error}"));
    follow(&jaeger.otlp(), || spans::of_jaeger(&jaeger.query(), TRACE));
}

/// A conversation from its first message to its end, `begun` some minutes ago.
fn conversation(begun: &str) -> Vec<Value> {
    let assigned = json!({"assignee": "agent-1", "team": "first-line"});
    vec![
        message("c-1", "e-1", begun),
        in_conversation("c-1", "e-2", &at(begun, 20), "assigned", "agent", &assigned),
        reply("c-1", "e-3", &at(begun, 30)),
        resolved("c-1", "e-4", &at(begun, 60)),
    ]
}

fn follow(endpoint: &str, seen: impl Fn() -> Vec<Span>) {
    let settings = format!("[telemetry]\notlp = \"{endpoint}\"\n");
    let shop = Shop::new(BackendKind::Kafka, Clock::Event, POLICY).with(&settings);
    let (mut running, client) = shop.start();
    let begun = at(&now(), -600);
    let events = Value::Array(conversation(&begun)).to_string();
    let traceparent = format!("00-{TRACE}-{CALLER}-01");
    let headers = [("content-type", "application/json"), ("traceparent", traceparent.as_str())];
    let answer = client.send("POST", "/v1/events", &headers, &events).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(answer.status, 202, "{}", answer.text);
    shop.time_comes_to(&client, &at(&begun, 300));
    let mut all = Vec::new();
    wait_until("every service has a span", Duration::from_secs(60), || {
        all = seen();
        let done = spans::services(&all);
        SERVICES.iter().all(|service| done.contains(service)) && all.iter().any(|span| span.name == ROWS)
    });
    assert!(running.terminate().success());
    wait_until("no span is missing", Duration::from_secs(20), || {
        all = seen();
        unknown_parents(&all).is_empty()
    });
    let requests: Vec<&Span> = all.iter().filter(|span| span.service.is_empty()).collect();
    let names: Vec<(&str, &str)> = requests.iter().map(|span| (span.name.as_str(), span.parent.as_str())).collect();
    assert_eq!(names, [("POST /v1/events", CALLER)]);
    let rows = all.iter().find(|span| span.name == ROWS);
    assert_eq!(
        way(&all, rows),
        [
            "kpi-aggregator rows",
            "kpi-aggregator windows",
            "kpi-aggregator minutes",
            "kpi-aggregator cases",
            "intake cases",
            "POST /v1/events"
        ]
    );
}

/// What writes KPI rows.
const ROWS: &str = "kpi-aggregator rows";

/// Spans that nobody has seen, though others follow from them.
fn unknown_parents(all: &[Span]) -> BTreeSet<&str> {
    let known: BTreeSet<&str> = all.iter().map(|span| span.id.as_str()).chain([CALLER]).collect();
    all.iter().map(|span| span.parent.as_str()).filter(|parent| !known.contains(parent)).collect()
}

/// The names of a span and of those it follows from.
fn way<'s>(all: &'s [Span], from: Option<&'s Span>) -> Vec<&'s str> {
    let mut way = Vec::new();
    let mut next = from;
    while let Some(span) = next {
        way.push(span.name.as_str());
        next = all.iter().find(|other| other.id == span.parent);
    }
    way
}
