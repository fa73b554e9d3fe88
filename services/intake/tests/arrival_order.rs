//! Whatever order events arrive in, a case ends with the same facts.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod scenario;

use kefu_contracts::case::Case;
use kefu_contracts::case_event::CaseEvent;
use kefu_contracts::channel_event::{ChannelEvent, CustomerInfo, EventData};
use kefu_contracts::classification::Classification;
use kefu_contracts::customer::Customer;
use kefu_contracts::topic::{CASES, CUSTOMERS, ORDER_EVENTS, ORDERS};
use kefu_contracts::{ActorKind, Category, Channel, OrderStatus, Timestamp};
use kefu_testkit::Driver;
use proptest::prelude::*;
use scenario::*;

#[derive(Clone, Debug)]
enum Arrival {
    Event(Box<ChannelEvent>),
    Verdict(Box<Classification>),
}

fn word(word: &str) -> Option<String> {
    Some(word.to_owned())
}

/// One of the things that can happen in a conversation.
fn happening(which: u8, id: &str, ms: i64) -> Arrival {
    let empty = EventData::default;
    let by_agent = |kind: &str, data: EventData| agent(id, ms, kind, data);
    let event = match which {
        0 | 1 => customer(id, ms, "where is it"),
        2 => customer(id, ms, "thank you"),
        3 | 4 => by_agent("message", text("soon")),
        5 => event(id, ms, ActorKind::Bot, "message", text("automatic")),
        6 => by_agent("resolved", empty()),
        7 => by_agent("info_requested", EventData { fields: Some(vec!["order".into()]), text: word("?"), ..empty() }),
        8 => by_agent("department_consulted", EventData { department: word("d"), text: word("?"), ..empty() }),
        9 => by_agent("department_answered", EventData { department: word("d"), text: word("!"), ..empty() }),
        10 => by_agent("assigned", EventData { agent_id: Some(format!("a-{}", ms % 3)), ..empty() }),
        11 => by_agent("closed", empty()),
        12 => by_agent("reopened", empty()),
        13 => event(id, ms, ActorKind::Customer, "dissatisfied", empty()),
        14 => by_agent("promised", EventData { due_at: Some(at(ms + HOUR)), ..empty() }),
        15 => by_agent("flagged", EventData { flag: word("important"), ..empty() }),
        16 => ChannelEvent { customer: info(&format!("13{}", ms % 4)), ..customer(id, ms, "again") },
        17 => by_agent("priority_set", EventData { priority: word("urgent"), ..empty() }),
        18 => event(id, ms, ActorKind::Customer, "confirmed", empty()),
        19 => {
            let call = EventData { direction: word("inbound"), outcome: word("answered"), ..empty() };
            let call = EventData { wait_ms: Some(ms % 9_000), talk_ms: Some(5), ..call };
            event(id, ms, ActorKind::Customer, "call", call)
        }
        20 => {
            let severity = ["critical", "major", ""].get((ms % 3) as usize).copied().filter(|word| !word.is_empty());
            let data = EventData { category: word("complaint"), severity: severity.map(str::to_owned), ..empty() };
            by_agent("category_set", data)
        }
        21 | 22 => {
            let receipt = EventData { message_id: word("m-1"), status: word("delivered"), ..empty() };
            let receipt = event(id, ms, ActorKind::System, "delivered", receipt);
            ChannelEvent { attributes: [("shop".to_owned(), format!("s{}", ms % 3))].into(), ..receipt }
        }
        23 => {
            let named = info("130").map(|info| CustomerInfo { name: Some(format!("n{}", ms % 3)), ..info });
            ChannelEvent { customer: named, ..by_agent("note", text("so it is")) }
        }
        24 => {
            let call = EventData { direction: word("inbound"), outcome: word("voicemail"), ..empty() };
            by_agent("call", EventData { wait_ms: Some(9), ..call })
        }
        _ => {
            let category = if ms % 2 == 0 { Category::Complaint } else { Category::Inquiry };
            return Arrival::Verdict(Box::new(verdict("c-1#1", ms, ms, category, &[])));
        }
    };
    Arrival::Event(Box::new(event))
}

fn instant(arrival: &Arrival) -> (Timestamp, bool) {
    match arrival {
        Arrival::Event(event) => (event.occurred_at, false),
        Arrival::Verdict(verdict) => (verdict.at, true),
    }
}

