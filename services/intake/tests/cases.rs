//! How a conversation becomes cases: openings, life cycle, replies, what is told to customers.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod scenario;

use std::sync::Arc;

use kefu_contracts::case::Case;
use kefu_contracts::channel_event::{ChannelEvent, EventData};
use kefu_contracts::codec::Codec;
use kefu_contracts::outbound::OutboundKind;
use kefu_contracts::topic::{CASE_EVENTS, CASES, CHANNEL_EVENTS, CUSTOMERS, OUTBOUND};
use kefu_contracts::{ActorKind, Category, Channel, Code, Language, Priority, Status};
use kefu_processor::effects::Emission;
use kefu_processor::{Clock, DeadLetter, NoStates, Pipeline, Record, Sink, Stage, Topology};
use kefu_testkit::Driver;
use scenario::*;

fn sent(driver: &Driver) -> Vec<(OutboundKind, Language)> {
    driver.written(&OUTBOUND).into_iter().map(|(_, message)| (message.kind, message.language)).collect()
}

#[test]
fn a_case_from_opening_to_closing() {
    let mut driver = driver();
    driver.event(&customer("e-1", 0, "訂單 A1001 什麼時候出貨呢,我的電話 13800138000"));
    driver.event(&agent("e-2", 60 * SECOND, "message", text("今天")));
    driver.event(&agent("e-3", 70 * SECOND, "resolved", EventData::default()));
    driver.event(&customer("e-4", 80 * SECOND, "謝謝"));
    let case = driver.case("c-1#1");
    assert_eq!(case.status, Status::Closed);
    assert_eq!(case.acknowledged_at, Some(at(0)));
    assert_eq!(case.first_reply_at, Some(at(60 * SECOND)));
    assert_eq!((case.resolved_at, case.confirmed_at), (Some(at(70 * SECOND)), Some(at(80 * SECOND))));
    assert_eq!((case.reopen_count, case.customer_messages, case.agent_messages), (0, 2, 1));
    assert_eq!((case.category, case.language, case.severity), (None, None, None));
    let kinds: Vec<&str> = driver.kinds().into_iter().map(|(_, kind, _)| kind).collect();
    assert_eq!(
        kinds,
        ["opened", "customer_message", "acknowledged", "reply", "status_changed", "customer_message", "status_changed"]
    );
    assert!(driver.facts()[1].text.as_ref().unwrap().ends_with("[phone]"));
    assert_eq!(
        sent(&driver),
        [
            (OutboundKind::Acknowledgement, Language::ZhHant),
            (OutboundKind::Progress, Language::ZhHant),
            (OutboundKind::Progress, Language::ZhHant)
        ]
    );
}

#[test]
fn a_case_closes_by_itself_and_reopens_within_the_window() {
    let mut driver = driver();
    driver.event(&customer("e-1", 0, "hello"));
    driver.event(&agent("e-2", HOUR, "resolved", EventData::default()));
    // closes at 73 h; the window ends at 145 h, inclusive
    driver.event(&customer("e-3", 145 * HOUR, "it broke again"));
    let case = driver.case("c-1#1");
    assert_eq!((case.status, case.reopen_count, case.closed_at), (Status::Open, 1, None));
    let closing = driver.facts().into_iter().find(|fact| fact.cause_id == "timer:auto_close").unwrap();
    assert_eq!((closing.at, closing.to.as_deref()), (at(73 * HOUR), Some("closed")));
    driver.event(&agent("e-4", 146 * HOUR, "closed", EventData::default()));
    driver.event(&customer("e-5", (146 + 72) * HOUR + 1, "something else"));
    assert_eq!(driver.case("c-1#2").opened_at, at((146 + 72) * HOUR + 1));
    assert_eq!(driver.case("c-1#1").status, Status::Closed);
}

#[test]
fn an_ordinal_is_never_used_twice() {
    let mut driver = driver();
    driver.event(&customer("e-1", 0, "hello"));
    driver.event(&agent("e-2", HOUR, "closed", EventData::default()));
    driver.advance_to(at(1_000 * HOUR));
    driver.event(&agent("e-3", 1_001 * HOUR, "reopened", EventData::default()));
    assert_eq!(driver.dead_letters().last().unwrap().0, Code::CaseClosed);
    driver.event(&customer("e-4", 1_002 * HOUR, "hello"));
    assert_eq!(driver.case("c-1#2").status, Status::Open);
}

