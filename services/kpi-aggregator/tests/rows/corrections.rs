//! What is said later of the same fact or clock takes the place of what was said before.

use kefu_contracts::sla_event::SlaEventKind;
use kefu_contracts::{ActorKind, Channel, Metric, Status, Timestamp};

use crate::scene::{Metrics, Scene, at, driver, metrics, number, timing};

const DAY: &str = "demo/2026-03-02T00:00:00.000Z/P1D";

/// 2026-03-02, UTC.
fn t(time: &str) -> Timestamp {
    at(&format!("2026-03-02T{time}Z"))
}

/// The day's row, all of it having arrived by the evening.
fn day_of(scene: &Scene, dimensions: &str) -> Metrics {
    let mut driver = driver("UTC");
    for sent in &scene.sent {
        sent.give_at(&mut driver, t("20:00:00").max(sent.at()));
    }
    driver.end();
    assert_eq!(driver.dead_letters(), []);
    metrics(&driver, &format!("{DAY}/{dimensions}"))
}

/// A case with figures of every sort, told with the labels it has at first.
fn labelled() -> Scene {
    let mut scene = Scene::new("c-1#1", Channel::Chat).labelled("s1", "p1");
    scene
        .opened(t("09:00:00"))
        .called(t("09:00:30"), None, "abandoned", 6_000)
        .replies(t("09:05:00"), "a-1")
        .clock(t("09:05:00"), Metric::FirstReply, SlaEventKind::Met, 300_000)
        .clock(t("09:07:00"), Metric::Resolution, SlaEventKind::Breached, 420_000)
        .status(t("09:10:00"), ActorKind::Agent, Status::Open, Status::PendingCustomer);
    scene
}

#[test]
fn other_labels_move_all_figures_whatever_fact_tells_them() {
    let before = labelled();
    let figures = day_of(&before, "shop=s1");
    assert_eq!(figures, day_of(&before, "product=p1"));
    for name in ["cases_opened", "calls_abandoned", "sla_met.first_reply", "sla_breached.resolution", "backlog"] {
        assert_eq!(number(&figures, name), Some(1.0), "{name}");
    }
    assert_eq!(timing(&figures, "first_reply_ms"), Some((1, 300_000)));

    let tell: [fn(&mut Scene); 2] = [
        |scene| {
            scene.noted(t("19:00:00"));
        },
        |scene| {
            scene.told_again_by("a-1");
        },
    ];
    for tell in tell {
        let mut scene = before.clone();
        tell(scene.relabelled("s2", "p1"));
        assert_eq!(day_of(&scene, "shop=s2"), figures);
        assert_eq!(day_of(&scene, "shop=s1"), Metrics::new(), "published before, then emptied");
        assert_eq!(day_of(&scene, "product=p1"), figures);
        assert_eq!(day_of(&scene, "-"), figures);
    }
}

#[test]
fn labels_go_with_the_fact_that_told_them() {
    let before = labelled();
    let figures = day_of(&before, "shop=s1");
    let mut scene = before.clone();
    scene.relabelled("s2", "p2").noted(t("19:00:00")).retracted(t("19:00:00"));
    assert_eq!(day_of(&scene, "shop=s1"), figures);
    assert_eq!(day_of(&scene, "shop=s2"), Metrics::new());
    assert_eq!(day_of(&scene, "product=p1"), figures);
}

#[test]
fn labels_of_the_past_move_nothing() {
    let mut scene = labelled();
    let figures = day_of(&scene, "shop=s1");
    scene.relabelled("s0", "p0").noted(t("08:59:00"));
    assert_eq!(day_of(&scene, "shop=s1"), figures);
    assert_eq!(day_of(&scene, "shop=s0"), Metrics::new());
}

#[test]
fn a_reply_that_turns_out_to_be_by_another_agent_counts_for_that_one() {
    let mut scene = Scene::new("c-1#1", Channel::Phone);
    scene.opened(t("09:00:00")).replies(t("09:05:00"), "a-1").told_again_by("a-2").told_again_by("a-2");
    assert_eq!(day_of(&scene, "agent=a-1"), Metrics::new());
    let by_other = day_of(&scene, "agent=a-2");
    assert_eq!(number(&by_other, "messages_out"), Some(1.0));
    assert_eq!(timing(&by_other, "first_reply_ms"), Some((1, 300_000)));
    assert_eq!(number(&day_of(&scene, "-"), "messages_out"), Some(1.0));
}

#[test]
fn clocks_stand_as_they_were_last_said_to_although_the_correction_has_an_earlier_instant() {
    use SlaEventKind::{BreachRetracted, Breached, Cancelled, Met};
    let met = |time| Some((time, Met));
    let breached = |time| Some((time, Breached));
    for (said, expected) in [
        (vec![("09:30:00", Met), ("09:20:00", Met)], met("09:20:00")),
        (vec![("09:30:00", Met), ("09:20:00", Cancelled)], None),
        (vec![("09:30:00", Breached), ("09:30:00", BreachRetracted), ("09:20:00", Cancelled)], None),
        // the first of two breaches, by a change of policy, moved after the second was told
        (
            vec![("09:10:00", Breached), ("09:30:00", Breached), ("09:10:00", BreachRetracted), ("09:15:00", Breached)],
            breached("09:30:00"),
        ),
    ] {
        let mut scene = Scene::new("c-1#1", Channel::Chat);
        scene.opened(t("09:00:00"));
        for (time, event) in &said {
            scene.clock(t(time), Metric::Resolution, *event, 60_000);
        }
        let mut driver = driver("UTC");
        scene.give(&mut driver);
        driver.end();
        let all = metrics(&driver, &format!("{DAY}/-"));
        for (kind, name) in [(Met, "sla_met.resolution"), (Breached, "sla_breached.resolution")] {
            let counted = expected.filter(|(_, counted)| *counted == kind);
            assert_eq!(number(&all, name), counted.map(|_| 1.0), "{name} {said:?}");
            if let Some((time, _)) = counted {
                let minute = format!("demo/2026-03-02T{time}.000Z/PT1M/-");
                assert_eq!(number(&metrics(&driver, &minute), name), Some(1.0), "{name} {said:?}");
            }
        }
    }
    let mut never = Scene::new("c-1#1", Channel::Chat);
    never.opened(t("09:00:00")).clock(t("09:30:00"), Metric::Resolution, Breached, 60_000);
    never.clock_never_was(t("09:30:00"), Metric::Resolution);
    assert_eq!(number(&day_of(&never, "-"), "sla_breached.resolution"), None);
}
