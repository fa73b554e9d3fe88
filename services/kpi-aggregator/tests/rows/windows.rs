//! Borders of windows, finality, and what comes too late.

use kefu_contracts::topic::{KPI, KPI_LATE};
use kefu_contracts::{ActorKind, Category, Channel, Status, Subtype};
use kefu_testkit::Driver;

use crate::scene::{Scene, Sent, assert_counts, at, driver, metrics, number};

fn opened_at(zone: &str, instants: &[&str]) -> Driver {
    let mut driver = driver(zone);
    for (index, instant) in instants.iter().enumerate() {
        let mut scene = Scene::new(&format!("c-{index}#1"), Channel::Chat);
        scene.opened(at(instant)).closed_because(at(instant), Status::Open, "other");
        scene.give(&mut driver);
    }
    driver.end();
    driver
}

#[test]
fn long_windows_are_those_of_the_zone() {
    for (zone, instants, rows) in [
        (
            "Asia/Shanghai",
            vec!["2026-03-01T15:59:59.999Z", "2026-03-01T16:00:00Z", "2026-03-31T15:59:59Z", "2026-03-31T16:00:00Z"],
            vec![
                ("2026-02-28T16:00:00.000Z/P1D", 1.0),
                ("2026-03-01T16:00:00.000Z/P1D", 1.0),
                ("2026-02-22T16:00:00.000Z/P1W", 1.0),
                ("2026-03-01T16:00:00.000Z/P1W", 1.0),
                ("2026-02-28T16:00:00.000Z/P1M", 3.0),
                ("2026-03-31T16:00:00.000Z/P1M", 1.0),
                ("2025-12-31T16:00:00.000Z/P3M", 3.0),
                ("2026-03-31T16:00:00.000Z/P3M", 1.0),
            ],
        ),
        (
            "America/New_York",
            // the clocks change on 8 March and 1 November: days of 23 and 25 hours
            vec![
                "2026-03-08T04:59:59Z",
                "2026-03-08T05:00:00Z",
                "2026-03-09T03:59:59Z",
                "2026-03-09T04:00:00Z",
                "2026-04-01T03:59:59Z",
                "2026-11-01T04:00:00Z",
                "2026-11-02T04:59:59Z",
                "2026-11-02T05:00:00Z",
            ],
            vec![
                ("2026-03-07T05:00:00.000Z/P1D", 1.0),
                ("2026-03-08T05:00:00.000Z/P1D", 2.0),
                ("2026-03-09T04:00:00.000Z/P1D", 1.0),
                ("2026-03-02T05:00:00.000Z/P1W", 3.0),
                ("2026-03-09T04:00:00.000Z/P1W", 1.0),
                ("2026-03-01T05:00:00.000Z/P1M", 5.0),
                ("2026-01-01T05:00:00.000Z/P3M", 5.0),
                ("2026-11-01T04:00:00.000Z/P1D", 2.0),
                ("2026-11-02T05:00:00.000Z/P1D", 1.0),
                ("2026-10-01T04:00:00.000Z/P3M", 3.0),
            ],
        ),
    ] {
        let driver = opened_at(zone, &instants);
        for (row, expected) in rows {
            let found = metrics(&driver, &format!("demo/{row}/-"));
            assert_eq!(number(&found, "cases_opened"), Some(expected), "{row} in {zone}");
        }
    }
}

#[test]
fn every_size_adds_up_to_the_same() {
    let instants = ["2026-03-02T01:00:10Z", "2026-03-02T01:00:50Z", "2026-03-02T01:30:00Z", "2026-03-05T20:00:00Z"];
    let driver = opened_at("Asia/Shanghai", &instants);
    for size in ["PT1M", "PT1H", "P1D", "P1W", "P1M", "P3M"] {
        let rows = driver.snapshot(&KPI);
        let of_size = rows.values().filter(|row| row.size == size && row.dimensions.is_empty());
        let total: f64 = of_size.filter_map(|row| number(&row.metrics, "cases_opened")).sum();
        assert_eq!(total, 4.0, "{size}");
    }
}

/// A case opened at 09:00:10 whose second message of 09:00:20 arrives at `now`.
fn late_message(now: &str) -> Driver {
    let mut driver = driver("UTC");
    let mut scene = Scene::new("c-1#1", Channel::Chat);
    scene.opened(at("2026-03-02T09:00:10Z")).asks(at("2026-03-02T09:00:20Z"));
    let late = scene.sent.pop().unwrap();
    scene.give(&mut driver);
    late.give_at(&mut driver, at(now));
    driver.end();
    driver
}

#[test]
fn a_late_event_revises_its_rows_until_they_are_final() {
    let driver = late_message("2026-03-04T09:01:00Z");
    let row = driver.snapshot(&KPI).remove("demo/2026-03-02T09:00:00.000Z/PT1M/-").unwrap();
    assert_eq!((row.revision, number(&row.metrics, "messages_in")), (2, Some(2.0)));
    assert_eq!(driver.written(&KPI_LATE), []);
}

