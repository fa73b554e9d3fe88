//! The order of arrival makes no difference.

use std::collections::{BTreeMap, VecDeque};
use std::sync::LazyLock;

use kefu_contracts::kpi::KpiRow;
use kefu_contracts::sla_event::SlaEventKind;
use kefu_contracts::{ActorKind, Category, Channel, Metric, Priority, Status, Subtype, Timestamp};
use kefu_testkit::Driver;
use proptest::prelude::*;

use crate::scene::{Scene, Sent, at, driver, rows};

/// A few cases with everything that moves figures; `corrected`, with what proved wrong later.
fn facts(corrected: bool) -> Vec<Sent> {
    let t = |minute: i64| at("2026-03-29T00:00:00Z").plus_ms(minute * 60_000 + 7_000);
    let mut first = Scene::new("c-1#1", Channel::Chat).labelled("s1", "p1");
    first
        .opened(t(0))
        .classified(t(0), Category::Inquiry, Subtype::Payment)
        .priority(t(0), Priority::Normal)
        .acknowledged(t(1))
        .assigned(t(3), "a-1", "care")
        .replies(t(5), "a-1")
        .clock(t(5), Metric::FirstReply, SlaEventKind::Met, 300_000)
        .asks(t(9))
        .replies(t(12), "a-2")
        .status(t(20), ActorKind::Agent, Status::Open, Status::Resolved)
        .clock(t(20), Metric::Resolution, SlaEventKind::Met, 900_000)
        .asks(t(70))
        .status(t(70), ActorKind::Customer, Status::Resolved, Status::Open)
        .clock(t(70), Metric::Resolution, SlaEventKind::Resumed, 900_000)
        .classified(t(71), Category::Complaint, Subtype::Quality)
        .priority(t(71), Priority::Urgent)
        .assigned(t(80), "a-2", "after_sales")
        .replies(t(90), "a-2")
        .status(t(1500), ActorKind::Agent, Status::Open, Status::Resolved)
        .clock(t(1500), Metric::Resolution, SlaEventKind::Met, 2_000_000)
        .status(t(1510), ActorKind::Customer, Status::Resolved, Status::Closed);
    if corrected {
        first
            .clock(t(80), Metric::Resolution, SlaEventKind::Breached, 1_000_000)
            .clock(t(80), Metric::Resolution, SlaEventKind::BreachRetracted, 1_000_000)
            .clock(t(1500), Metric::Resolution, SlaEventKind::Met, 2_000_000)
            .clock(t(12), Metric::NextReply, SlaEventKind::Met, 180_000)
            .clock_never_was(t(9), Metric::NextReply)
            .relabelled("s9", "p9")
            .noted(t(1600))
            .told_again_by("a-1")
            .retracted(t(1600));
    }
    let mut second = Scene::new("c-2#1", Channel::Phone);
    second
        .opened(t(60))
        .called(t(60), Some("a-1"), "answered", 10_000)
        .replies(t(60), "a-1")
        .classified(t(60), Category::AfterSales, Subtype::Refund)
        .status(t(65), ActorKind::Agent, Status::Open, Status::Resolved)
        .status(t(300), ActorKind::System, Status::Resolved, Status::Closed);
    if corrected {
        second.relabelled("s2", "p2").replies(t(61), "a-1").relabelled("s3", "p2").told_again_by("a-2");
    } else {
        second.relabelled("s3", "p2").replies(t(61), "a-2");
    }
    let mut third = Scene::new("c-3#1", Channel::Email);
    third.opened(t(30)).bot_replies(t(31)).clock(t(1000), Metric::FirstReply, SlaEventKind::Breached, 0);
    [first.sent, second.sent, third.sent].concat()
}

/// The last published rows.
type Outcome = BTreeMap<String, KpiRow>;

/// What was published and then came to nothing is the same as what never was.
fn known_rows(driver: &Driver) -> Outcome {
    rows(driver).into_iter().filter(|(_, row)| !row.metrics.is_empty()).collect()
}

fn outcome(arrivals: &[Sent], end: Timestamp) -> Outcome {
    let mut driver = driver("Asia/Shanghai");
    let mut now = Timestamp::MIN;
    for sent in arrivals {
        now = now.max(sent.at());
        sent.give_at(&mut driver, now);
    }
    driver.advance_to(end);
    driver.end();
    assert_eq!(driver.dead_letters(), []);
    known_rows(&driver)
}

/// What is said of one fact or of one clock keeps its order, as on its topic.
fn in_order_of_each_subject(mut arrivals: Vec<Sent>) -> Vec<Sent> {
    let subject = |sent: &Sent| match sent {
        Sent::Fact(event) => event.retracts.as_ref().unwrap_or(&event.event_id).clone(),
        Sent::Clock(event) => event.clock_id.clone(),
    };
    let mut said: BTreeMap<String, VecDeque<Sent>> = BTreeMap::new();
    for sent in facts(true) {
        said.entry(subject(&sent)).or_default().push_back(sent);
    }
    for sent in &mut arrivals {
        *sent = said.get_mut(&subject(sent)).and_then(VecDeque::pop_front).unwrap();
    }
    arrivals
}

fn in_order() -> Vec<Sent> {
    let mut in_order = facts(false);
    in_order.sort_by_key(Sent::at);
    in_order
}

/// The first key at which two outcomes differ, with both rows.
fn first_difference(one: &Outcome, other: &Outcome) -> Option<String> {
    let keys = one.keys().chain(other.keys());
    let key = keys.filter(|key| one.get(*key) != other.get(*key)).min()?;
    Some(format!("{key}: {:#?} and {:#?}", one.get(key), other.get(key)))
}

fn end(days: usize) -> Timestamp {
    at("2026-03-30T02:00:00Z").plus_ms(days as i64 * 86_400_000)
}

/// What comes of the truth, told at once and in order, a day after the other.
static TRUTH: LazyLock<Vec<Outcome>> = LazyLock::new(|| (0..10).map(|days| outcome(&in_order(), end(days))).collect());

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shuffled_arrival_and_corrections_give_the_rows_of_the_truth(
        arrivals in Just(facts(true)).prop_shuffle().prop_map(in_order_of_each_subject),
        days in 1_usize..10,
    ) {
        prop_assert_eq!(first_difference(&outcome(&arrivals, end(days)), &TRUTH[days]), None);
    }
}

/// The sums do not depend on how often rows were published on the way.
#[test]
fn publication_leaves_no_trace_in_the_numbers() {
    let end = at("2026-03-30T12:00:00Z");
    let mut at_once = driver("Asia/Shanghai");
    for sent in &in_order() {
        sent.give_at(&mut at_once, end);
    }
    at_once.end();
    assert_eq!(first_difference(&known_rows(&at_once), &outcome(&in_order(), end)), None);
}
