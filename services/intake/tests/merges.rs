//! Cases that go into other cases.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod scenario;

use kefu_contracts::channel_event::{ChannelEvent, EventData};
use kefu_contracts::topic::CASES;
use kefu_contracts::{Code, Status};
use kefu_testkit::Driver;
use scenario::*;

fn in_second(event: ChannelEvent) -> ChannelEvent {
    ChannelEvent { conversation_id: "c-2".to_owned(), ..event }
}

fn merged(id: &str, ms: i64, into: &str) -> ChannelEvent {
    agent(id, ms, "merged", EventData { into_case_id: Some(into.to_owned()), ..EventData::default() })
}

fn two_cases() -> Driver {
    let mut driver = driver();
    driver.event(&customer("e-1", 0, "hello"));
    driver.event(&in_second(customer("e-1", 10, "hello again")));
    driver
}

#[test]
fn the_source_closes_and_its_later_messages_go_to_the_target() {
    let mut driver = two_cases();
    driver.event(&merged("e-2", 20, "c-2#1"));
    let source = driver.case("c-1#1");
    assert_eq!((source.status, source.merged_into.as_deref()), (Status::Closed, Some("c-2#1")));
    assert_eq!(source.closed_at, Some(at(20)));
    driver.event(&customer("e-3", 30, "still there?"));
    driver.event(&customer("e-3", 30, "still there?"));
    assert_eq!(driver.case("c-2#1").customer_messages, 2);
    assert_eq!(driver.case("c-1#1").customer_messages, 1);
}

#[test]
fn when_the_target_is_closed_the_source_begins_its_next_case() {
    let mut driver = two_cases();
    driver.event(&merged("e-2", 20, "c-2#1"));
    driver.event(&in_second(agent("e-3", 30, "closed", EventData::default())));
    driver.event(&customer("e-4", 40, "still there?"));
    assert_eq!(driver.case("c-1#2").opened_at, at(40));
    assert_eq!(driver.case("c-2#1").status, Status::Closed);
    driver.event(&customer("e-5", 50, "hello?"));
    assert_eq!(driver.case("c-1#2").customer_messages, 2);
}

#[test]
fn who_refuses() {
    for (close_target, into, code) in [
        (false, "c-1#1", Code::MergeRefused),
        (false, "c-9#1", Code::MergeRefused),
        (true, "c-2#1", Code::MergeRefused),
    ] {
        let mut driver = two_cases();
        if close_target {
            driver.event(&in_second(agent("e-3", 15, "closed", EventData::default())));
        }
        driver.event(&merged("e-2", 20, into));
        assert_eq!(driver.dead_letters().last().unwrap().0, code, "{into}");
        assert_eq!(driver.case("c-1#1").status, Status::Open, "{into}");
        driver.event(&customer("e-4", 30, "hello?"));
        assert_eq!(driver.case("c-1#1").customer_messages, 2, "{into}");
    }
}

#[test]
fn what_goes_on_goes_on_to_the_last() {
    let mut driver = two_cases();
    driver.event(&ChannelEvent { conversation_id: "c-3".to_owned(), ..customer("e-1", 15, "and again") });
    driver.event(&merged("e-2", 20, "c-2#1"));
    driver.event(&in_second(merged("e-2", 30, "c-3#1")));
    driver.event(&customer("e-3", 40, "where am I"));
    assert_eq!(driver.case("c-3#1").customer_messages, 2);
    assert_eq!(driver.snapshot(&CASES).len(), 3);
    // a case that went into another takes nothing in and goes nowhere else
    driver.event(&ChannelEvent { conversation_id: "c-3".to_owned(), ..merged("e-4", 50, "c-2#1") });
    assert_eq!(driver.dead_letters().last().unwrap().0, Code::MergeRefused);
    assert_eq!(driver.case("c-3#1").status, Status::Open);
}
