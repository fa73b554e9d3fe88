//! The HTTP API and the customer's page on the embedded store.

#![expect(clippy::unwrap_used, reason = "what cannot be had fails the test")]

use kefu_contracts::case_event::{CaseContext, CaseEvent};
use kefu_contracts::survey::Survey;
use kefu_contracts::topic::{CASE_EVENTS, COMMANDS, SURVEYS};
use kefu_policy::Policies;
use kefu_runtime::config::SurveyKeySettings;
use kefu_satisfaction_survey::api::{Links, definition};
use kefu_testkit::{Answer, Server};
use serde_json::{Value, json};

const FORM: [(&str, &str); 1] = [("content-type", "application/x-www-form-urlencoded")];

fn server() -> Server {
    let key = |id: &str, tenant: &str| SurveyKeySettings {
        id: id.to_owned(),
        tenant: tenant.to_owned(),
        secret: format!("{id:-<40}"),
    };
    let links = Links::new(&[key("d-1", "demo"), key("o-1", "other")]).unwrap();
    Server::start(|codec| definition(codec, links), Policies::default())
}

fn fact(server: &Server, n: i64, kind: &str, more: Value) {
    let at = server.now().plus_ms(-60_000 + n * 1_000);
    let text = |text: &str| Some(text.to_owned());
    let context =
        CaseContext { customer_id: text("u-1"), team: text("front"), locale: text("en"), ..Default::default() };
    let mut event = json!({
        "event_id": format!("f-{n}"), "cause_id": format!("e-{n}"), "n": 0, "case_id": "c-1#1", "tenant": "demo",
        "at": at, "kind": kind, "retracts": null, "actor": {"kind": "agent", "id": "a-1", "name": null},
        "from": null, "to": null, "text": null, "data": null, "channel": "chat", "policy_version": 0,
        "classification": null, "context": context,
    });
    for (name, value) in more.as_object().unwrap() {
        event[name] = value.clone();
    }
    let event: CaseEvent = serde_json::from_value(event).unwrap();
    server.append(&CASE_EVENTS, "demo/c-1#1", &event, at);
}

/// A survey that a customer is asked to answer, and the path of its link.
fn invited(server: &Server) -> (Survey, String) {
    let customer = json!({"actor": {"kind": "customer", "id": "u-1", "name": null}});
    fact(server, 1, "opened", customer.clone());
    fact(server, 2, "customer_message", customer);
    fact(server, 3, "reply", json!({}));
    fact(server, 4, "status_changed", json!({"from": "open", "to": "resolved"}));
    let begin = kefu_runtime::clock::monotonic();
    let survey = loop {
        if let Some(survey) = server.written(&SURVEYS).pop() {
            break survey;
        }
        assert!(begin.elapsed().as_secs() < 10, "no survey came");
        kefu_runtime::clock::rest(std::time::Duration::from_millis(20));
    };
    let link = server.get(&format!("/v1/surveys/{}/link", survey.survey_id), "demo-ingest");
    assert_eq!(link.status, 200, "{}", link.text);
    (survey, link.json()["path"].as_str().unwrap().to_owned())
}

fn post(server: &Server, path: &str, form: &str) -> Answer {
    server.call(&format!("POST {path}"), "", &FORM, form.to_owned())
}

#[test]
fn looking_at_the_page_records_nothing_and_the_first_answer_counts() {
    let server = server();
    let (survey, path) = invited(&server);
    for _ in 0..3 {
        let page = server.get(&format!("{path}?score=1&solved=no"), "");
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.contains("<form method=\"post\">") && !page.text.contains("<script"), "{}", page.text);
    }
    assert!(server.written(&COMMANDS).is_empty());
    let chinese = server.get(&format!("{path}?lang=zh-Hant"), "").text;
    assert!(chinese.contains("高度滿意") && chinese.contains("lang=\"zh-Hant\""), "{chinese}");

    assert_eq!(post(&server, &path, "score=9").status, 422);
    let thanks = post(&server, &path, "score=4&solved=yes&rank1=speed&comment=ok");
    assert_eq!(thanks.status, 200, "{}", thanks.text);
    let read = server.get(&format!("/v1/surveys/{}", survey.survey_id), "demo-read").json();
    assert_eq!((&read["state"], &read["score"], &read["ranking"]), (&json!("answered"), &json!(4), &json!(["speed"])));
    assert_eq!(post(&server, &path, "score=1").status, 409);
    assert_eq!(server.get(&path, "").status, 409);
}

