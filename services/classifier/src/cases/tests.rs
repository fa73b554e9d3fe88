use kefu_contracts::classification::Classification;
use kefu_contracts::{Category, Priority, Subtype};
use kefu_policy::Policies;
use kefu_testkit::Driver;
use proptest::prelude::*;

use super::*;
use crate::fixtures::fact;

const KEY: &str = "demo/c-1#1";

fn driver() -> Driver {
    Driver::new(&[crate::service()], Policies::default())
}

fn send(driver: &mut Driver, event: &CaseEvent) {
    driver.send_at(event.at, &CASE_EVENTS, KEY, event);
}

fn told(driver: &Driver) -> Vec<Classification> {
    driver.written(&CLASSIFICATIONS).into_iter().map(|(_, told)| told).collect()
}

fn briefly(told: &[Classification]) -> Vec<(i64, Option<Subtype>, i64)> {
    told.iter().map(|told| (told.at.ms(), told.subtype, told.revision)).collect()
}

/// The last verdict told for each instant, of those that change something: what a reader knows in the end.
fn course(told: &[Classification]) -> Vec<Classification> {
    let last: BTreeMap<Timestamp, &Classification> = told.iter().map(|told| (told.at, told)).collect();
    let mut course: Vec<Classification> = Vec::new();
    for told in last.into_values() {
        let told = Classification { revision: 0, ..told.clone() };
        let same = course.last().is_some_and(|before| Classification { at: told.at, ..before.clone() } == told);
        if !same {
            course.push(told);
        }
    }
    course
}

#[test]
fn a_beginning_with_words_is_told_once_for_both_its_facts() {
    let mut driver = driver();
    for (n, kind) in [(0, FactKind::Opened), (1, FactKind::CustomerMessage)] {
        send(&mut driver, &fact(1_000, "e-1", n, kind, "衣服收到有破洞,訂單 A1001,我要退貨"));
    }
    driver.run_out();
    assert_eq!(briefly(&told(&driver)), [(1_000, Some(Subtype::Quality), 1)]);
    let first = &told(&driver)[0];
    assert_eq!((first.category, first.priority), (Some(Category::Complaint), Priority::High));
    assert_eq!(first.model_version, Model::standard().version);
}

#[test]
fn a_beginning_without_words_is_told_at_its_instant_unless_words_come_with_it() {
    let mut silent = driver();
    send(&mut silent, &fact(1_000, "e-1", 0, FactKind::Opened, ""));
    assert!(told(&silent).is_empty());
    silent.run_out();
    assert_eq!(briefly(&told(&silent)), [(1_000, None, 1)]);
    assert_eq!(told(&silent)[0].confidence, 0.0);
    send(&mut silent, &fact(5_000, "e-2", 0, FactKind::CustomerMessage, "转人工"));
    assert_eq!(briefly(&told(&silent))[1..], [(5_000, Some(Subtype::HumanAgent), 2)]);

    let mut spoken = driver();
    send(&mut spoken, &fact(1_000, "e-1", 0, FactKind::Opened, ""));
    send(&mut spoken, &fact(1_000, "e-2", 0, FactKind::CustomerMessage, "转人工"));
    spoken.run_out();
    assert_eq!(briefly(&told(&spoken)), [(1_000, Some(Subtype::HumanAgent), 1)]);
}

#[test]
fn a_verdict_that_does_not_change_is_not_told_again() {
    let mut driver = driver();
    send(&mut driver, &fact(1_000, "e-1", 0, FactKind::Opened, "我要退货"));
    send(&mut driver, &fact(2_000, "e-2", 0, FactKind::CustomerMessage, ""));
    send(&mut driver, &fact(3_000, "e-3", 0, FactKind::CustomerMessage, "谢谢"));
    driver.run_out();
    assert_eq!(briefly(&told(&driver)), [(1_000, Some(Subtype::Return), 1)]);
}

