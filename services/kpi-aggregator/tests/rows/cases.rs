//! What a case counts for.

use kefu_contracts::sla_event::SlaEventKind;
use kefu_contracts::topic::KPI;
use kefu_contracts::{ActorKind, Category, Channel, Metric, Priority, Status, Subtype};

use crate::scene::{Scene, assert_counts, at, driver, metrics, number, timing};

const DAY: &str = "demo/2026-03-02T00:00:00.000Z/P1D";

/// 2026-03-02, UTC.
fn t(time: &str) -> kefu_contracts::Timestamp {
    at(&format!("2026-03-02T{time}Z"))
}

fn day_of(scene: &Scene, dimensions: &str) -> crate::scene::Metrics {
    let mut driver = driver("UTC");
    scene.give(&mut driver);
    driver.end();
    assert_eq!(driver.dead_letters(), []);
    metrics(&driver, &format!("{DAY}/{dimensions}"))
}

#[test]
fn a_case_from_opening_to_closing() {
    let mut scene = Scene::new("c-1#1", Channel::Chat).labelled("s1", "p/7");
    scene
        .opened(t("09:00:00"))
        .classified(t("09:00:00"), Category::Complaint, Subtype::Quality)
        .priority(t("09:00:00"), Priority::High)
        .acknowledged(t("09:00:02"))
        .assigned(t("09:00:10"), "a-1", "care")
        .replies(t("09:01:00"), "a-2")
        .asks(t("09:02:00"))
        .asks(t("09:02:30"))
        .replies(t("09:04:00"), "a-1")
        .status(t("09:10:00"), ActorKind::Agent, Status::Open, Status::Resolved)
        .status(t("09:20:00"), ActorKind::Customer, Status::Resolved, Status::Closed);
    let all = day_of(&scene, "-");
    assert_counts(
        &all,
        &[
            ("cases_opened", 1.0),
            ("complaints", 1.0),
            ("messages_in", 3.0),
            ("messages_out", 2.0),
            ("cases_resolved", 1.0),
            ("cases_closed", 1.0),
            ("backlog", 0.0),
        ],
    );
    assert_eq!(timing(&all, "acknowledge_ms"), Some((1, 2_000)));
    assert_eq!(timing(&all, "first_reply_ms"), Some((1, 60_000)));
    assert_eq!(timing(&all, "next_reply_ms"), Some((1, 120_000)));
    assert_eq!(timing(&all, "resolution_ms"), Some((1, 600_000)));
    // the same in every set of dimensions that does not name a person
    for dimensions in [
        "channel=chat",
        "category=complaint",
        "category=complaint,subtype=quality",
        "priority=high",
        "shop=s1",
        "product=p%2F7",
        "category=complaint,channel=chat",
        "channel=chat,priority=high",
    ] {
        assert_eq!(day_of(&scene, dimensions), all, "{dimensions}");
    }
    // replies go to who replied, the rest to who is responsible at the instant
    assert_counts(&day_of(&scene, "agent=a-2"), &[("messages_out", 1.0), ("backlog", 0.0)]);
    assert_eq!(timing(&day_of(&scene, "agent=a-2"), "first_reply_ms"), Some((1, 60_000)));
    let responsible = day_of(&scene, "agent=a-1");
    assert_eq!(number(&responsible, "cases_opened"), None);
    assert_eq!(number(&responsible, "cases_closed"), Some(1.0));
    assert_eq!(timing(&responsible, "next_reply_ms"), Some((1, 120_000)));
    assert_eq!(number(&day_of(&scene, "category=complaint,team=care"), "messages_in"), Some(2.0));
}

#[test]
fn one_reply_settles_a_first_contact_unless_it_comes_back() {
    let mut scene = Scene::new("c-1#1", Channel::Email);
    scene
        .opened(t("09:00:00"))
        .replies(t("09:01:00"), "a-1")
        .status(t("09:02:00"), ActorKind::Agent, Status::Open, Status::Resolved)
        .status(t("09:03:00"), ActorKind::Customer, Status::Resolved, Status::Closed);
    let mut once = driver("UTC");
    scene.give(&mut once);
    once.run_out();
    once.end();
    assert_eq!(number(&metrics(&once, &format!("{DAY}/-")), "first_contact_resolved"), Some(1.0));
    let week_later = metrics(&once, "demo/2026-03-09T00:00:00.000Z/P1D/-");
    assert_counts(&week_later, &[("first_contact_final", 1.0), ("backlog", 0.0)]);

    scene.status(at("2026-03-03T10:00:00Z"), ActorKind::Agent, Status::Closed, Status::Open).status(
        at("2026-03-03T11:00:00Z"),
        ActorKind::Agent,
        Status::Open,
        Status::Closed,
    );
    let mut reopened = driver("UTC");
    scene.give(&mut reopened);
    reopened.run_out();
    reopened.end();
    assert_eq!(number(&metrics(&reopened, &format!("{DAY}/-")), "first_contact_resolved"), None);
    assert_eq!(number(&metrics(&reopened, "demo/2026-03-03T00:00:00.000Z/P1D/-"), "cases_reopened"), Some(1.0));
    assert!(metrics(&reopened, "demo/2026-03-10T00:00:00.000Z/P1D/-").is_empty());
    assert_eq!(timing(&metrics(&reopened, &format!("{DAY}/-")), "resolution_ms"), None, "counted at the last closing");
}

