//! Events: taken once, kept for good.

use std::collections::BTreeSet;

use kefu_integration_tests::{BackendKind, Clock, OTHER_KEY, Shop, in_conversation, message, now, reply, wait_until};
use serde_json::{Value, json};

use crate::seen::{SOON, case_with_messages, distinct};

const POLICY: &str = "{tenant: demo, version: 1}";

fn shop(kind: BackendKind) -> Shop {
    Shop::new(kind, Clock::Wall, POLICY)
}

pub(crate) fn an_event_makes_a_case_that_can_be_read(kind: BackendKind) {
    let shop = shop(kind);
    let (_running, client) = shop.start();
    client.events(&[message("c-1", "e-1", &now())]);
    let case = case_with_messages(&client, "c-1", 1);
    assert_eq!((&case["status"], &case["tenant"]), (&json!("open"), &json!("demo")));
    client.events(&[reply("c-1", "e-2", &now())]);
    wait_until("the reply is counted", SOON, || client.get("/v1/cases/c-1%231").json()["first_reply_at"].is_string());
    let conversation = client.get("/v1/conversations/c-1");
    assert_eq!(conversation.json()["cases_begun"], 1, "{}", conversation.text);
    wait_until("a read says how fresh it is", SOON, || {
        client.get("/v1/conversations/c-1").header("kefu-watermark").is_some()
    });
}

pub(crate) fn a_repeated_event_counts_once(kind: BackendKind) {
    let shop = shop(kind);
    let (mut running, client) = shop.start();
    let event = message("c-1", "e-1", &now());
    client.events(std::slice::from_ref(&event));
    let again = client.post("/v1/events", &json!([event, event]));
    assert_eq!(again.json()["duplicates"], 2, "{}", again.text);
    assert!(running.terminate().success());
    // a new process does not remember what it took; the processor does
    let (_running, client) = shop.start();
    client.events(&[event, message("c-1", "e-2", &now())]);
    case_with_messages(&client, "c-1", 2);
}

pub(crate) fn nothing_is_lost_or_doubled_by_kills(kind: BackendKind) {
    let shop = shop(kind);
    let conversations = 12;
    let sent: Vec<Vec<Value>> = (0..3)
        .map(|round| {
            (0..conversations).map(|n| message(&format!("c-{n}"), &format!("e-{n}-{round}"), &now())).collect()
        })
        .collect();
    for round in &sent {
        let (mut running, client) = shop.start();
        client.events(round);
        running.kill();
    }
    let (mut running, client) = shop.start();
    // a gateway that saw no answer sends again
    client.events(sent.last().unwrap());
    for n in 0..conversations {
        client.events(&[message(&format!("c-{n}"), &format!("e-{n}-last"), &now())]);
        case_with_messages(&client, &format!("c-{n}"), 4);
    }
    assert!(running.terminate().success());
    let facts = shop.values("case-events");
    // a fact may be told anew with what became known beside it, but never the same twice
    let told: BTreeSet<String> = facts.iter().map(Value::to_string).collect();
    assert_eq!(told.len(), facts.len(), "a fact was told twice");
    let ids = |kind: &str| distinct(&facts, kind, "/event_id");
    assert_eq!((ids("opened"), ids("customer_message")), (conversations, 4 * conversations));
}

pub(crate) fn one_bad_event_does_not_block_its_batch(kind: BackendKind) {
    let shop = shop(kind);
    let (mut running, client) = shop.start();
    let bad = in_conversation("c-1", "bad", &now(), "no_such_type", "customer", &json!({}));
    // it can be seen to be wrong only where the conversation is known
    let without_case = in_conversation("c-2", "refused", &now(), "note", "agent", &json!({"text": "nobody wrote"}));
    let batch = json!([message("c-1", "e-1", &now()), bad, "no event", without_case, message("c-3", "e-2", &now())]);
    let answer = client.post("/v1/events", &batch);
    let told = answer.json();
    assert_eq!((answer.status, &told["accepted"]), (202, &json!(3)), "{}", answer.text);
    let rejected: Vec<_> =
        told["rejected"].as_array().unwrap().iter().map(|one| (&one["index"], &one["code"])).collect();
    let expected = [(json!(1), json!("unknown_event_type")), (json!(2), json!("undecodable"))];
    assert_eq!(rejected, expected.iter().map(|(index, code)| (index, code)).collect::<Vec<_>>(), "{}", answer.text);
    case_with_messages(&client, "c-1", 1);
    case_with_messages(&client, "c-3", 1);
    assert!(running.terminate().success());
    let refused = shop.dead_letters();
    assert_eq!(refused.len(), 1, "{refused:?}");
    let letter = &refused[0];
    assert_eq!((letter.code(), letter.key.as_str()), ("no_case", "demo/c-2"), "{letter:?}");
    assert_eq!((letter.header("service"), letter.topic()), ("intake", "channel-events"));
}

pub(crate) fn told_to_end_it_ends_well_and_keeps_all(kind: BackendKind) {
    let shop = shop(kind);
    let conversations = 200;
    let (mut running, client) = shop.start();
    for n in 0..conversations {
        if n % 20 == 0 {
            let batch: Vec<_> = (n..n + 20).map(|n| message(&format!("c-{n}"), &format!("e-{n}"), &now())).collect();
            client.events(&batch);
        }
    }
    let status = running.terminate();
    assert_eq!(status.code(), Some(0), "{}", running.log());
    let (mut running, client) = shop.start();
    for n in 0..conversations {
        case_with_messages(&client, &format!("c-{n}"), 1);
    }
    assert_eq!(running.terminate().code(), Some(0));
    assert_eq!(distinct(&shop.values("case-events"), "opened", "/case_id"), conversations);
}

pub(crate) fn another_tenant_sees_nothing(kind: BackendKind) {
    let shop = shop(kind);
    let (_running, client) = shop.start();
    client.events(&[message("c-1", "e-1", &now())]);
    case_with_messages(&client, "c-1", 1);
    let other = client.with_key(OTHER_KEY);
    assert_eq!(other.get("/v1/cases/c-1%231").status, 404);
    let answer = other.post("/v1/events", &json!([message("c-1", "e-2", &now())]));
    assert_eq!(answer.json()["rejected"][0]["code"], "forbidden", "{}", answer.text);
    assert_eq!(client.with_key("no-key-that-is-known").get("/v1/cases/c-1%231").status, 401);
    case_with_messages(&client, "c-1", 1);
}
