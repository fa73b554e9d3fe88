//! The backlog against a plain recount.

use std::collections::BTreeMap;

use kefu_calendar::Zone;
use kefu_contracts::kpi::KpiRow;
use kefu_contracts::topic::KPI;
use kefu_contracts::{ActorKind, Category, Channel, Status, Subtype, Timestamp};
use kefu_kpi_aggregator::domain::dimensions;
use kefu_kpi_aggregator::domain::window::{Size, dimensions_of};
use proptest::prelude::*;

use crate::scene::{Scene, Sent, assert_counts, at, driver, metrics, number};

const HOUR_MS: i64 = 3_600_000;

#[test]
fn an_open_case_is_in_every_day_until_it_closes() {
    let mut scene = Scene::new("c-1#1", Channel::Chat);
    scene.opened(at("2026-03-02T09:00:00Z")).assigned(at("2026-03-03T09:00:00Z"), "a-1", "care").status(
        at("2026-03-05T09:00:00Z"),
        ActorKind::Customer,
        Status::Open,
        Status::Closed,
    );
    let mut driver = driver("UTC");
    scene.give(&mut driver);
    driver.advance_to(at("2026-03-09T00:00:00Z"));
    driver.end();
    let backlog = |row: &str| number(&metrics(&driver, &format!("demo/{row}")), "backlog");
    for (row, expected) in [
        ("2026-03-02T09:00:00.000Z/PT1M/-", Some(1.0)),
        ("2026-03-02T09:00:00.000Z/PT1H/-", Some(1.0)),
        ("2026-03-02T10:00:00.000Z/PT1H/-", None),
        ("2026-03-02T00:00:00.000Z/P1D/-", Some(1.0)),
        ("2026-03-03T00:00:00.000Z/P1D/-", Some(1.0)),
        ("2026-03-04T00:00:00.000Z/P1D/-", Some(1.0)),
        ("2026-03-05T00:00:00.000Z/P1D/-", Some(0.0)),
        ("2026-03-06T00:00:00.000Z/P1D/-", None),
        ("2026-03-02T00:00:00.000Z/P1W/-", Some(0.0)),
        ("2026-03-02T00:00:00.000Z/P1D/agent=a-1", None),
        ("2026-03-03T00:00:00.000Z/P1D/agent=a-1", Some(1.0)),
        ("2026-03-04T00:00:00.000Z/P1D/team=care", Some(1.0)),
    ] {
        assert_eq!(backlog(row), expected, "{row}");
    }
}

#[test]
fn a_closing_that_comes_late_corrects_the_days_between() {
    let mut scene = Scene::new("c-1#1", Channel::Chat);
    scene.opened(at("2026-03-02T09:00:00Z")).asks(at("2026-03-03T12:00:00Z")).status(
        at("2026-03-02T10:00:00Z"),
        ActorKind::Customer,
        Status::Open,
        Status::Closed,
    );
    let mut driver = driver("UTC");
    let (late, timely) = scene.sent.split_last().unwrap();
    timely.iter().for_each(|sent| sent.give(&mut driver));
    late.give_at(&mut driver, at("2026-03-04T08:00:00Z"));
    driver.end();
    let backlog = |row: &str| number(&metrics(&driver, &format!("demo/{row}/-")), "backlog");
    assert_eq!(backlog("2026-03-02T09:00:00.000Z/PT1M"), Some(1.0));
    for corrected in ["2026-03-02T00:00:00.000Z/P1D", "2026-03-03T12:00:00.000Z/PT1M", "2026-03-03T12:00:00.000Z/PT1H"]
    {
        assert_eq!(backlog(corrected), Some(0.0), "{corrected}");
    }
}

