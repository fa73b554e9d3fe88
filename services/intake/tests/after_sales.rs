//! What customers hear of after-sales decisions: each once, in their language, whoever decided and whenever it comes.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod scenario;

use kefu_contracts::channel_event::{ChannelEvent, EventData};
use kefu_contracts::outbound::OutboundKind;
use kefu_contracts::topic::OUTBOUND;
use kefu_contracts::{ActorKind, Category};
use kefu_testkit::Driver;
use scenario::*;

fn decision(id: &str, ms: i64, by: ActorKind, reasons: &[&str]) -> ChannelEvent {
    let texts = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect());
    let data = EventData {
        kind: Some("return".to_owned()),
        order_id: Some("A1".to_owned()),
        eligible: Some(reasons.contains(&"within_policy")),
        reasons: texts(reasons),
        steps: texts(&["pack it"]),
        policy_version: Some(1),
        ..EventData::default()
    };
    event(id, ms, by, "after_sales_decided", data)
}

fn request(ms: i64) -> ChannelEvent {
    let data = EventData {
        kind: Some("return".to_owned()),
        order_id: Some("A1".to_owned()),
        reason: Some("the sleeves are too long".to_owned()),
        ..EventData::default()
    };
    event("e-1", ms, ActorKind::Customer, "after_sales_requested", data)
}

/// What was said about decisions.
fn told(driver: &Driver) -> Vec<String> {
    let written = driver.written(&OUTBOUND).into_iter().map(|(_, message)| message);
    written.filter(|message| message.kind == OutboundKind::Progress).map(|message| message.text).collect()
}

#[test]
fn a_decision_is_told_once_and_that_of_a_person_too() {
    let mut driver = driver();
    driver.event(&request(0));
    let refused = decision("e-2", 0, ActorKind::System, &["period_over"]);
    driver.event(&refused);
    driver.event(&refused);
    driver.event(&decision("e-3", HOUR, ActorKind::Agent, &["within_policy", "goodwill"]));
    let told = told(&driver);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("A1") && told[0].contains("The period for it is over."), "{told:?}");
    assert!(told[1].contains("granted. goodwill\n1. pack it"), "{told:?}");
}

#[test]
fn a_decision_that_comes_after_later_events_is_told_and_not_again() {
    let mut driver = driver();
    driver.event(&request(0));
    driver.event(&customer("e-5", HOUR, "any news?"));
    driver.late(&decision("e-2", 0, ActorKind::System, &["within_policy", "freight_seller"]));
    // tells the case's facts again, with what is known now
    driver.classify(&verdict("c-1#1", 0, 1, Category::AfterSales, &[]));
    driver.late(&customer("e-4", 1, "one more thing"));
    assert_eq!(told(&driver).len(), 1, "{:?}", told(&driver));
}