#[test]
fn the_same_key_gives_the_same_answer() {
    let server = server();
    let (survey, path) = invited(&server);
    let keyed = |key: &str, form: &str| {
        server.call(&format!("POST {path}"), "", &[FORM[0], ("idempotency-key", key)], form.to_owned()).status
    };
    assert_eq!(keyed("k-1", "score=4"), 200);
    assert_eq!(keyed("k-1", "score=4"), 200);
    assert_eq!(keyed("k-1", "score=1"), 422, "the key stands for another answer");
    assert_eq!(keyed("k-2", "score=1"), 409);
    assert_eq!(keyed("k-2", "score=1"), 409);
    assert_eq!(post(&server, &path, "score=4").status, 409, "without a key it is another answer");
    let read = server.get(&format!("/v1/surveys/{}", survey.survey_id), "demo-read").json();
    assert_eq!((&read["score"], &read["revision"]), (&json!(4), &json!(2)));
}

#[test]
fn what_is_no_answer_is_not_written() {
    let server = server();
    let (_, path) = invited(&server);
    let long = format!("score=4&comment={}", "x".repeat(70_000));
    assert_eq!(post(&server, &path, &long).status, 413);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(1));
    let varied: String = (0..20_000).map(|number| format!("field{number}=x&")).collect();
    std::io::Write::write_all(&mut packed, format!("{varied}score=4").as_bytes()).unwrap();
    let headers = [FORM[0], ("content-encoding", "gzip")];
    assert_eq!(server.call(&format!("POST {path}"), "", &headers, packed.finish().unwrap()).status, 413);
    for refused in ["", "score=9", "score=4&rank1=nothing", &format!("score=4&comment={}", "x".repeat(4_001))] {
        assert_eq!(post(&server, &path, refused).status, 422, "{refused:.40}");
    }
    assert!(server.written(&COMMANDS).is_empty());
}

#[test]
fn a_comment_is_masked_wherever_it_goes() {
    let server = server();
    let (survey, path) = invited(&server);
    assert_eq!(post(&server, &path, "score=4&solved=no&comment=call+13800138000+or+a%40x.cn").status, 200);
    let read = server.get(&format!("/v1/surveys/{}", survey.survey_id), "demo-read").json();
    assert_eq!(read["comment"], "call [phone] or [email]");
    let commands = server.written(&COMMANDS);
    assert_eq!(commands.iter().map(|command| &command.data.0["comment"]).collect::<Vec<_>>(), [&read["comment"]]);
}

#[test]
fn a_changed_link_opens_nothing() {
    let server = server();
    let (survey, path) = invited(&server);
    for changed in [
        path.replace(".d-1.", ".o-1."),
        format!("{path}x"),
        "/s/v1.x.9999999999.d-1.AAAA".to_owned(),
        "/s/nothing".to_owned(),
    ] {
        assert_eq!(server.get(&changed, "").status, 403, "{changed}");
        assert_eq!(post(&server, &changed, "score=5").status, 403, "{changed}");
    }
    assert!(server.written(&COMMANDS).is_empty());
    let id = survey.survey_id;
    assert_eq!(server.get(&format!("/v1/surveys/{id}"), "other-read").problem(), (404, "not_found".to_owned()));
    assert_eq!(server.get(&format!("/v1/surveys/{id}/link"), "other-ingest").status, 404);
    assert_eq!(server.get(&format!("/v1/surveys/{id}/link"), "demo-read").status, 403);
}

#[test]
fn a_low_score_raises_a_review_that_is_worked_on() {
    let server = server();
    let (_, path) = invited(&server);
    let answered = server.call(&format!("POST {path}"), "", &[("content-type", "application/json")], r#"{"score": 1}"#);
    assert_eq!(answered.status, 200, "{}", answered.text);
    let id = kefu_contracts::id::hash_id(&["review", "demo", "c-1#1"]);
    let review = server.until(&format!("/v1/follow-ups/{id}"), "demo-read", 200).json();
    assert_eq!(review["kind"], "review", "{review}");
    let findings = json!({"actor": {"kind": "supervisor", "id": "s-1"}, "findings": "late"});
    let noted = server.send(&format!("POST /v1/follow-ups/{id}/review"), "demo-supervisor", &findings);
    assert_eq!(noted.status, 200, "{}", noted.text);
    assert_eq!(server.get(&format!("/v1/follow-ups/{id}"), "demo-read").json()["findings"], "late");
    let nothing = json!({"actor": {"kind": "agent", "id": "a-1"}});
    let done = server.send(&format!("POST /v1/follow-ups/{id}/done"), "demo-agent", &nothing);
    assert_eq!(done.problem(), (422, "missing_field".to_owned()));
    assert_eq!(server.get("/v1/follow-ups/none", "demo-read").problem(), (404, "not_found".to_owned()));
}

#[test]
fn every_route_is_in_the_document() {
    assert_eq!(server().check_document(), 13);
}
