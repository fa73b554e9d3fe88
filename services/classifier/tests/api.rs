//! The HTTP API on the embedded store.

use kefu_policy::Policies;
use kefu_testkit::Server;
use serde_json::json;

const AGENT: (&str, &str) = ("kefu-actor", "agent/a-1");
const JSON: (&str, &str) = ("content-type", "application/json");

fn server() -> Server {
    Server::start(kefu_classifier::api::definition, Policies::default())
}

#[test]
fn an_article_is_written_read_and_retired() {
    let server = server();
    let article =
        json!({"actor": {"kind": "agent", "id": "a-1"}, "title": "退貨", "body": "七天內", "language": "zh-Hant"});
    let written = server.send("PUT /v1/articles/returns", "demo-agent", &article);
    assert_eq!((written.status, &written.json()["version"]), (201, &json!(1)), "{}", written.text);
    let read = server.get("/v1/articles/returns", "demo-read").json();
    assert_eq!((&read["title"], &read["edited_by"]), (&json!("退貨"), &json!("a-1")), "{read}");
    assert_eq!(server.get("/v1/articles/returns", "other-read").problem(), (404, "not_found".to_owned()));
    let retired = server.call("DELETE /v1/articles/returns", "demo-agent", &[AGENT], "");
    assert_eq!(retired.status, 200, "{}", retired.text);
    assert_eq!(server.get("/v1/articles/returns", "demo-read").json()["retired"], true);
}

#[test]
fn a_command_is_as_large_as_what_a_person_writes() {
    let server = server();
    // 20 000 characters, each escaped
    let article = format!(r#"{{"title": "t", "body": "{}", "language": "zh-Hans"}}"#, r"\u9000".repeat(20_000));
    assert_eq!(server.call("PUT /v1/articles/a", "demo-agent", &[JSON, AGENT], article).status, 201);
    let send = |method: &str, bytes: usize| {
        let body = " ".repeat(bytes);
        server.call(&format!("{method} /v1/articles/b"), "demo-agent", &[JSON, AGENT], body).status
    };
    assert_eq!((send("PUT", 262_144), send("PUT", 262_145)), (422, 413));
    assert_eq!((send("DELETE", 65_536), send("DELETE", 65_537)), (404, 413));
}

#[test]
fn the_same_key_gives_the_same_answer_and_another_body_is_refused() {
    let server = server();
    let put = |body: &str| {
        let headers = [JSON, AGENT, ("idempotency-key", "k-1")];
        server.call("PUT /v1/articles/a", "demo-agent", &headers, body.to_owned())
    };
    let body = r#"{"title": "t", "body": "b", "language": "en"}"#;
    assert_eq!(put(body).status, 201);
    assert_eq!(put(body).status, 201);
    assert_eq!(
        put(r#"{"title": "u", "body": "b", "language": "en"}"#).problem(),
        (422, "idempotency_mismatch".to_owned())
    );
    assert_eq!(server.get("/v1/commands/k-1", "demo-agent").status, 201);
    assert_eq!(server.get("/v1/commands/k-1", "other-read").status, 404);
}

#[test]
fn who_may_not_or_says_too_little_is_refused() {
    let server = server();
    let send = |key: &str, headers: &[(&str, &str)], body: &str| {
        server.call("PUT /v1/articles/a", key, headers, body.to_owned()).problem()
    };
    let refused = |status, code: &str| (status, code.to_owned());
    let body = r#"{"title": "t", "body": "b", "language": "en"}"#;
    assert_eq!(send("demo-read", &[AGENT], body), refused(403, "forbidden"));
    assert_eq!(send("demo-agent", &[("kefu-actor", "supervisor/s-1")], body), refused(403, "forbidden"));
    assert_eq!(send("demo-agent", &[("kefu-actor", "bot/b")], body), refused(403, "forbidden"));
    assert_eq!(send("demo-agent", &[], body), refused(422, "missing_field"));
    assert_eq!(send("demo-agent", &[AGENT], "["), refused(400, "bad_request"));
    assert_eq!(send("demo-agent", &[AGENT], r#"{"title": "t"}"#), refused(422, "missing_field"));
    assert_eq!(send("", &[AGENT], body), refused(401, "unauthorized"));
    let missing = server.call("DELETE /v1/articles/none", "demo-agent", &[AGENT], "");
    assert_eq!(missing.problem(), refused(404, "not_found"));
}

#[test]
fn every_route_is_in_the_document() {
    assert_eq!(server().check_document(), 9);
}
