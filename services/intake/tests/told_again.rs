//! Facts tell what a case is: what becomes known of it is told, and what was told of a fact is told anew when late
//! events make it another.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod scenario;

use std::collections::BTreeMap;

use kefu_contracts::case_event::CaseEvent;
use kefu_contracts::channel_event::{ChannelEvent, CustomerInfo, EventData};
use kefu_contracts::topic::CASE_EVENTS;
use kefu_contracts::{ActorKind, Channel};
use kefu_testkit::Driver;
use scenario::*;

fn labelled(event: ChannelEvent, shop: &str) -> ChannelEvent {
    ChannelEvent { attributes: BTreeMap::from([("shop".to_owned(), shop.to_owned())]), ..event }
}

fn receipt(id: &str, ms: i64) -> ChannelEvent {
    let data =
        EventData { message_id: Some("m-1".to_owned()), status: Some("delivered".to_owned()), ..EventData::default() };
    event(id, ms, ActorKind::System, "delivered", data)
}

/// The facts that an event caused, as they were told one after another: kind, actor's name, shop.
fn told(driver: &Driver, cause_id: &str) -> Vec<(String, Option<String>, Option<String>)> {
    let of_cause = driver.written(&CASE_EVENTS).into_iter().map(|(_, fact)| fact);
    let of_cause = of_cause.filter(|fact| fact.cause_id == cause_id && fact.retracts.is_none());
    let name = |fact: &CaseEvent| fact.actor.as_ref().and_then(|actor| actor.name.clone());
    of_cause.map(|fact| (fact.kind.to_string(), name(&fact), fact.context.shop)).collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn a_label_that_comes_with_nothing_else_is_noted() {
    let mut driver = driver();
    driver.event(&labelled(customer("e-1", 0, "hello"), "s1"));
    driver.event(&receipt("e-2", 10));
    driver.event(&labelled(receipt("e-3", 20), "s1"));
    driver.event(&labelled(receipt("e-4", 30), "s2"));
    assert_eq!(told(&driver, "e-2"), [], "nothing new");
    assert_eq!(told(&driver, "e-3"), [], "nothing new");
    assert_eq!(told(&driver, "e-4"), [("note".to_owned(), None, some("s2"))]);
    assert_eq!(driver.case("c-1#1").attributes["shop"], "s2");
}

#[test]
fn a_label_that_comes_late_is_told_with_all_facts_after_it() {
    let mut driver = driver();
    driver.event(&customer("e-1", 0, "hello"));
    driver.event(&agent("e-3", 30, "message", text("soon")));
    driver.late(&labelled(receipt("e-2", 20), "s1"));
    assert_eq!(told(&driver, "e-2"), [("note".to_owned(), None, some("s1"))]);
    let reply = |shop| ("reply".to_owned(), None, shop);
    assert_eq!(told(&driver, "e-3"), [reply(None), reply(some("s1"))]);
    let shops: Vec<_> = driver.facts().into_iter().map(|fact| fact.context.shop).collect();
    assert_eq!(shops, [None, None, None, some("s1"), some("s1")]);
}

#[test]
fn a_fact_is_told_again_when_its_actor_turns_out_to_have_a_name() {
    let mut driver = driver();
    let named = |name: Option<&str>| {
        Some(CustomerInfo { id: "u-1".to_owned(), name: name.and_then(some), ..CustomerInfo::default() })
    };
    let opening = EventData { reason: some("by telephone"), ..EventData::default() };
    let call =
        EventData { direction: some("inbound"), outcome: some("voicemail"), wait_ms: Some(9), ..EventData::default() };
    driver.event(&ChannelEvent { customer: named(None), ..agent("e-1", 0, "case_opened", opening) });
    driver.event(&agent("e-3", 30, "call", call));
    driver.late(&ChannelEvent { customer: named(Some("Wang")), ..agent("e-2", 20, "note", text("it is Wang")) });
    assert_eq!(driver.dead_letters(), []);
    let message = |name| ("customer_message".to_owned(), name, None);
    let told = told(&driver, "e-3");
    assert_eq!(
        told.into_iter().filter(|(kind, ..)| kind == "customer_message").collect::<Vec<_>>(),
        [message(None), message(some("Wang"))]
    );
}

#[test]
fn all_facts_are_told_again_when_the_case_turns_out_to_have_begun_elsewhere() {
    let mut driver = driver();
    driver.event(&customer("e-2", 20_000, "hello"));
    driver.event(&agent("e-3", 30_000, "message", text("soon")));
    driver.late(&ChannelEvent { channel: Channel::Email, ..customer("e-1", 0, "hello") });
    assert_eq!(driver.case("c-1#1").channel, Channel::Email);
    let channels: Vec<_> = driver.facts().into_iter().map(|fact| fact.channel).collect();
    assert_eq!(channels, vec![Channel::Email; channels.len()]);
}
