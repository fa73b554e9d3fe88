//! However facts and answers arrive, surveys and follow-ups end the same.

mod scenario;

use std::collections::BTreeMap;

use kefu_contracts::case_event::CaseEvent;
use kefu_contracts::channel_event::Actor;
use kefu_contracts::command::Command;
use kefu_contracts::order::OrderEvent;
use kefu_contracts::survey::{FollowUp, Survey};
use kefu_contracts::topic::{COMMANDS, FOLLOW_UPS, ORDER_EVENTS, SURVEYS};
use kefu_contracts::{ActorKind, Json, OrderStatus, Timestamp};
use kefu_satisfaction_survey::domain::resolution::survey_id;
use proptest::prelude::*;
use scenario::{CaseStory, DAY, HOUR, Shop, at, order_event};
use serde_json::json;

#[derive(Clone, Debug)]
enum Arrival {
    Fact(Box<CaseEvent>),
    Command(Command),
    Order(OrderEvent),
}

impl Arrival {
    fn at(&self) -> Timestamp {
        match self {
            Arrival::Fact(fact) => fact.at,
            Arrival::Command(command) => command.at,
            Arrival::Order(event) => event.occurred_at,
        }
    }
}

fn answer(case_id: &str, no: i64, ms: i64, score: i64) -> Arrival {
    let target = survey_id("demo", case_id, no);
    Arrival::Command(Command {
        command_id: format!("{case_id}/{no}/{ms}"),
        tenant: "demo".into(),
        kind: "answer".into(),
        target,
        actor: Actor { kind: ActorKind::Customer, id: "u-1".into(), name: None },
        at: at(ms),
        data: Json(json!({"score": score})),
    })
}

fn order(order_id: &str, ms: i64, status: OrderStatus) -> Arrival {
    Arrival::Order(order_event(order_id, "u-2", ms, status))
}

/// Two customers, four cases, two orders: complaints and inquiries, ended, taken up again, answered in time, too late
/// and twice.
fn week() -> Vec<Arrival> {
    let open = |case: &str, customer: &str, ms| CaseStory::opened(case, customer, ms);
    let stories = [
        open("a#1", "Ann@x.example", 0).complaint(0).reply(1).resolved(HOUR).reopened(5 * HOUR).resolved(6 * HOUR),
        open("b#1", "ann@X.example", HOUR).reply(2 * HOUR).resolved(3 * HOUR).flagged(4 * HOUR, true),
        open("c#1", "u-2", 0).reply(1).resolved(2 * HOUR).completed(3 * HOUR, "A1").status(
            80 * HOUR,
            "closed",
            ActorKind::System,
            None,
        ),
        open("d#1", "u-2", 0).complaint(0).status(12 * DAY, "closed", ActorKind::System, Some("no_response")),
    ];
    let facts = stories.into_iter().flat_map(|story| story.facts).map(|fact| Arrival::Fact(Box::new(fact)));
    let answers = [
        answer("a#1", 1, 5 * HOUR, 1),
        answer("b#1", 1, 7 * HOUR, 2),
        answer("c#1", 1, 4 * HOUR, 1),
        answer("c#1", 1, 5 * HOUR, 5),
        answer("c#1", 1, 9 * DAY, 5),
    ];
    let orders = [
        order("A1", HOUR, OrderStatus::Delivered),
        order("A1", 2 * DAY, OrderStatus::Returned),
        order("A2", 2 * HOUR, OrderStatus::Delivered),
        order("A2", 3 * HOUR, OrderStatus::Delivered),
    ];
    let mut arrivals: Vec<Arrival> = facts.chain(answers).chain(orders).collect();
    arrivals.sort_by_key(Arrival::at);
    arrivals
}

type Ends = (BTreeMap<String, Survey>, BTreeMap<String, FollowUp>);

fn give(shop: &mut Shop, arrival: &Arrival, in_time: bool) {
    match arrival {
        Arrival::Fact(fact) => shop.tell(fact, in_time),
        Arrival::Command(command) => {
            let key = format!("demo/{}", command.target);
            if in_time {
                shop.driver.send_at(command.at, &COMMANDS, &key, command);
            } else {
                shop.driver.send(&COMMANDS, &key, command);
            }
        }
        Arrival::Order(event) => {
            let key = format!("demo/{}", event.order_id);
            if in_time {
                shop.driver.send_at(event.occurred_at, &ORDER_EVENTS, &key, event);
            } else {
                shop.driver.send(&ORDER_EVENTS, &key, event);
            }
        }
    }
}

fn ends(mut shop: Shop) -> Ends {
    shop.driver.run_out();
    assert_eq!(shop.driver.dead_letters(), []);
    let surveys = shop.driver.snapshot(&SURVEYS).into_iter();
    let follow_ups = shop.driver.snapshot(&FOLLOW_UPS).into_iter();
    (
        surveys.map(|(key, survey)| (key, Survey { revision: 0, ..survey })).collect(),
        follow_ups.map(|(key, follow_up)| (key, FollowUp { revision: 0, ..follow_up })).collect(),
    )
}

fn in_order() -> Ends {
    let mut shop = Shop::new();
    week().iter().for_each(|arrival| give(&mut shop, arrival, true));
    ends(shop)
}

#[test]
fn the_week_holds_what_it_should() {
    let (surveys, follow_ups) = in_order();
    let mut states: Vec<String> = surveys
        .values()
        .map(|survey| {
            let reason = survey.reason.as_deref().unwrap_or_default();
            format!("{}/{} {} {reason}", survey.case_id, survey.resolution_no, survey.state).trim_end().to_owned()
        })
        .collect();
    states.sort();
    assert_eq!(
        states,
        [
            "a#1/1 cancelled reopened",
            "a#1/2 suppressed quiet",
            "b#1/1 suppressed quiet",
            "c#1/1 answered",
            "d#1/1 suppressed no_reply",
        ]
    );
    assert_eq!(follow_ups.len(), 7, "{follow_ups:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Topics are read in any relative order before time moves on.
    #[test]
    fn any_order_of_arrival_ends_the_same(arrivals in Just(week()).prop_shuffle()) {
        let mut shop = Shop::new();
        arrivals.iter().for_each(|arrival| give(&mut shop, arrival, false));
        prop_assert_eq!(ends(shop), in_order());
    }

    /// What arrives twice changes nothing.
    #[test]
    fn repetitions_change_nothing(twice in proptest::sample::subsequence(week(), 0..=6)) {
        let mut shop = Shop::new();
        for arrival in week() {
            give(&mut shop, &arrival, true);
            if twice.iter().any(|again| format!("{again:?}") == format!("{arrival:?}")) {
                give(&mut shop, &arrival, false);
            }
        }
        prop_assert_eq!(ends(shop), in_order());
    }
}