#[test]
fn a_row_that_came_to_nothing_tells_the_backlog_only_when_its_day_is_over() {
    let mut scene = Scene::new("c-1#1", Channel::Chat);
    scene.opened(at("2026-03-02T09:00:00Z")).asks(at("2026-03-03T09:00:00Z")).retracted(at("2026-03-03T09:00:00Z"));
    let (retraction, before) = scene.sent.split_last().unwrap();
    let mut driver = driver("UTC");
    before.iter().for_each(|sent| sent.give(&mut driver));
    let day = "demo/2026-03-03T00:00:00.000Z/P1D/-";
    driver.advance_to(at("2026-03-03T11:00:00Z"));
    assert_eq!(number(&metrics(&driver, day), "messages_in"), Some(1.0));
    retraction.give_at(&mut driver, at("2026-03-03T11:30:00Z"));
    driver.advance_to(at("2026-03-03T13:00:00Z"));
    assert!(metrics(&driver, day).is_empty());
    driver.advance_to(at("2026-03-04T00:00:00Z"));
    assert_counts(&metrics(&driver, day), &[("backlog", 1.0)]);
}

/// One case: when it opens, passes to another agent and closes, and its category.
#[derive(Clone, Debug)]
struct Stay {
    opens: Timestamp,
    passes: Timestamp,
    closes: Timestamp,
    category: (Category, Subtype),
}

fn stays() -> impl Strategy<Value = Vec<Stay>> {
    let start = at("2026-03-27T00:00:00Z");
    let category =
        prop_oneof![Just((Category::Inquiry, Subtype::Payment)), Just((Category::Complaint, Subtype::Quality))];
    let stay = (0_i64..100, 0_i64..120, 0_i64..60, category).prop_map(move |(opens, lasts, with_first, category)| {
        let opens = start.plus_ms(opens * HOUR_MS + 17_000);
        let closes = opens.plus_ms(lasts * HOUR_MS);
        Stay { opens, passes: closes.min(opens.plus_ms(with_first * HOUR_MS)), closes, category }
    });
    proptest::collection::vec(stay, 1..12)
}

/// The cases open at `end`, counted one by one.
fn recount(stays: &[Stay], dimensions: &str, end: Timestamp) -> f64 {
    let dimensions = dimensions::parse(dimensions);
    let category = dimensions.get("category").map(String::as_str);
    let of_row = |stay: &&Stay| category.is_none_or(|category| category == stay.category.0.as_str());
    let inside = |stay: &&Stay| {
        let (from, until) = match dimensions.get("agent").map(String::as_str) {
            Some("a-1") => (stay.opens, stay.passes),
            Some(_) => (stay.passes, stay.closes),
            None => (stay.opens, stay.closes),
        };
        from < end && until >= end
    };
    stays.iter().filter(of_row).filter(inside).count() as f64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every row says how many cases were open at its window's end, and no long window that should have one lacks it.
    #[test]
    fn agrees_with_a_recount(stays in stays(), zone in prop_oneof![Just("Asia/Shanghai"), Just("America/New_York")]) {
        let mut facts = Vec::new();
        for (index, stay) in stays.iter().enumerate() {
            let mut scene = Scene::new(&format!("c-{index}#1"), Channel::Chat);
            scene
                .opened(stay.opens)
                .classified(stay.opens, stay.category.0, stay.category.1)
                .assigned(stay.opens, "a-1", "care")
                .assigned(stay.passes, "a-2", "care")
                .status(stay.closes, ActorKind::Agent, Status::Open, Status::Resolved);
            facts.extend(scene.sent);
        }
        facts.sort_by_key(Sent::at);
        let mut driver = driver(zone);
        facts.iter().for_each(|fact| fact.give(&mut driver));
        driver.advance_to(at("2026-04-12T00:00:00Z"));
        driver.end();
        let rows: BTreeMap<String, KpiRow> = driver.snapshot(&KPI);
        for (key, row) in &rows {
            let found = number(&row.metrics, "backlog").unwrap_or_default();
            prop_assert_eq!(found, recount(&stays, dimensions_of(key), row.window_end), "{}", key);
        }
        let zone = Zone::named(zone).unwrap();
        let mut day = Size::Day.window(&zone, at("2026-03-27T00:00:00Z"));
        while day.end < at("2026-04-12T00:00:00Z") {
            for dimensions in ["-", "agent=a-1", "agent=a-2", "category=complaint"] {
                let open = recount(&stays, dimensions, day.end);
                let key = day.row_key("demo", dimensions);
                prop_assert!(open == 0.0 || rows.contains_key(&key), "{} is missing", key);
            }
            day = Size::Day.window(&zone, day.end);
        }
    }
}