#[test]
fn a_late_message_tells_anew_what_it_changes() {
    let mut driver = driver();
    send(&mut driver, &fact(1_000, "e-1", 0, FactKind::Opened, "你好"));
    send(&mut driver, &fact(5_000, "e-3", 0, FactKind::CustomerMessage, "转人工"));
    let before = told(&driver);
    assert_eq!(briefly(&before), [(1_000, Some(Subtype::Chitchat), 1), (5_000, Some(Subtype::HumanAgent), 2)]);
    send(&mut driver, &fact(3_000, "e-2", 0, FactKind::CustomerMessage, "充电宝着火了"));
    let after = told(&driver).split_off(2);
    assert_eq!(after.iter().map(|told| (told.at.ms(), told.revision)).collect::<Vec<_>>(), [(3_000, 3), (5_000, 4)]);
    assert!(after.iter().all(|told| told.priority == Priority::Urgent), "{after:#?}");
}

#[test]
fn a_retracted_message_is_taken_out_and_what_was_told_is_put_right() {
    let mut driver = driver();
    send(&mut driver, &fact(1_000, "e-1", 0, FactKind::Opened, "我要退货"));
    let wrong = fact(2_000, "e-2", 0, FactKind::CustomerMessage, "充电宝着火了");
    send(&mut driver, &wrong);
    let retracted = CaseEvent { retracts: Some(wrong.event_id), ..fact(2_000, "e-2", 9, FactKind::Retracted, "") };
    send(&mut driver, &retracted);
    let told = told(&driver);
    assert_eq!(
        told.iter().map(|told| (told.at.ms(), told.priority)).collect::<Vec<_>>(),
        [(1_000, Priority::Normal), (2_000, Priority::Urgent), (2_000, Priority::Normal),]
    );
    assert_eq!(course(&told).len(), 1);
}

#[test]
fn what_was_told_for_a_retracted_message_follows_what_is_learned_of_the_time_before() {
    let mut driver = driver();
    send(&mut driver, &fact(1_000, "e-1", 0, FactKind::Opened, "你好"));
    let wrong = fact(5_000, "e-3", 0, FactKind::CustomerMessage, "充电宝着火了");
    send(&mut driver, &wrong);
    let retracted = CaseEvent { retracts: Some(wrong.event_id), ..fact(5_000, "e-3", 9, FactKind::Retracted, "") };
    send(&mut driver, &retracted);
    send(&mut driver, &fact(3_000, "e-2", 0, FactKind::CustomerMessage, "转人工"));
    let told = told(&driver);
    let last = |at: i64| told.iter().rfind(|told| told.at.ms() == at).and_then(|told| told.subtype);
    assert_eq!((last(3_000), last(5_000)), (Some(Subtype::HumanAgent), Some(Subtype::HumanAgent)));
}

#[test]
fn flags_and_tiers_raise_the_priority_at_their_instant() {
    let mut driver = driver();
    send(&mut driver, &fact(1_000, "e-1", 0, FactKind::Opened, "什么时候发货"));
    let flagged = CaseEvent { to: Some("important".into()), ..fact(2_000, "e-2", 0, FactKind::Flagged, "") };
    send(&mut driver, &flagged);
    let told = told(&driver);
    assert_eq!(told.iter().map(|told| told.priority).collect::<Vec<_>>(), [Priority::Normal, Priority::High]);
    assert_eq!(told[0].subtype, told[1].subtype);
}

#[test]
fn a_closed_case_is_forgotten_when_its_facts_cannot_come_again() {
    let state = |events: &[CaseEvent]| {
        let mut state = CaseState::of(&events[0]);
        events.iter().for_each(|event| {
            state.history.learn(event);
        });
        state.told.insert(Timestamp::from_ms(1), 7);
        Cases.due(&state)
    };
    let opened = fact(1, "e-1", 0, FactKind::Opened, "hi");
    let moves = |at, cause: &str, to: &str| CaseEvent {
        to: Some(to.into()),
        ..fact(at, cause, 0, FactKind::StatusChanged, "")
    };
    let (closed, reopened) = (moves(5, "e-2", "closed"), moves(9, "e-3", "open"));
    assert_eq!(state(std::slice::from_ref(&opened)), None);
    let due = Due::recurring(Timestamp::from_ms(5 + REMEMBERED_MS), TimerClass::Last);
    assert_eq!(state(&[opened.clone(), closed.clone()]), Some(due));
    assert_eq!(state(&[opened.clone(), closed.clone(), reopened.clone()]), None);
    assert_eq!(state(&[opened, reopened, closed]), None);
}

