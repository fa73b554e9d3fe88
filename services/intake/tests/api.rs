//! The HTTP API on the embedded store.

#![expect(clippy::unwrap_used, reason = "what cannot be had fails the test")]

use std::io::Write;

use axum::body::Body;
use kefu_contracts::topic::{CHANNEL_EVENTS, ORDER_EVENTS};
use kefu_policy::Policies;
use kefu_testkit::Server;
use serde_json::{Value, json};

fn server() -> Server {
    Server::start(kefu_intake::api::definition, Policies::default())
}

fn event(id: &str) -> Value {
    json!({
        "event_id": id, "tenant": "demo", "conversation_id": "c-1", "channel": "chat",
        "occurred_at": "2026-03-02T09:00:00+08:00", "type": "message",
        "actor": {"kind": "customer", "id": "u-9", "name": "王小明"},
        "data": {"text": "衣服收到有破洞,我要退貨"},
        "customer": {"id": "u-9", "name": "王小明", "phone": null, "email": null, "tier": "vip", "locale": "zh-Hant"},
        "order_ids": ["A1001"], "attributes": {"shop": "s1"},
    })
}

fn with(id: &str, field: &str, value: Value) -> Value {
    let mut event = event(id);
    event[field] = value;
    event
}

const LINES: [(&str, &str); 1] = [("content-type", "application/x-ndjson")];

#[test]
fn each_event_of_a_batch_has_its_own_result() {
    let server = server();
    let late = with("e-8", "occurred_at", json!("2099-01-01T00:00:00Z"));
    let batch = json!([
        event("e-1"),
        with("e-2", "tenant", json!("other")),
        with("e-3", "type", json!("shouted")),
        event("e-1"),
        {"event_id": "e-5", "tenant": "demo"},
        42,
        with("e-7", "data", json!({"text": "x".repeat(65_537)})),
        late,
        with("e-9", "conversation_id", json!("")),
        event("e-10"),
    ]);
    let answer = server.send("POST /v1/events", "demo-ingest", &batch);
    assert_eq!(answer.status, 202, "{}", answer.text);
    let result = answer.json();
    assert_eq!((&result["accepted"], &result["duplicates"]), (&json!(2), &json!(1)), "{result:#}");
    let rejected = result["rejected"].as_array().unwrap();
    let told: Vec<_> =
        rejected.iter().map(|one| (one["index"].as_i64().unwrap(), one["code"].as_str().unwrap())).collect();
    let wanted = [
        (1, "forbidden"),
        (2, "unknown_event_type"),
        (4, "undecodable"),
        (5, "undecodable"),
        (6, "too_large"),
        (7, "time_out_of_range"),
        (8, "missing_field"),
    ];
    assert_eq!(told, wanted);
    assert_eq!((&rejected[2]["event_id"], &rejected[2]["retryable"]), (&json!("e-5"), &json!(false)));
    assert_eq!(server.written(&CHANNEL_EVENTS).len(), 2);

    let again = server.send("POST /v1/events", "demo-ingest", &json!([event("e-10"), event("e-11")])).json();
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(1), &json!(1)));
    let counts = server.get("/v1/rejections", "demo-ingest").json();
    assert_eq!(counts["rejected"]["undecodable"], 2, "{counts}");
    assert_eq!(server.get("/v1/rejections", "other-read").json()["rejected"], json!({}));
}

#[test]
fn an_event_larger_than_its_own_cap_is_refused_alone() {
    let server = server();
    let attributes = json!({"shop": "x".repeat(300_000)});
    let batch = json!([with("e-1", "attributes", attributes), event("e-2")]);
    let result = server.send("POST /v1/events", "demo-ingest", &batch).json();
    assert_eq!((&result["accepted"], &result["rejected"][0]["code"]), (&json!(1), &json!("too_large")));
}