#[test]
fn a_reopening_that_comes_late_takes_the_settled_first_contact_back() {
    let mut scene = Scene::new("c-1#1", Channel::Email);
    scene.opened(t("09:00:00")).replies(t("09:01:00"), "a-1").status(
        t("09:03:00"),
        ActorKind::Customer,
        Status::Open,
        Status::Closed,
    );
    let mut driver = driver("UTC");
    scene.give(&mut driver);
    driver.run_out();
    let week = "demo/2026-03-09T00:00:00.000Z/P1W/-";
    driver.advance_to(at("2026-03-10T00:30:00Z"));
    assert_eq!(number(&metrics(&driver, week), "first_contact_final"), Some(1.0));
    let mut late = scene.clone();
    late.status(at("2026-03-08T10:00:00Z"), ActorKind::Agent, Status::Closed, Status::Open);
    late.sent.last().unwrap().give_at(&mut driver, at("2026-03-10T01:00:00Z"));
    driver.end();
    assert_eq!(number(&metrics(&driver, week), "first_contact_final"), None);
    assert_eq!(number(&metrics(&driver, week), "late"), Some(1.0), "the figures of the closing were final");
}

#[test]
fn what_a_bot_solved_alone_is_answered_automatically() {
    let base = || {
        let mut scene = Scene::new("c-1#1", Channel::Chat);
        scene.opened(t("09:00:00")).bot_replies(t("09:00:01"));
        scene
    };
    let resolved = |scene: &mut Scene| {
        scene.status(t("09:01:00"), ActorKind::Bot, Status::Open, Status::Resolved);
    };
    for (name, expected, ending) in [
        (
            "confirmed",
            Some(1.0),
            &(|scene: &mut Scene| {
                scene.status(t("09:02:00"), ActorKind::Customer, Status::Open, Status::Closed);
            }) as &dyn Fn(&mut Scene),
        ),
        ("closed by itself once resolved", Some(1.0), &|scene| {
            resolved(scene);
            scene.status(t("09:02:00"), ActorKind::System, Status::Resolved, Status::Closed);
        }),
        ("closed as spam", None, &|scene| {
            resolved(scene);
            scene.closed_because(t("09:02:00"), Status::Resolved, "spam");
        }),
        ("closed as solved", Some(1.0), &|scene| {
            scene.closed_because(t("09:02:00"), Status::Open, "solved");
        }),
        ("a person replied too", None, &|scene| {
            scene.replies(t("09:01:30"), "a-1").closed_because(t("09:02:00"), Status::Open, "solved");
        }),
        ("merged", None, &|scene| {
            scene.merged(t("09:02:00")).closed_because(t("09:02:00"), Status::Open, "solved");
        }),
    ] {
        let mut scene = base();
        ending(&mut scene);
        let all = day_of(&scene, "-");
        assert_eq!(number(&all, "auto_answered"), expected, "{name}");
        assert_eq!(number(&all, "cases_closed"), Some(1.0), "{name}");
        assert_eq!(timing(&all, "resolution_ms").is_some(), name != "merged", "{name}");
    }
}

#[test]
fn calls_and_their_service_level() {
    let mut scene = Scene::new("c-1#1", Channel::Phone);
    scene
        .called(t("09:00:00"), Some("a-1"), "answered", 20_000)
        .called(t("09:01:00"), Some("a-1"), "answered", 20_001)
        .called(t("09:02:00"), None, "abandoned", 5_000)
        .called(t("09:03:00"), None, "abandoned", 5_001)
        .called(t("09:04:00"), None, "voicemail", 60_000);
    assert_counts(
        &day_of(&scene, "channel=phone"),
        &[
            ("calls_offered", 5.0),
            ("calls_answered", 2.0),
            ("calls_abandoned", 2.0),
            ("calls_abandoned_short", 1.0),
            ("answered_in_target", 1.0),
            ("service_level", 0.25),
            ("backlog", 0.0),
        ],
    );
    let by_agent = day_of(&scene, "agent=a-1");
    assert_eq!(number(&by_agent, "service_level"), Some(0.5));
    let mut short = Scene::new("c-1#1", Channel::Phone);
    short.called(t("09:00:00"), None, "abandoned", 1_000);
    assert_eq!(day_of(&short, "-").get("service_level"), Some(&None), "a rate over zero is null");
}