#[test]
fn what_opens_a_case_and_what_does_not() {
    let rated = |rating| EventData { rating: Some(rating), ..EventData::default() };
    let call = EventData {
        direction: Some("inbound".to_owned()),
        outcome: Some("abandoned".to_owned()),
        wait_ms: Some(3),
        ..EventData::default()
    };
    let stuck = EventData { reason: Some("stuck".to_owned()), ..EventData::default() };
    let note = || text("came in with a letter");
    for (event, opens) in [
        (agent("e", 0, "message", text("hello")), true),
        (customer("e", 0, "hello"), true),
        (event("e", 0, ActorKind::Customer, "call", call), true),
        (event("e", 0, ActorKind::System, "case_opened", stuck), true),
        (event("e", 0, ActorKind::Customer, "review", rated(2)), true),
        (event("e", 0, ActorKind::Customer, "review", rated(3)), false),
        (agent("e", 0, "note", note()), false),
        (ChannelEvent { channel: Channel::Letter, ..agent("e", 0, "note", note()) }, true),
        (ChannelEvent { channel: Channel::Regulator, ..agent("e", 0, "note", note()) }, true),
        (agent("e", 0, "resolved", EventData::default()), false),
    ] {
        let mut driver = driver();
        driver.event(&event);
        assert_eq!(driver.snapshot(&CASES).len(), usize::from(opens), "{event:?}");
        assert_eq!(driver.dead_letters().len(), usize::from(!opens), "{event:?}");
    }
}

#[test]
fn an_event_without_a_case_waits_for_its_opener() {
    let mut driver = driver();
    driver.event(&agent("e-2", 2 * SECOND, "note", text("knows the customer")));
    assert_eq!(driver.dead_letters().last().unwrap().0, Code::NoCase);
    driver.late(&customer("e-3", 3 * SECOND, "hello"));
    assert_eq!(driver.facts().iter().filter(|fact| fact.cause_id == "e-2").count(), 0);
    driver.late(&customer("e-1", SECOND, "hi"));
    assert_eq!(driver.facts().iter().filter(|fact| fact.cause_id == "e-2").count(), 1);
    assert_eq!(driver.case("c-1#1").opened_at, at(SECOND));
}

#[test]
fn a_repeated_event_counts_once() {
    let mut driver = driver();
    driver.event(&customer("e-1", 0, "hello"));
    let facts = driver.written(&CASE_EVENTS).len();
    driver.event(&customer("e-1", 0, "hello"));
    driver.event(&customer("e-1", 71 * HOUR, "something else"));
    assert_eq!(driver.written(&CASE_EVENTS).len(), facts);
    assert_eq!(driver.case("c-1#1").customer_messages, 1);
}

#[test]
fn a_repeated_event_counts_once_though_time_was_not_known_when_it_first_came() {
    let mut driver = driver();
    // a task that was just taken over does not know how far time is
    driver.late(&customer("e-1", 0, "hello"));
    driver.event(&customer("e-2", HOUR, "are you there?"));
    driver.event(&customer("e-1", HOUR, "hello"));
    assert_eq!(driver.case("c-1#1").customer_messages, 2);
}

#[test]
fn a_closed_case_refuses_what_needs_an_open_one() {
    let mut driver = driver();
    let ask = || EventData { fields: Some(vec!["order_number".to_owned()]), ..EventData::default() };
    driver.event(&customer("e-1", 0, "hello"));
    driver.event(&agent("e-2", 10, "closed", EventData::default()));
    driver.event(&agent("e-3", 20, "info_requested", ask()));
    assert_eq!(driver.dead_letters().last().unwrap().0, Code::CaseClosed);
    assert_eq!(driver.case("c-1#1").status, Status::Closed);
    // a late event shows that the case was open then
    driver.late(&agent("e-4", 15, "reopened", EventData::default()));
    assert_eq!(driver.case("c-1#1").status, Status::PendingCustomer);
}

#[test]
fn after_closing_staff_join_and_requests_open_the_next() {
    let mut driver = driver();
    driver.event(&customer("e-1", 0, "hello"));
    driver.event(&agent("e-2", 10, "closed", EventData::default()));
    driver.event(&agent("e-3", 20, "message", text("one more thing")));
    assert_eq!((driver.case("c-1#1").status, driver.case("c-1#1").agent_messages), (Status::Closed, 1));
    let request = EventData {
        kind: Some("return".to_owned()),
        order_id: Some("A1".to_owned()),
        reason: Some("too small".to_owned()),
        ..EventData::default()
    };
    driver.event(&event("e-4", 30, ActorKind::Customer, "after_sales_requested", request));
    assert_eq!(driver.case("c-1#2").order_ids, ["A1"]);
}