fn arrives(driver: &mut Driver, arrival: &Arrival) {
    match arrival {
        Arrival::Event(event) => driver.late(event),
        Arrival::Verdict(verdict) => driver.classify(verdict),
    }
}

/// What must come out the same: all but what depends on when something was first heard of.
fn outcome(driver: &Driver) -> (Vec<CaseEvent>, Vec<Case>) {
    let cases = driver.snapshot(&CASES).into_values().map(|case| Case { revision: 0, ..case });
    (driver.facts(), cases.collect())
}

/// Under a policy by which cases soon close by themselves.
fn hasty() -> Driver {
    let (policy, _) = kefu_policy::parse("tenant: demo\nauto_close: 10h\n", kefu_policy::Format::Yaml).unwrap();
    let mut policies = kefu_policy::Policies::default();
    policies.insert(std::sync::Arc::new(policy));
    Driver::new(&[kefu_intake::service()], policies)
}

/// An opening far enough ahead that no clocks seem to disagree or, with `skew`, an agent's reply just before it.
fn history(steps: &[(u8, i64)], skew: bool) -> Vec<Arrival> {
    let mut ms = 0;
    let mut arrivals: Vec<Arrival> = steps
        .iter()
        .enumerate()
        .map(|(index, (which, gap))| {
            ms += gap;
            happening(*which, &format!("e-{index}"), 60_000 + ms)
        })
        .collect();
    arrivals.insert(0, happening(if skew { 3 } else { 0 }, "opening", 0));
    if skew {
        arrivals.insert(1, happening(0, "contact", 4_000));
    }
    arrivals
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn facts_do_not_depend_on_the_order_of_arrival(
        steps in prop::collection::vec((0u8..28, prop_oneof![Just(0i64), 1i64..20_000, HOUR..14 * HOUR]), 1..14),
        keys in prop::collection::vec(any::<u32>(), 16),
        skew in any::<bool>(),
        timers_fire in any::<bool>(),
    ) {
        let arrivals = history(&steps, skew);
        let mut in_order: Vec<&Arrival> = arrivals.iter().collect();
        in_order.sort_by_key(|arrival| instant(arrival));
        let end = in_order.iter().map(|arrival| instant(arrival).0).max().unwrap();
        // the opening comes first, so that the rest is divided the same way; the rest in any order
        let mut shuffled: Vec<(u32, &Arrival)> = keys.iter().copied().zip(arrivals.iter().skip(1)).collect();
        shuffled.sort_by_key(|(key, _)| *key);

        let mut live = hasty();
        let mut reached = Timestamp::MIN;
        for arrival in arrivals.iter().take(1).chain(shuffled.into_iter().map(|(_, arrival)| arrival)) {
            arrives(&mut live, arrival);
            reached = reached.max(instant(arrival).0);
            if timers_fire {
                live.advance_to(reached);
            }
        }
        let mut replay = hasty();
        for arrival in &in_order {
            arrives(&mut replay, arrival);
        }
        for driver in [&mut live, &mut replay] {
            driver.advance_to(end);
            driver.run_out();
        }
        let same_division = live.snapshot(&CASES).len() == 1 && replay.snapshot(&CASES).len() == 1;
        prop_assume!(same_division);
        let ((live, live_case), (replay, replay_case)) = (outcome(&live), outcome(&replay));
        let only = |of: &[CaseEvent], other: &[CaseEvent]| -> Vec<CaseEvent> {
            of.iter().filter(|fact| !other.contains(fact)).cloned().collect()
        };
        prop_assert_eq!(only(&live, &replay), only(&replay, &live));
        prop_assert_eq!(live.len(), replay.len());
        prop_assert_eq!(live_case, replay_case);
    }

    #[test]
    fn customers_files_do_not_depend_on_the_order_of_arrival(
        said in prop::collection::vec((0u8..3, 0i64..1_000, 0u8..4, any::<bool>()), 1..20),
        keys in prop::collection::vec(any::<u32>(), 20),
    ) {
        let events: Vec<ChannelEvent> = said.iter().enumerate().map(|(index, (conversation, ms, phone, other))| {
            let id = if *other { "u-2" } else { "u-1" };
            ChannelEvent {
                conversation_id: format!("c-{conversation}"),
                customer: info(&format!("13{phone}")).map(|info| CustomerInfo { id: id.to_owned(), ..info }),
                ..customer(&format!("e-{index}"), *ms, "hello")
            }
        }).collect();
        let mut in_order: Vec<&ChannelEvent> = events.iter().collect();
        in_order.sort_by_key(|event| (event.occurred_at, event.event_id.clone()));
        let mut shuffled: Vec<(u32, &ChannelEvent)> = keys.iter().copied().zip(&events).collect();
        shuffled.sort_by_key(|(key, _)| *key);
        let files = |order: Vec<&ChannelEvent>| -> Vec<Customer> {
            let mut driver = driver();
            order.into_iter().for_each(|event| driver.late(event));
            let files = driver.snapshot(&CUSTOMERS).into_values();
            files.map(|file| Customer { revision: 0, ..file }).collect()
        };
        prop_assert_eq!(files(in_order), files(shuffled.into_iter().map(|(_, event)| event).collect()));
    }

    #[test]
    fn orders_do_not_depend_on_the_order_of_arrival(
        reports in prop::collection::vec((0usize..9, 0i64..50, prop::option::of(0u8..3)), 1..12),
        keys in prop::collection::vec(any::<u32>(), 12),
    ) {
        let events: Vec<_> = reports.iter().enumerate().map(|(index, (status, ms, carrier))| {
            kefu_contracts::order::OrderEvent {
                event_id: format!("o-{index}"),
                tenant: "demo".to_owned(),
                order_id: "A1".to_owned(),
                customer_id: "u-1".to_owned(),
                occurred_at: at(*ms),
                status: OrderStatus::ALL[*status],
                items: Vec::new(),
                currency: None,
                amount: carrier.map(f64::from),
                carrier: carrier.map(|carrier| carrier.to_string()),
                tracking_no: None,
            }
        }).collect();
        let order = |order: Vec<&kefu_contracts::order::OrderEvent>| {
            let mut driver = driver();
            // each report twice: the second counts for nothing
            order.iter().chain(&order).for_each(|event| driver.send(&ORDER_EVENTS, "demo/A1", *event));
            let mut order = driver.snapshot(&ORDERS).remove("demo/A1").unwrap();
            order.revision = 0;
            order
        };
        let mut in_order: Vec<_> = events.iter().collect();
        in_order.sort_by_key(|event| (event.occurred_at, event.event_id.clone()));
        let mut shuffled: Vec<_> = keys.iter().copied().zip(&events).collect();
        shuffled.sort_by_key(|(key, _)| *key);
        let sorted = order(in_order.clone());
        let last = in_order.last().unwrap();
        prop_assert_eq!(sorted.status, last.status);
        prop_assert_eq!(sorted, order(shuffled.into_iter().map(|(_, event)| event).collect()));
    }
}