#[test]
fn an_event_larger_than_its_own_cap_is_not_read() {
    let server = server();
    let long = "x".repeat(300_000);
    let cloud: [(&str, &str); 1] = [("content-type", "application/cloudevents+json")];
    let binary = [("content-type", "application/json"), ("ce-specversion", "1.0"), ("ce-id", "e-4")];
    for (headers, body, event_id) in [
        (LINES, json!(long).to_string(), json!(null)),
        (LINES, with("e-1", "order_ids", json!([long])).to_string(), json!("e-1")),
        (cloud, json!(long).to_string(), json!(null)),
        (cloud, json!({"id": "e-3", "data": [long]}).to_string(), json!("e-3")),
        (cloud, json!({"id": long}).to_string(), json!(null)),
    ] {
        let result = server.call("POST /v1/events", "demo-ingest", &headers, body).json();
        let rejected = &result["rejected"][0];
        assert_eq!((&rejected["code"], &rejected["event_id"]), (&json!("too_large"), &event_id));
    }
    let result = server.call("POST /v1/events", "demo-ingest", &binary, json!(long).to_string()).json();
    assert_eq!(
        (&result["rejected"][0]["code"], &result["rejected"][0]["event_id"]),
        (&json!("too_large"), &json!("e-4"))
    );
}

#[test]
fn a_batch_is_read_up_to_one_event_too_many() {
    let server = server();
    let send = |count: usize, end: &str| {
        let body = format!("[{}{end}", "1,".repeat(count));
        server.call("POST /v1/events", "demo-ingest", &[("content-type", "application/json")], body)
    };
    let most = send(9_999, "1]");
    assert_eq!((most.status, most.json()["rejected"].as_array().map(Vec::len)), (202, Some(10_000)));
    assert_eq!(send(9_999, "1 and nonsense").problem(), (400, "bad_request".to_owned()));
    assert_eq!(send(10_001, "and nonsense").problem(), (413, "too_large".to_owned()));
}

#[test]
fn lines_and_one_object_are_taken_too() {
    let server = server();
    assert_eq!(server.send("POST /v1/events", "demo-ingest", &event("e-1")).json()["accepted"], 1);
    let body = format!("{}\n\nnonsense\n{}\n", event("e-2"), event("e-3"));
    let result = server.call("POST /v1/events", "demo-ingest", &LINES, body).json();
    assert_eq!((&result["accepted"], &result["rejected"][0]["index"]), (&json!(2), &json!(1)), "{result}");
}

#[test]
fn a_body_is_refused_as_a_whole_only_if_nothing_in_it_can_be_read() {
    let server = server();
    let send = |headers: &[(&str, &str)], body: &str| {
        server.call("POST /v1/events", "demo-ingest", headers, body.to_owned()).problem()
    };
    let bad = (400, "bad_request".to_owned());
    assert_eq!(send(&[("content-type", "application/json")], "{"), bad);
    assert_eq!(send(&[("content-type", "application/json")], "[{},"), bad);
    assert_eq!(send(&[("content-type", "application/json")], ""), bad);
    assert_eq!(send(&LINES, "a\nb\n"), bad);
    assert_eq!(send(&[("content-type", "text/csv")], "a,b"), (415, "unsupported_media_type".to_owned()));
    assert_eq!(send(&[], "{}"), (415, "unsupported_media_type".to_owned()));
    let packed = [("content-type", "application/json"), ("content-encoding", "br")];
    assert_eq!(send(&packed, "{}"), (415, "unsupported_encoding".to_owned()));
    let many = "{}\n".repeat(10_001);
    assert_eq!(send(&LINES, &many), (413, "too_large".to_owned()));
    assert_eq!(send(&LINES, &" ".repeat(5 * 1024 * 1024)), (413, "too_large".to_owned()));
    let counts = server.get("/v1/rejections", "demo-read").json();
    assert_eq!(counts["rejected"]["too_large"], 2, "{counts}");
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn packed_bodies_are_unpacked_within_bounds() {
    let server = server();
    let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
    let packed = gzip(event("e-1").to_string().as_bytes());
    assert_eq!(server.call("POST /v1/events", "demo-ingest", &headers, packed).json()["accepted"], 1);
    let bomb = gzip(&vec![b' '; 64 * 1024 * 1024]);
    assert!(bomb.len() < 100_000);
    let answer = server.call("POST /v1/events", "demo-ingest", &headers, bomb);
    assert_eq!(answer.problem(), (413, "too_large".to_owned()));
    let broken = server.call("POST /v1/events", "demo-ingest", &headers, "no gzip");
    assert_eq!(broken.problem(), (400, "bad_request".to_owned()));
}

fn cloud_event(id: &str) -> Value {
    let event = event(id);
    json!({
        "specversion": "1.0", "id": id, "source": "//gateway/chat", "type": "kefu.message.v1", "subject": "c-1",
        "time": event["occurred_at"], "tenant": "demo", "datacontenttype": "application/json",
        "data": {"channel": "chat", "actor": event["actor"], "data": event["data"], "customer": event["customer"]},
    })
}

#[test]
fn cloud_events_come_in_three_modes() {
    let server = server();
    let send = |media_type: &str, body: &Value| {
        server.call("POST /v1/events", "demo-ingest", &[("content-type", media_type)], body.to_string()).json()
    };
    assert_eq!(send("application/cloudevents+json; charset=utf-8", &cloud_event("e-1"))["accepted"], 1);
    let mut other = cloud_event("e-3");
    other["type"] = json!("message");
    let batch = send("application/cloudevents-batch+json", &json!([cloud_event("e-2"), other]));
    assert_eq!((&batch["accepted"], &batch["rejected"][0]["event_id"]), (&json!(1), &json!("e-3")), "{batch}");
    let headers = [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "e-4"),
        ("ce-source", "//gateway/chat"),
        ("ce-type", "kefu.message.v1"),
        ("ce-subject", "c%2D1"),
        ("ce-time", "2026-03-02T01:00:00Z"),
        ("ce-tenant", "demo"),
    ];
    let data = cloud_event("e-4")["data"].to_string();
    let answer = server.call("POST /v1/events", "demo-ingest", &headers, data).json();
    assert_eq!(answer["accepted"], 1, "{answer}");
    let ids: Vec<String> = server.written(&CHANNEL_EVENTS).into_iter().map(|event| event.event_id).collect();
    assert_eq!(ids, ["e-1", "e-2", "e-4"]);
    assert_eq!(server.get("/v1/conversations/c-1", "demo-read").json()["cases"][0]["customer_messages"], 3);
}