#[test]
fn a_reply_just_before_the_first_message_answers_it() {
    let mut driver = driver();
    driver.event(&agent("e-1", 0, "message", text("how can I help")));
    assert_eq!(driver.case("c-1#1").first_reply_at, None);
    driver.event(&customer("e-2", 5_000, "where is my parcel"));
    let case = driver.case("c-1#1");
    assert_eq!((case.opened_at, case.first_reply_at), (at(5_000), Some(at(5_000))));
    let reply = driver.facts().into_iter().find(|fact| fact.kind.as_str() == "reply").unwrap();
    assert_eq!(reply.data.unwrap().reason.as_deref(), Some("clock_skew"));
    assert_eq!(case.acknowledged_at, Some(at(5_000)));

    let mut driver = scenario::driver();
    driver.event(&agent("e-1", 0, "message", text("how can I help")));
    driver.event(&customer("e-2", 5_001, "where is my parcel"));
    assert_eq!((driver.case("c-1#1").opened_at, driver.case("c-1#1").first_reply_at), (at(0), None));
}

#[test]
fn a_call_is_answered_when_the_caller_has_waited() {
    let mut driver = driver();
    let data = EventData {
        direction: Some("inbound".to_owned()),
        outcome: Some("answered".to_owned()),
        wait_ms: Some(8_000),
        talk_ms: Some(60_000),
        agent_id: Some("a-7".to_owned()),
        ..EventData::default()
    };
    let call = event("e-1", 0, ActorKind::Customer, "call", data);
    driver.event(&ChannelEvent { channel: Channel::Phone, ..call });
    let case = driver.case("c-1#1");
    assert_eq!((case.last_customer_message_at, case.first_reply_at), (Some(at(0)), Some(at(8_000))));
    let reply = driver.facts().into_iter().find(|fact| fact.kind.as_str() == "reply").unwrap();
    assert_eq!(reply.actor.unwrap().id, "a-7");
    assert!(sent(&driver).is_empty(), "calls are not acknowledged by default");
}

#[test]
fn a_complaint_is_asked_once_for_what_is_missing() {
    let mut driver = driver();
    driver.event(&customer("e-1", 0, "the coat is torn"));
    driver.classify(&verdict("c-1#1", 0, 1, Category::Complaint, &[("time", "yesterday")]));
    let case = driver.case("c-1#1");
    assert_eq!(case.missing_fields, ["order_number"]);
    assert_eq!((case.status, case.priority), (Status::Open, Some(Priority::High)));
    driver.event(&customer("e-2", 10, "please answer"));
    driver.classify(&verdict("c-1#1", 10, 2, Category::Complaint, &[("order_id", "A7")]));
    assert!(driver.case("c-1#1").missing_fields.is_empty());
    let asked = driver.written(&OUTBOUND).into_iter().filter(|(_, message)| message.kind == OutboundKind::InfoRequest);
    let texts: Vec<String> = asked.map(|(_, message)| message.text).collect();
    assert_eq!(texts, ["To look into your complaint we still need: the order number."]);
}

#[test]
fn what_people_set_stays() {
    let mut driver = driver();
    let set = EventData { category: Some("inquiry".to_owned()), ..EventData::default() };
    let urgent = EventData { priority: Some("urgent".to_owned()), ..EventData::default() };
    driver.event(&customer("e-1", 0, "hello"));
    driver.event(&agent("e-2", 10, "category_set", set));
    driver.event(&agent("e-3", 20, "priority_set", urgent));
    driver.classify(&verdict("c-1#1", 30, 1, Category::Complaint, &[]));
    let case = driver.case("c-1#1");
    assert_eq!((case.category, case.priority), (Some(Category::Inquiry), Some(Priority::Urgent)));
    assert_eq!(case.sentiment, Some(0.0));
    driver.classify(&verdict("c-1#1", 0, 0, Category::Complaint, &[]));
    assert_eq!(driver.case("c-1#1").category, Some(Category::Inquiry), "nor by a verdict that comes late");
}

#[test]
fn a_promise_is_kept_by_a_later_reply() {
    let mut driver = driver();
    let promise = EventData { due_at: Some(at(HOUR)), text: Some("by ten".to_owned()), ..EventData::default() };
    driver.event(&customer("e-1", 0, "hello"));
    driver.event(&agent("e-2", 10, "promised", promise));
    let case = driver.case("c-1#1");
    assert_eq!((case.promised_until, case.first_reply_at), (Some(at(HOUR)), Some(at(10))));
    driver.event(&agent("e-3", 20, "message", text("done")));
    assert_eq!(driver.case("c-1#1").promised_until, None);
}

#[test]
fn a_late_event_retracts_what_it_makes_untrue() {
    let mut driver = driver();
    driver.event(&customer("e-1", 0, "hello"));
    driver.event(&agent("e-2", HOUR, "resolved", EventData::default()));
    driver.advance_to(at(74 * HOUR));
    assert_eq!(driver.case("c-1#1").status, Status::Closed);
    driver.late(&customer("e-3", 72 * HOUR, "it is broken"));
    let case = driver.case("c-1#1");
    assert_eq!((case.status, case.reopen_count, case.closed_at), (Status::Open, 1, None));
    assert!(driver.facts().iter().all(|fact| fact.cause_id != "timer:auto_close"));
}