#[test]
fn channels_of_the_history_have_acknowledgements() {
    // the property above is about nothing if no acknowledgement is ever due
    let mut driver = driver();
    driver.late(&customer("e", 0, "hello"));
    assert_eq!(driver.case("c-1#1").channel, Channel::Chat);
    assert!(driver.case("c-1#1").acknowledged_at.is_some());
}

/// In a closed case a request for facts changes nothing, and yet is a reply just before the customer's first message.
#[test]
fn a_refused_request_shows_that_clocks_disagree() {
    let asks = EventData { fields: Some(vec!["order".into()]), ..text("?") };
    let arrivals = [
        agent("e-0", 0, "message", text("soon")),
        agent("e-1", 60_000, "closed", EventData::default()),
        agent("e-2", 65_000, "info_requested", asks),
        customer("e-3", 65_001, "where is it"),
        // comes late, and makes the case be computed again
        agent("e-4", 1_000, "note", text("so it is")),
    ];
    let mut in_order: Vec<&ChannelEvent> = arrivals.iter().collect();
    in_order.sort_by_key(|event| event.occurred_at);
    let [late, prompt] = [arrivals.iter().collect(), in_order].map(|order| {
        let mut driver = driver();
        order.into_iter().for_each(|event| driver.late(event));
        outcome(&driver)
    });
    assert_eq!(late, prompt);
}