#[test]
fn what_comes_after_final_goes_elsewhere_and_is_counted() {
    let driver = late_message("2026-03-04T09:01:00.001Z");
    let minute = "demo/2026-03-02T09:00:00.000Z/PT1M/-";
    let row = driver.snapshot(&KPI).remove(minute).unwrap();
    assert!(row.is_final);
    assert_eq!(number(&row.metrics, "messages_in"), Some(1.0));

    let late = driver.snapshot(&KPI_LATE);
    assert_counts(&late[minute].metrics, &[("messages_in", 1.0)]);
    assert!(!late.contains_key("demo/2026-03-02T09:00:00.000Z/PT1H/-"), "the hour was open");
    // larger rows that are open still learn of it
    for open in ["2026-03-02T09:00:00.000Z/PT1H", "2026-03-02T00:00:00.000Z/P1D", "2026-01-01T00:00:00.000Z/P3M"] {
        assert_eq!(number(&metrics(&driver, &format!("demo/{open}/-")), "messages_in"), Some(2.0), "{open}");
    }
    let arrival = metrics(&driver, "demo/2026-03-04T09:01:00.000Z/PT1M/channel=chat");
    assert_counts(&arrival, &[("late", 1.0), ("backlog", 1.0)]);
    assert_eq!(number(&metrics(&driver, "demo/2026-03-04T00:00:00.000Z/P1D/-"), "late"), Some(1.0));
}

#[test]
fn each_size_is_final_by_itself() {
    let driver = late_message("2026-03-06T00:00:00Z");
    let late = driver.snapshot(&KPI_LATE);
    let sizes: Vec<&str> = late.values().filter(|row| row.dimensions.is_empty()).map(|row| row.size.as_str()).collect();
    assert_eq!(sizes, ["P1D", "PT1H", "PT1M"]);
    assert_eq!(number(&metrics(&driver, "demo/2026-03-02T00:00:00.000Z/P1W/-"), "messages_in"), Some(2.0));
    assert_eq!(number(&metrics(&driver, "demo/2026-03-06T00:00:00.000Z/PT1M/-"), "late"), Some(1.0));
}

#[test]
fn a_correction_after_final_is_a_subtraction_and_an_addition_elsewhere() {
    let mut driver = driver("UTC");
    let mut scene = Scene::new("c-1#1", Channel::Chat);
    scene
        .opened(at("2026-03-02T09:00:10Z"))
        .classified(at("2026-03-02T09:00:10Z"), Category::Inquiry, Subtype::OrderStatus)
        .classified(at("2026-03-06T09:00:00Z"), Category::Complaint, Subtype::Quality);
    scene.give(&mut driver);
    driver.end();
    let minute = |category: &str| format!("demo/2026-03-02T09:00:00.000Z/PT1M/category={category}");
    let late = driver.snapshot(&KPI_LATE);
    assert_counts(&late[&minute("inquiry")].metrics, &[("cases_opened", -1.0), ("messages_in", -1.0)]);
    assert_eq!(number(&late[&minute("complaint")].metrics, "complaints"), Some(1.0));
    assert_eq!(number(&metrics(&driver, &minute("inquiry")), "cases_opened"), Some(1.0));
    let week = |category: &str| format!("demo/2026-03-02T00:00:00.000Z/P1W/category={category}");
    assert_eq!(number(&metrics(&driver, &week("inquiry")), "cases_opened"), None);
    assert_eq!(number(&metrics(&driver, &week("complaint")), "cases_opened"), Some(1.0));
}

#[test]
fn everything_is_forgotten_when_the_last_row_is_final() {
    let mut driver = driver("UTC");
    let mut scene = Scene::new("c-1#1", Channel::Chat);
    scene.opened(at("2026-03-02T09:00:10Z")).status(
        at("2026-03-02T10:00:00Z"),
        ActorKind::Customer,
        Status::Open,
        Status::Closed,
    );
    scene.give(&mut driver);
    driver.advance_to(at("2026-04-03T00:00:01Z"));
    let rows = driver.snapshot(&KPI);
    assert!(rows.values().all(|row| row.is_final), "all rows are final");
    assert_eq!(rows.values().filter(|row| row.size == "P3M").count(), 2, "no dimensions, and the channel");
    let again = Sent::Fact(match &scene.sent[0] {
        Sent::Fact(event) => event.clone(),
        Sent::Clock(_) => unreachable!("the first is the opening"),
    });
    again.give_at(&mut driver, at("2026-04-03T00:00:02Z"));
    driver.end();
    assert!(driver.written(&KPI_LATE).iter().any(|(key, _)| key.contains("/P3M/")), "no memory of it, and too late");
}