#[test]
fn a_customers_file_spans_conversations() {
    let mut driver = driver();
    driver.event(&ChannelEvent { customer: info("138"), ..customer("e-1", 0, "hello") });
    driver.event(&ChannelEvent { customer: info("138"), ..customer("e-2", 10, "hello?") });
    assert_eq!(driver.written(&CUSTOMERS).len(), 1, "nothing new, nothing told");
    let other = ChannelEvent { conversation_id: "c-2".to_owned(), customer: info("139"), ..customer("e-1", 20, "hi") };
    driver.event(&other);
    let file = driver.snapshot(&CUSTOMERS).remove("demo/u-1").unwrap();
    assert_eq!((file.phones, file.cases), (vec!["138".to_owned(), "139".to_owned()], 2));
    assert_eq!(file.case_ids, ["c-1#1", "c-2#1"]);
    assert_eq!((file.first_seen_at, file.last_seen_at), (at(0), at(20)));
}

#[test]
fn a_long_conversation_keeps_its_figures() {
    let mut driver = driver();
    for index in 0..1_000 {
        driver.event(&customer(&format!("e-{index}"), index * SECOND, "hello"));
    }
    driver.late(&agent("late", 990 * SECOND + 1, "message", text("hello")));
    let case = driver.case("c-1#1");
    assert_eq!((case.customer_messages, case.agent_messages), (1_000, 1));
    assert_eq!((case.opened_at, case.first_reply_at), (at(0), Some(at(990 * SECOND + 1))));
    assert_eq!(driver.facts().len(), 1_003);
}

#[test]
fn live_the_acknowledgement_counts_when_it_went_out() {
    let topology = Topology::new(&[kefu_intake::service()]).unwrap();
    let clock = Clock { now: at(3 * SECOND), live: true };
    let mut pipeline = Pipeline::new(&topology, Codec::single_object(), Arc::default(), clock);
    let mut cases = Snapshots::default();
    for (event, now) in [
        (customer("e-2", 2 * SECOND, "hello"), 3 * SECOND),
        // an earlier message that comes later changes nothing about it
        (customer("e-1", SECOND, "hi"), 9 * SECOND),
    ] {
        pipeline.set_now(at(now));
        let mut payload = Vec::new();
        CHANNEL_EVENTS.encode(pipeline.codec(), &event, &mut payload).unwrap();
        let record = Record { topic: CHANNEL_EVENTS.info.name, key: b"demo/c-1", payload: &payload, index: 0 };
        pipeline.push(record, None, &NoStates, &mut cases).unwrap();
    }
    let case = cases.0.last().unwrap();
    assert_eq!((case.opened_at, case.acknowledged_at), (at(SECOND), Some(at(3 * SECOND))));
}

/// Keeps the snapshots of cases.
#[derive(Default)]
struct Snapshots(Vec<Case>);

impl Sink for Snapshots {
    fn emission(&mut self, _: &Stage, emission: &std::sync::Arc<Emission>) {
        if emission.topic.name == CASES.info.name {
            self.0.push(CASES.decode(&Codec::single_object(), &emission.payload).unwrap());
        }
    }

    fn dead_letter(&mut self, _: &Stage, _: &Record<'_>, letter: &DeadLetter) {
        panic!("{letter:?}");
    }
}

#[test]
fn a_case_may_count_as_acknowledged_only_when_that_is_delivered() {
    let policy = "tenant: demo\nacknowledge: {channels: [chat], on: delivered}\n";
    let (policy, _) = kefu_policy::parse(policy, kefu_policy::Format::Yaml).unwrap();
    let mut policies = kefu_policy::Policies::default();
    policies.insert(Arc::new(policy));
    let mut driver = Driver::new(&[kefu_intake::service()], policies);
    driver.event(&customer("e-1", 0, "hello"));
    assert_eq!(driver.case("c-1#1").acknowledged_at, None);
    let message_id = driver.written(&OUTBOUND)[0].1.message_id.clone();
    for (id, ms, status) in [("e-2", 10, "failed"), ("e-3", 20, "delivered"), ("e-4", 30, "delivered")] {
        let receipt =
            EventData { message_id: Some(message_id.clone()), status: Some(status.to_owned()), ..EventData::default() };
        driver.event(&event(id, ms, ActorKind::System, "delivered", receipt));
    }
    assert_eq!(driver.case("c-1#1").acknowledged_at, Some(at(20)));
}
