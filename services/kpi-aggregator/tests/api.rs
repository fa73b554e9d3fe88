//! The HTTP API and the board on the embedded store.

use std::collections::BTreeMap;
use std::io::Write;

use kefu_contracts::Timestamp;
use kefu_contracts::kpi::{KpiRow, MetricValue};
use kefu_contracts::topic::KPI;
use kefu_kpi_aggregator::api::definition;
use kefu_policy::Policies;
use kefu_testkit::Server;
use serde_json::json;

fn server() -> Server {
    Server::start(definition, Policies::default())
}

fn row(server: &Server, size: &str, start: Timestamp, length_ms: i64, dimensions: &str, metrics: &[(&str, f64)]) {
    let pairs = dimensions.split(',').filter_map(|pair| pair.split_once('='));
    let row = KpiRow {
        tenant: "demo".to_owned(),
        window_start: start,
        window_end: start.plus_ms(length_ms),
        size: size.to_owned(),
        dimensions: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        revision: 1,
        is_final: false,
        definitions: 1,
        metrics: metrics
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Some(MetricValue::Number(*value))))
            .collect::<BTreeMap<_, _>>(),
    };
    server.append(&KPI, &format!("demo/{start}/{size}/{dimensions}"), &row, start);
}

/// The start of the current hour.
fn hour(server: &Server) -> Timestamp {
    let now = server.now();
    now.plus_ms(-now.ms().rem_euclid(3_600_000))
}

#[test]
fn rows_are_found_by_size_time_and_dimensions() {
    let server = server();
    let at = hour(&server);
    for (hours, dimensions) in
        [(2, "-"), (1, "-"), (1, "channel=chat"), (1, "channel=email"), (1, "category=complaint,channel=chat")]
    {
        row(&server, "PT1H", at.plus_ms(-hours * 3_600_000), 3_600_000, dimensions, &[("cases_opened", 1.0)]);
    }
    let count = |query: &str| {
        let answer = server.get(&format!("/v1/kpi?{query}"), "demo-read");
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["rows"].as_array().unwrap().len()
    };
    assert_eq!(count("size=PT1H"), 2);
    assert_eq!(count(&format!("size=PT1H&from={}", at.plus_ms(-3_600_000))), 1);
    assert_eq!(count(&format!("size=PT1H&to={}", at.plus_ms(-3_600_000))), 1);
    assert_eq!(count("size=PT1H&dimensions=channel"), 2);
    assert_eq!(count("size=PT1H&dimensions=channel%3Dchat"), 1);
    assert_eq!(count("size=PT1H&dimensions=channel,category"), 1);
    assert_eq!(count("size=PT1M"), 0);
    assert_eq!(server.get("/v1/kpi?size=PT1H", "other-read").json()["rows"], json!([]));
    for bad in ["size=P2D", "from=yesterday", "from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z"] {
        assert_eq!(
            server.get(&format!("/v1/kpi?{bad}"), "demo-read").problem(),
            (400, "bad_request".to_owned()),
            "{bad}"
        );
    }
    assert_eq!(server.get("/v1/kpi", "demo-ingest").problem(), (403, "forbidden".to_owned()));
}

#[test]
fn the_board_shows_what_is_open_and_what_happened_today() {
    let server = server();
    let at = hour(&server);
    let today =
        [("cases_opened", 17.0), ("sla_met.first_reply", 9.0), ("sla_breached.first_reply", 1.0), ("backlog", 6.0)];
    row(&server, "PT1M", at, 60_000, "-", &today);
    row(&server, "PT1M", at, 60_000, "category=complaint", &[("backlog", 4.0)]);
    row(&server, "PT1M", at, 60_000, "channel=<b>", &[("backlog", 2.0)]);
    let board = server.get("/board?lang=en", "demo-read");
    assert_eq!(board.status, 200, "{}", board.text);
    for wanted in [
        "<p class=\"big\">6</p>",
        "complaint</th><td>4</td>",
        "&lt;b&gt;</th><td>2</td>",
        "opened</th><td>17</td>",
        "first reply</th><td>9</td><td class=\"bad\">1</td><td>90 %</td>",
        "http-equiv=\"refresh\" content=\"5\"",
        "<svg",
    ] {
        assert!(board.text.contains(wanted), "{wanted}: {}", board.text);
    }
    assert!(!board.text.contains("<script") && !board.text.contains("<b>"));
    assert!(server.get("/board?lang=zh-Hans", "demo-supervisor").text.contains("客服主管看板"));
    let other = server.get("/board?lang=en", "other-read").text;
    assert!(other.contains("<p class=\"big\">0</p>"), "{other}");
}

#[test]
fn the_board_asks_for_a_key_and_gives_a_pass_for_it() {
    let server = server();
    let closed = server.get("/board", "");
    assert_eq!(closed.status, 401);
    assert!(closed.text.contains("<form method=\"post\""), "{}", closed.text);
    assert_eq!(server.get("/board", "demo-ingest").status, 401);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(server.call("POST /board", "", &form, "key=demo-agent-key-0000").status, 401);
    let taken = server.call("POST /board?lang=en", "", &form, "lang=en&key=demo-read-key-0000&key=wrong");
    assert_eq!((taken.status, taken.headers["location"].to_str().unwrap()), (303, "/board?lang=en"), "{}", taken.text);
    let cookie = taken.headers["set-cookie"].to_str().unwrap();
    let (pass, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/board; Max-Age=43200; HttpOnly; SameSite=Strict");
    assert!(!cookie.contains("demo-read"), "{cookie}");
    let board = server.call("GET /board?lang=en", "", &[("cookie", &format!("other=1; {pass}"))], "");
    assert!(board.status == 200 && board.text.contains("· demo"), "{}", board.text);
    assert_eq!(server.call("GET /board", "", &[("cookie", &format!("{pass}x"))], "").status, 401);
    assert_eq!(server.call("GET /v1/kpi", "", &[("cookie", pass)], "").status, 401, "the pass is to the board alone");

    let form = [form[0], ("x-forwarded-proto", "https")];
    let taken = server.call("POST /board", "", &form, "key=demo-read-key-0000");
    assert!(taken.headers["set-cookie"].to_str().unwrap().ends_with("; Secure"));
}

#[test]
fn a_key_in_the_address_opens_nothing() {
    let answer = server().get("/board?key=demo-read-key-0000", "");
    assert_eq!(answer.status, 401);
    assert!(!answer.headers.contains_key("set-cookie"));
}

#[test]
fn a_form_larger_than_a_key_is_not_unpacked() {
    let server = server();
    let packed = |plain: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(plain.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let send = |fields: usize| {
        let form = [("content-type", "application/x-www-form-urlencoded"), ("content-encoding", "gzip")];
        let plain = format!("{}key=demo-read-key-0000", "a&".repeat(fields));
        (server.call("POST /board", "", &form, packed(&plain)).status, plain.len())
    };
    assert_eq!(send(2_037), (303, 4_096));
    assert_eq!(send(2_038).0, 413);
    let plain = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(server.call("POST /board", "", &plain, "x".repeat(4_097)).status, 413);
}

#[test]
fn without_any_key_the_board_is_shown_to_this_machine_alone() {
    let start = |listen: &str| Server::start_with(definition, Policies::default(), json!({"http": {"listen": listen}}));
    assert_eq!(start("127.0.0.1:0").get("/board", "").status, 200);
    assert_eq!(start("0.0.0.0:0").get("/board", "").status, 401);
    assert_eq!(start("127.0.0.1:0").get("/v1/kpi", "").status, 401);
}

#[test]
fn every_route_is_in_the_document() {
    assert_eq!(server().check_document(), 9);
}
