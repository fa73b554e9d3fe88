//! A survey's link: shown to anybody, answered once.

use kefu_integration_tests::{BackendKind, Client, Clock, Shop, message, now, reply, resolved};
use serde_json::{Value, json};

pub(crate) fn a_survey_is_answered_once_through_its_link(kind: BackendKind) {
    let shop = Shop::new(kind, Clock::Wall, "{tenant: demo, version: 1}");
    let (mut running, client) = shop.start();
    client.events(&[message("c-1", "e-1", &now()), reply("c-1", "e-2", &now()), resolved("c-1", "e-3", &now())]);
    // where a gateway finds it
    let invitation = shop.wait_for(&mut running, "outbound", |message| message["kind"] == "survey");
    assert!(running.terminate().success());
    let survey = invitation["data"]["survey_id"].as_str().unwrap().to_owned();

    let (mut running, client) = shop.start();
    let link = client.get(&format!("/v1/surveys/{survey}/link"));
    assert_eq!(link.status, 200, "{}", link.text);
    let path = link.json()["path"].as_str().unwrap().to_owned();
    let customer = client.with_key("none");
    for _ in 0..2 {
        assert_eq!(customer.get(&path).status, 200, "a mail scanner may look");
    }
    assert_eq!(state_of(&client, &survey), "invited");
    assert_eq!(customer.get(&format!("{path}x")).status, 403, "a changed link");
    let answered = customer.post(&path, &json!({"score": 5, "solved": true}));
    assert_eq!(answered.status, 200, "{}", answered.text);

    running.kill();
    let (_running, client) = shop.start();
    assert_eq!(client.get(&format!("/v1/surveys/{survey}")).json()["score"], 5);
    let again = client.post(&path, &json!({"score": 1}));
    assert_eq!(again.status, 409, "{}", again.text);
    assert_eq!(client.get(&format!("/v1/surveys/{survey}")).json()["score"], 5);
}

fn state_of(client: &Client, survey: &str) -> Value {
    client.get(&format!("/v1/surveys/{survey}")).json()["state"].take()
}