#[test]
fn another_category_moves_the_figures_and_a_retraction_moves_them_back() {
    let mut scene = Scene::new("c-1#1", Channel::Chat);
    scene
        .opened(t("09:00:00"))
        .classified(t("09:00:00"), Category::Inquiry, Subtype::OrderStatus)
        .replies(t("09:01:00"), "a-1")
        .classified(t("11:00:00"), Category::Complaint, Subtype::Logistics);
    let complaint = day_of(&scene, "category=complaint");
    assert_eq!(number(&complaint, "complaints"), Some(1.0));
    assert_eq!(timing(&complaint, "first_reply_ms"), Some((1, 60_000)));
    assert!(day_of(&scene, "category=inquiry").is_empty(), "published before, then emptied");
    assert_eq!(number(&day_of(&scene, "-"), "complaints"), Some(1.0));

    scene.retracted(t("12:00:00"));
    assert!(day_of(&scene, "category=complaint").is_empty());
    assert_eq!(number(&day_of(&scene, "category=inquiry,subtype=order_status"), "cases_opened"), Some(1.0));
    assert_eq!(number(&day_of(&scene, "-"), "complaints"), None);
}

#[test]
fn clocks_count_once_at_their_stop_or_breach() {
    use SlaEventKind::{BreachRetracted, Breached, EndedLate, Met, Resumed};
    let base = || {
        let mut scene = Scene::new("c-1#1", Channel::Chat);
        scene.opened(t("09:00:00")).assigned(t("09:00:00"), "a-1", "care").replies(t("09:05:00"), "a-2");
        scene
    };
    for (events, met, breached) in [
        (vec![("09:05:00", Met)], Some(1.0), None),
        (vec![("09:05:00", Met), ("10:00:00", Resumed)], None, None),
        (vec![("09:01:00", Breached), ("09:05:00", EndedLate)], None, Some(1.0)),
        (vec![("09:01:00", Breached), ("09:01:00", BreachRetracted), ("09:05:00", Met)], Some(1.0), None),
        (vec![("09:01:00", Breached), ("09:05:00", EndedLate), ("10:00:00", Resumed)], None, Some(1.0)),
    ] {
        let mut scene = base();
        for (time, event) in &events {
            scene.clock(t(time), Metric::FirstReply, *event, 240_000);
        }
        let all = day_of(&scene, "-");
        assert_eq!(number(&all, "sla_met.first_reply"), met, "{events:?}");
        assert_eq!(number(&all, "sla_breached.first_reply"), breached, "{events:?}");
        // a stop goes to who replied, a breach to who was responsible
        assert_eq!(number(&day_of(&scene, "agent=a-2"), "sla_met.first_reply"), met, "{events:?}");
        assert_eq!(number(&day_of(&scene, "agent=a-1"), "sla_breached.first_reply"), breached, "{events:?}");
    }
    let mut late = base();
    late.clock(t("09:01:00"), Metric::FirstReply, Breached, 60_000);
    late.clock(t("09:05:00"), Metric::FirstReply, EndedLate, 200_000);
    assert_eq!(timing(&day_of(&late, "-"), "first_reply_business_ms"), Some((1, 200_000)));
}

#[test]
fn business_time_to_resolution_counts_when_the_case_closes() {
    let mut scene = Scene::new("c-1#1", Channel::Chat);
    scene.opened(t("09:00:00")).status(t("09:10:00"), ActorKind::Agent, Status::Open, Status::Resolved).clock(
        t("09:10:00"),
        Metric::Resolution,
        SlaEventKind::Met,
        300_000,
    );
    let resolved = day_of(&scene, "-");
    assert_eq!(number(&resolved, "sla_met.resolution"), Some(1.0));
    assert_eq!(timing(&resolved, "resolution_business_ms"), None);
    scene.status(at("2026-03-03T09:00:00Z"), ActorKind::System, Status::Resolved, Status::Closed);
    let mut driver = driver("UTC");
    scene.give(&mut driver);
    driver.end();
    let next_day = metrics(&driver, "demo/2026-03-03T00:00:00.000Z/P1D/-");
    assert_eq!(timing(&next_day, "resolution_business_ms"), Some((1, 300_000)));
    assert_eq!(timing(&next_day, "resolution_ms"), Some((1, 600_000)));
}

#[test]
fn a_row_is_published_only_when_it_changes() {
    let mut scene = Scene::new("c-1#1", Channel::Chat);
    scene.opened(t("09:00:00")).asks(t("09:00:30")).asks(t("09:01:30"));
    let mut driver = driver("UTC");
    scene.give(&mut driver);
    driver.advance_to(at("2026-03-05T00:00:00Z"));
    let of_key = |key: &str| -> Vec<(i64, bool)> {
        let written = driver.written(&KPI).into_iter().filter(|(written, _)| written == key);
        written.map(|(_, row)| (row.revision, row.is_final)).collect()
    };
    assert_eq!(of_key("demo/2026-03-02T09:00:00.000Z/PT1M/-"), [(1, false), (2, true)]);
    assert_eq!(of_key("demo/2026-03-02T09:00:00.000Z/PT1H/-"), [(1, false), (2, true)]);
    assert_eq!(of_key(&format!("{DAY}/-")), [(1, false), (2, true)]);
}