#[test]
fn facts_of_another_key_and_erased_cases() {
    let mut driver = driver();
    driver.send(&CASE_EVENTS, "demo/c-2#1", &fact(1, "e-1", 0, FactKind::Opened, "hi"));
    assert_eq!(driver.dead_letters()[0].0, Code::BadKey);
    send(&mut driver, &fact(1_000, "e-1", 0, FactKind::Opened, "充电宝着火了"));
    send(&mut driver, &fact(2_000, "e-2", 0, FactKind::Erased, ""));
    send(&mut driver, &fact(3_000, "e-3", 0, FactKind::CustomerMessage, "转人工"));
    let told = told(&driver);
    assert_eq!(told[1].subtype, Some(Subtype::HumanAgent));
    assert_eq!(told[1].priority, Priority::Normal);
}

const SAYINGS: [&str; 8] = [
    "",
    "谢谢",
    "我要退货",
    "什么时候发货,订单 A1001",
    "衣服收到有破洞",
    "充电宝着火了",
    "Where is my refund?",
    "已經第三次聯絡你們了,態度很差",
];

fn facts() -> impl Strategy<Value = Vec<CaseEvent>> {
    let later = prop::collection::vec((1i64..6, 0usize..10), 0..6);
    (0usize..SAYINGS.len(), later).prop_map(|(first, later)| {
        let mut facts = vec![fact(0, "e-0", 0, FactKind::Opened, SAYINGS[first])];
        facts.push(fact(0, "e-0", 1, FactKind::CustomerMessage, SAYINGS[first]));
        for (number, (at, what)) in later.into_iter().enumerate() {
            let cause = format!("e-{}", number + 1);
            facts.push(match SAYINGS.get(what) {
                Some(text) => fact(at * 1_000, &cause, 0, FactKind::CustomerMessage, text),
                None => {
                    let word = Some("important".to_owned());
                    let (from, to) = if what == 8 { (None, word) } else { (word, None) };
                    CaseEvent { from, to, ..fact(at * 1_000, &cause, 0, FactKind::Flagged, "") }
                }
            });
        }
        facts
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_order_of_arrival_makes_no_difference(
        (ordered, shuffled) in facts().prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle())),
    ) {
        let mut ordered = ordered;
        ordered.sort_by(|a, b| (a.at, &a.cause_id, a.n).cmp(&(b.at, &b.cause_id, b.n)));
        let [one, other] = [ordered, shuffled].map(|facts| {
            let mut driver = driver();
            facts.iter().for_each(|fact| send(&mut driver, fact));
            driver.run_out();
            let told = told(&driver);
            assert!(told.windows(2).all(|pair| pair[0].revision < pair[1].revision));
            assert!(told.iter().any(|told| told.at.ms() == 0), "the beginning has no verdict");
            course(&told)
        });
        prop_assert_eq!(one, other);
    }

    #[test]
    fn a_verdict_depends_on_what_was_said_until_then(facts in facts()) {
        let mut driver = driver();
        let mut history = CaseHistory::default();
        for fact in &facts {
            send(&mut driver, fact);
            history.learn(fact);
        }
        driver.run_out();
        let told = told(&driver);
        for at in history.instants() {
            let expected = verdict(&history.situation_at(at, Channel::Chat), Model::standard());
            let known = course(&told).into_iter().rfind(|told| told.at <= at).expect("a verdict in force");
            let expected = expected.told("demo", "c-1#1", known.at, Model::standard(), 0);
            prop_assert_eq!(known, expected);
        }
    }
}
