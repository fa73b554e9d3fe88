//! One trace from a request with channel events to the KPI rows, with a span of every service (PL5).

#![allow(clippy::panic, clippy::unwrap_used, reason = "what cannot be had fails the test")]

use std::collections::BTreeSet;
use std::time::Duration;

use kefu_contracts::channel_event::ChannelEvent;
use kefu_contracts::codec::Codec;
use kefu_contracts::partition::PartitionBy;
use kefu_contracts::topic::CHANNEL_EVENTS;
use kefu_integration_tests::spans::{self, Collector, Span};
use kefu_integration_tests::{
    BackendKind, Client, Clock, SERVICES, Shop, at, in_conversation, message, now, reply, resolved, wait_until,
};
use kefu_test_rig::{Jaeger, RawRecord};
use serde_json::{Value, json};

const POLICY: &str = "{tenant: demo, version: 1}";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// Another one, whose figures are gathered with those of the first.
const OTHER: &str = "5bf92f3577b34da6a3ce929d0e0e4737";
/// The span of whoever calls.
const CALLER: &str = "00f067aa0ba902b7";

#[test]
fn goes_from_the_request_to_the_kpi_rows() {
    let collector = Collector::start();
    follow(&collector.endpoint(), |trace| collector.of_trace(trace));
}

#[test]
fn begins_where_a_record_comes_to_kafka_without_one() {
    let collector = Collector::start();
    let settings = format!("[telemetry]\notlp = \"{}\"\nsample = 1.0\n", collector.endpoint());
    let shop = Shop::new(BackendKind::Kafka, Clock::Wall, POLICY).with(&settings);
    let (_running, _) = shop.start_only(&["intake", "classifier"]);
    let event: ChannelEvent = serde_json::from_value(message("c-1", "e-1", &now())).unwrap();
    let mut bytes = Vec::new();
    CHANNEL_EVENTS.encode(&Codec::single_object(), &event, &mut bytes).unwrap();
    let record = RawRecord { key: Some(b"demo/c-1".to_vec()), value: Some(bytes) };
    let partition = i32::try_from(PartitionBy::Conversation.partition("demo/c-1", 2)).unwrap();
    let topic = format!("{}channel-events", shop.cluster().prefix());
    shop.cluster().kafka().append(&topic, partition, &[record]).unwrap();
    wait_until("a verdict is part of a trace that begins in intake", Duration::from_secs(60), || {
        let begun = collector.named("intake cases").into_iter().find(|span| span.parent.trim_matches('0').is_empty());
        begun.is_some_and(|begun| {
            collector
                .of_trace(&begun.trace)
                .iter()
                .any(|span| span.name == "classifier cases" && !span.parent.is_empty())
        })
    });
}

#[test]
#[ignore = "builds Jaeger from its sources: cargo xtask test --traces"]
fn is_whole_in_jaeger() {
    let jaeger = Jaeger::start().unwrap_or_else(|error| panic!("{error}"));
    follow(&jaeger.otlp(), |trace| spans::of_jaeger(&jaeger.query(), trace));
}

/// A conversation from its first message to its end.
fn conversation(id: &str, begun: &str) -> Vec<Value> {
    let event = |name: &str| format!("{id}-{name}");
    let assigned = json!({"assignee": "agent-1", "team": "first-line"});
    vec![
        message(id, &event("first"), begun),
        in_conversation(id, &event("assigned"), &at(begun, 20), "assigned", "agent", &assigned),
        reply(id, &event("reply"), &at(begun, 30)),
        resolved(id, &event("resolved"), &at(begun, 60)),
    ]
}

/// Sends a conversation as part of a trace.
fn send(client: &Client, id: &str, trace: &str, begun: &str) {
    let events = Value::Array(conversation(id, begun)).to_string();
    let traceparent = format!("00-{trace}-{CALLER}-01");
    let headers = [("content-type", "application/json"), ("traceparent", traceparent.as_str())];
    let answer = client.send("POST", "/v1/events", &headers, &events).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(answer.status, 202, "{}", answer.text);
}

fn follow(endpoint: &str, seen: impl Fn(&str) -> Vec<Span>) {
    let settings = format!("[telemetry]\notlp = \"{endpoint}\"\n");
    let shop = Shop::new(BackendKind::Kafka, Clock::Event, POLICY).with(&settings);
    let (mut running, client) = shop.start();
    let begun = at(&now(), -600);
    send(&client, "c-1", TRACE, &begun);
    send(&client, "c-2", OTHER, &begun);
    shop.time_comes_to(&client, &at(&begun, 300));
    let mut all = Vec::new();
    wait_until("every service has a span", Duration::from_secs(60), || {
        all = seen(TRACE);
        let done = spans::services(&all);
        SERVICES.iter().all(|service| done.contains(service)) && all.iter().any(|span| span.name == ROWS)
    });
    assert!(running.terminate().success());
    wait_until("no span is missing", Duration::from_secs(20), || {
        all = seen(TRACE);
        unknown_parents(&all).is_empty()
    });
    let requests: Vec<&Span> = all.iter().filter(|span| span.service.is_empty()).collect();
    let names: Vec<(&str, &str)> = requests.iter().map(|span| (span.name.as_str(), span.parent.as_str())).collect();
    assert_eq!(names, [("POST /v1/events", CALLER)]);
    let rows = all.iter().find(|span| span.name == ROWS);
    let way = way(&all, rows);
    let aggregator =
        ["kpi-aggregator rows", "kpi-aggregator windows", "kpi-aggregator minutes", "kpi-aggregator cases"];
    // by way of the classifier, or straight
    assert!(way.starts_with(&aggregator) && way.ends_with(&["intake cases", "POST /v1/events"]), "{way:?}");
    // which of them came first is not sure
    let linked = [(TRACE, OTHER), (OTHER, TRACE)].into_iter().any(|(one, other)| {
        let minutes = seen(one).into_iter().filter(|span| span.name == "kpi-aggregator minutes");
        minutes.flat_map(|span| span.links).any(|link| link == other)
    });
    assert!(linked, "figures that were gathered are no links of each other");
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