#[test]
fn keys_open_only_what_they_are_for() {
    let server = server();
    let unknown = server.call("POST /v1/events", "nobody", &[], Body::empty());
    assert_eq!((unknown.status, unknown.headers["www-authenticate"].to_str().unwrap()), (401, "Bearer"));
    assert_eq!(server.send("POST /v1/events", "", &event("e-1")).status, 401);
    assert_eq!(server.send("POST /v1/events", "demo-read", &event("e-1")).problem(), (403, "forbidden".to_owned()));
    for path in ["/v1/cases/c-1%231", "/v1/conversations/c-1", "/v1/customers/u-9", "/v1/orders/A1001"] {
        assert_eq!(server.get(path, "demo-ingest").problem(), (403, "forbidden".to_owned()), "{path}");
        assert_eq!(server.get(path, "").status, 401, "{path}");
    }
    assert_eq!(server.get("/v1/rejections", "demo-agent").status, 403);
}

#[test]
fn what_came_in_can_be_read_by_its_tenant_alone() {
    let server = server();
    server.send("POST /v1/events", "demo-ingest", &event("e-1"));
    let placed = json!({
        "event_id": "o-1", "tenant": "demo", "order_id": "A1001", "customer_id": "u-9",
        "occurred_at": "2026-03-01T00:00:00Z", "status": "placed", "items": [], "currency": "CNY", "amount": 99.5,
        "carrier": null, "tracking_no": null,
    });
    let placed = serde_json::from_value(placed).unwrap();
    server.append(&ORDER_EVENTS, "demo/A1001", &placed, server.now());

    let case = server.get("/v1/cases/c-1%231", "demo-read");
    assert_eq!(case.json()["case_id"], "c-1#1", "{}", case.text);
    assert!(case.headers.contains_key("kefu-watermark"));
    assert_eq!(server.get("/v1/conversations/c-1", "demo-read").json()["cases_begun"], 1);
    assert_eq!(server.get("/v1/customers/u-9", "demo-read").json()["case_ids"], json!(["c-1#1"]));
    assert_eq!(server.get("/v1/orders/A1001", "demo-read").json()["status"], "placed");
    for path in ["/v1/cases/c-1%231", "/v1/conversations/c-1", "/v1/customers/u-9", "/v1/orders/A1001"] {
        assert_eq!(server.get(path, "other-read").problem(), (404, "not_found".to_owned()), "{path}");
    }
    for path in ["/v1/cases/c-1%232", "/v1/cases/c-1", "/v1/cases/..%2Fdemo%2Fc-1%231", "/v1/customers/u-1"] {
        assert_eq!(server.get(path, "demo-read").problem(), (404, "not_found".to_owned()), "{path}");
    }
}

#[test]
fn every_route_is_in_the_document() {
    assert_eq!(server().check_document(), 12);
}
