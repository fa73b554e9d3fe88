//! After-sales requests are decided by the policy in force, once, by what was known of the order then.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

mod story;

use kefu_contracts::OrderStatus;
use kefu_contracts::case_event::{CaseEvent, FactKind};
use kefu_contracts::channel_event::{ChannelEvent, EventData};
use kefu_contracts::order::OrderEvent;
use kefu_contracts::topic::{CASE_EVENTS, CHANNEL_EVENTS, ORDER_EVENTS};
use kefu_testkit::Driver;
use story::{at, driver, facts, key};

const RULES: &str = "
after_sales:
  - {kinds: [return], within_days: 7, condition: [unused], freight: buyer, steps: [pack it, send it]}
";

/// A request for a return of the order `A1`.
fn request(instant: &str) -> CaseEvent {
    let text = |text: &str| Some(text.to_owned());
    let mut fact = facts(&format!("{instant} note")).remove(0);
    fact.kind = FactKind::AfterSales;
    fact.to = text("requested");
    fact.cause_id = format!("e-{instant}");
    fact.data = Some(EventData {
        kind: text("return"),
        order_id: text("A1"),
        condition: text("unused"),
        reason: text("too small"),
        ..EventData::default()
    });
    fact
}

fn delivered(driver: &mut Driver, instant: &str) {
    let event = OrderEvent {
        event_id: format!("o-{instant}"),
        tenant: "demo".to_owned(),
        order_id: "A1".to_owned(),
        customer_id: "u-1".to_owned(),
        occurred_at: at(instant),
        status: OrderStatus::Delivered,
        items: Vec::new(),
        currency: None,
        amount: None,
        carrier: None,
        tracking_no: None,
    };
    driver.send_at(event.occurred_at, &ORDER_EVENTS, "demo/A1", &event);
}

fn decisions(driver: &Driver) -> Vec<(String, ChannelEvent)> {
    let written = driver.written(&CHANNEL_EVENTS).into_iter();
    written.filter(|(_, event)| event.kind == "after_sales_decided").collect()
}

fn told(driver: &Driver) -> Vec<(bool, Vec<String>)> {
    let of = |event: ChannelEvent| (event.data.eligible.unwrap(), event.data.reasons.unwrap());
    decisions(driver).into_iter().map(|(_, event)| of(event)).collect()
}

#[test]
fn a_request_gets_a_decision_with_reasons_and_steps() {
    let mut driver = driver(&[RULES]);
    delivered(&mut driver, "02T09:00");
    let asked = request("09T09:00");
    driver.send_at(asked.at, &CASE_EVENTS, &key(&asked), &asked);
    let late = request("09T09:01");
    driver.send_at(late.at, &CASE_EVENTS, &key(&late), &late);
    driver.advance_to(at("09T10:00"));
    let reasons = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        told(&driver),
        [(true, reasons(&["within_policy", "freight_buyer"])), (false, reasons(&["period_over"]))]
    );
    let (key, event) = decisions(&driver).remove(0);
    assert_eq!((key.as_str(), event.conversation_id.as_str()), ("demo/c-1", "c-1"));
    assert_eq!((event.occurred_at, event.data.order_id.as_deref()), (at("09T09:00"), Some("A1")));
    assert_eq!(event.data.steps.unwrap(), ["pack it", "send it"]);
}

#[test]
fn a_request_that_is_told_again_is_decided_once() {
    let mut driver = driver(&[RULES]);
    delivered(&mut driver, "02T09:00");
    let asked = request("03T09:00");
    for _ in 0..3 {
        driver.send_at(asked.at, &CASE_EVENTS, &key(&asked), &asked);
        driver.advance_to(at("03T10:00"));
    }
    assert_eq!(told(&driver).len(), 1);
}

#[test]
fn what_happened_to_the_order_before_counts_though_it_comes_after() {
    let mut driver = driver(&[RULES]);
    let asked = request("03T09:00");
    driver.send(&CASE_EVENTS, &key(&asked), &asked);
    delivered(&mut driver, "02T09:00");
    driver.advance_to(at("03T10:00"));
    assert!(told(&driver)[0].0);
}

#[test]
fn the_policy_in_force_at_the_request_decides() {
    let stricter = "version: 2\neffective_from: 2026-03-05T00:00:00Z\nafter_sales: []";
    let mut driver = driver(&[RULES, stricter]);
    delivered(&mut driver, "02T09:00");
    for instant in ["04T09:00", "05T09:00"] {
        let asked = request(instant);
        driver.send_at(asked.at, &CASE_EVENTS, &key(&asked), &asked);
    }
    driver.advance_to(at("06T10:00"));
    let versions: Vec<_> = decisions(&driver).into_iter().map(|(_, event)| event.data.policy_version).collect();
    assert_eq!(versions, [Some(1), Some(2)]);
    assert_eq!(told(&driver)[1], (false, vec!["not_offered".to_owned()]));
}
