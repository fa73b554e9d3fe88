//! How long customers waited, by the wall clock.

use kefu_contracts::{ActorKind, Channel, Status, Timestamp};

use crate::scene::{Scene, at, driver, metrics, timing};

/// Second of 2026-03-02, UTC.
fn s(second: i64) -> Timestamp {
    at("2026-03-02T00:00:00Z").plus_ms(second * 1_000)
}

/// What a wait is expected to be: how many, and their sum in seconds.
type Expected = Option<(i64, i64)>;

fn assert_waits(name: &str, build: &dyn Fn(&mut Scene), acknowledge: Expected, first: Expected, next: Expected) {
    let mut scene = Scene::new("c-1#1", Channel::Chat);
    build(&mut scene);
    let mut driver = driver("UTC");
    scene.give(&mut driver);
    driver.end();
    let day = metrics(&driver, "demo/2026-03-02T00:00:00.000Z/P1D/-");
    let found = |metric: &str| timing(&day, metric).map(|(count, sum)| (count, sum / 1_000));
    assert_eq!(found("acknowledge_ms"), acknowledge, "acknowledge: {name}");
    assert_eq!(found("first_reply_ms"), first, "first reply: {name}");
    assert_eq!(found("next_reply_ms"), next, "next reply: {name}");
}

#[test]
fn of_a_case_that_the_customer_opened() {
    use ActorKind::{Agent, Bot, Customer};
    use Status::{Closed, Open, Resolved};
    assert_waits(
        "nobody answers",
        &|c| {
            c.opened(s(0));
        },
        None,
        None,
        None,
    );
    assert_waits(
        "a bot's reply acknowledges and is no first reply",
        &|c| {
            c.opened(s(0)).bot_replies(s(5)).acknowledged(s(6)).replies(s(60), "a-1");
        },
        Some((1, 5)),
        Some((1, 60)),
        None,
    );
    assert_waits(
        "more messages do not move the wait, a reply answers them all",
        &|c| {
            c.opened(s(0)).asks(s(10)).replies(s(60), "a-1").asks(s(100)).asks(s(130)).replies(s(160), "a-1");
            c.replies(s(170), "a-1").asks(s(200)).replies(s(205), "a-2");
        },
        Some((1, 60)),
        Some((1, 60)),
        Some((2, 65)),
    );
    assert_waits(
        "resolving answers the open message",
        &|c| {
            c.opened(s(0)).replies(s(10), "a-1").asks(s(100)).status(s(130), Agent, Open, Resolved);
        },
        Some((1, 10)),
        Some((1, 10)),
        Some((1, 30)),
    );
    assert_waits(
        "thanks that close the case ask for no reply",
        &|c| {
            c.opened(s(0)).replies(s(10), "a-1").status(s(20), Agent, Open, Resolved).thanked(s(50));
        },
        Some((1, 10)),
        Some((1, 10)),
        None,
    );
    assert_waits(
        "closing cancels the first reply and the acknowledgement; a reopening starts the first reply anew",
        &|c| {
            c.opened(s(0)).status(s(10), Agent, Open, Closed).status(s(500), Agent, Closed, Open);
            c.acknowledged(s(510)).replies(s(520), "a-1");
        },
        None,
        Some((1, 20)),
        None,
    );
    assert_waits(
        "so does a bot that resolves",
        &|c| {
            c.opened(s(0)).bot_replies(s(1)).status(s(2), Bot, Open, Resolved);
            c.asks(s(300)).status(s(300), Customer, Resolved, Open).replies(s(345), "a-1");
        },
        Some((1, 1)),
        Some((1, 45)),
        None,
    );
    assert_waits(
        "a person who resolves without a word does not",
        &|c| {
            c.opened(s(0)).status(s(2), Agent, Open, Resolved);
            c.asks(s(300)).status(s(300), Customer, Resolved, Open).replies(s(345), "a-1");
        },
        Some((1, 345)),
        Some((1, 345)),
        None,
    );
}

#[test]
fn of_a_case_that_an_agent_opened() {
    assert_waits(
        "the first reply is awaited from the customer's first message on, nobody asked for an acknowledgement",
        &|c| {
            c.opened_by_agent(s(0), "a-1").replies(s(0), "a-1").asks(s(600)).replies(s(660), "a-1");
        },
        None,
        Some((1, 60)),
        None,
    );
    assert_waits(
        "a reply at most 5 s ahead of the message answers it at once: clocks differ",
        &|c| {
            c.opened_by_agent(s(0), "a-1").replies(s(0), "a-1").asks(s(5)).asks(s(50)).replies(s(60), "a-1");
        },
        Some((1, 0)),
        Some((1, 0)),
        Some((1, 10)),
    );
    assert_waits(
        "more than 5 s is no skew",
        &|c| {
            c.opened_by_agent(s(0), "a-1").replies(s(0), "a-1").asks(s(6));
        },
        None,
        None,
        None,
    );
}

#[test]
fn resolution_ends_at_the_last_resolved_and_counts_while_closed() {
    use ActorKind::{Agent, Customer};
    use Status::{Closed, Open, Resolved};
    for (name, expected, build) in [
        (
            "resolved, not closed",
            None,
            &(|c: &mut Scene| {
                c.status(s(100), Agent, Open, Resolved);
            }) as &dyn Fn(&mut Scene),
        ),
        ("resolved, closed", Some((1, 100)), &|c| {
            c.status(s(100), Agent, Open, Resolved).status(s(900), Customer, Resolved, Closed);
        }),
        ("closed straight away", Some((1, 900)), &|c| {
            c.status(s(900), Agent, Open, Closed);
        }),
        ("resolved twice", Some((1, 500)), &|c| {
            c.status(s(100), Agent, Open, Resolved).status(s(200), Customer, Resolved, Open);
            c.status(s(500), Agent, Open, Resolved).status(s(900), Customer, Resolved, Closed);
        }),
        ("closed twice counts once", Some((1, 1_500)), &|c| {
            c.status(s(100), Agent, Open, Resolved).status(s(900), Customer, Resolved, Closed);
            c.status(s(1_000), Customer, Closed, Open).status(s(1_500), Agent, Open, Closed);
        }),
        ("open again", None, &|c| {
            c.status(s(900), Agent, Open, Closed).status(s(1_000), Customer, Closed, Open);
        }),
    ] {
        let mut scene = Scene::new("c-1#1", Channel::Chat);
        scene.opened(s(0));
        build(&mut scene);
        let mut driver = driver("UTC");
        scene.give(&mut driver);
        driver.end();
        let day = metrics(&driver, "demo/2026-03-02T00:00:00.000Z/P1D/-");
        let found = timing(&day, "resolution_ms").map(|(count, sum)| (count, sum / 1_000));
        assert_eq!(found, expected, "{name}");
    }
}
