//! However much comes in, neither what is kept nor what is told outgrows a record of the log.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod scenario;

use kefu_contracts::channel_event::{ChannelEvent, EventData};
use kefu_contracts::topic::{CASE_EVENTS, CASES, OUTBOUND};
use kefu_contracts::{ActorKind, Channel};
use kefu_testkit::Driver;
use scenario::*;

/// A log takes no larger record, headers included.
const RECORD: usize = 1_000_000;

fn mail(id: &str, ms: i64, bytes: usize) -> ChannelEvent {
    ChannelEvent { channel: Channel::Email, ..customer(id, ms, &"x".repeat(bytes)) }
}

fn largest_record(driver: &Driver) -> usize {
    let json = |value: serde_json::Result<String>| value.unwrap().len();
    let facts = driver.written(&CASE_EVENTS).into_iter().map(|(_, fact)| json(serde_json::to_string(&fact)));
    let cases = driver.written(&CASES).into_iter().map(|(_, case)| json(serde_json::to_string(&case)));
    let messages = driver.written(&OUTBOUND).into_iter().map(|(_, message)| json(serde_json::to_string(&message)));
    facts.chain(cases).chain(messages).max().unwrap()
}

#[test]
fn forty_long_mails_are_forty_messages() {
    let mut driver = driver();
    for number in 0..40 {
        driver.event(&mail(&format!("e-{number}"), number * SECOND, 60_000));
    }
    // a late one has the case computed again from what is left of the others
    driver.late(&mail("late", 20_500, 60_000));
    assert_eq!(driver.dead_letters(), []);
    assert_eq!(driver.case("c-1#1").customer_messages, 41);
    let facts = driver.facts();
    let messages = facts.iter().filter(|fact| fact.kind.as_str() == "customer_message");
    let whole = messages.map(|fact| fact.text.as_deref().map_or(0, str::len)).filter(|bytes| *bytes == 60_000);
    assert_eq!(whole.count(), 41, "each is told whole");
    assert!(largest_record(&driver) < RECORD / 4);
}

#[test]
fn the_largest_event_makes_no_large_records() {
    let mut driver = driver();
    let long = |bytes: usize| Some("长".repeat(bytes / 3));
    let data = EventData { text: long(65_536), subject: long(4_096), ..EventData::default() };
    let mut event = event("e-1", 0, ActorKind::Customer, "message", data);
    event.order_ids = (0..100).map(|number| format!("{number:0>200}")).collect();
    driver.event(&event);
    assert_eq!(driver.dead_letters(), []);
    assert!(largest_record(&driver) < RECORD / 4, "{}", largest_record(&driver));

    let kept = driver.case("c-1#1");
    assert_eq!(kept.order_ids.len(), 8_192 / 200, "of many long order numbers the first are kept");
    let summary = EventData { summary: long(65_536), ..EventData::default() };
    driver.event(&agent("e-2", 10, "resolved", summary));
    let summary = driver.case("c-1#1").summary.unwrap();
    assert!(summary.ends_with('…') && summary.len() <= 8_192, "{} bytes", summary.len());
}

#[test]
fn what_waits_for_its_case_is_bounded() {
    let mut driver = driver();
    for number in 0..5 {
        driver.late(&agent(&format!("n-{number}"), 10 + number, "note", text(&"x".repeat(60_000))));
    }
    assert_eq!(driver.dead_letters().len(), 5, "{:?}", driver.dead_letters());
    driver.late(&customer("opening", 0, "hello"));
    let notes = driver.facts().into_iter().filter(|fact| fact.kind.as_str() == "note").count();
    assert_eq!(notes, 2, "those that fitted are taken up");
}
