//! How long customers waited, by the wall clock.

use kefu_contracts::sla_event::SlaEventKind;
use kefu_contracts::{ActorKind, Channel, Metric, Status, Timestamp};

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
fn of_a_case_that_was_over() {
    use ActorKind::{Agent, Bot};
    use Status::{Closed, Open, PendingCustomer, Resolved};
    assert_waits(
        "after a reply to a closed case no first reply is awaited, but next ones are",
        &|c| {
            c.opened(s(0)).status(s(10), Agent, Open, Closed).replies(s(20), "a-1");
            c.comes_back(s(300), Closed).replies(s(340), "a-1");
        },
        None,
        None,
        Some((1, 40)),
    );
    assert_waits(
        "thanks to a closed case ask for no reply",
        &|c| {
            c.opened(s(0)).replies(s(10), "a-1").status(s(20), Agent, Open, Closed).asks(s(30)).replies(s(40), "a-1");
        },
        Some((1, 10)),
        Some((1, 10)),
        None,
    );
    assert_waits(
        "what a bot resolved comes back in whatever state",
        &|c| {
            c.opened(s(0)).bot_replies(s(1)).status(s(2), Bot, Open, Resolved);
            c.status(s(100), Agent, Resolved, PendingCustomer).replies(s(130), "a-1");
        },
        Some((1, 1)),
        Some((1, 30)),
        None,
    );
    assert_waits(
        "nobody is to reply to a customer who has not written",
        &|c| {
            c.opened_by_agent(s(0), "a-1").status(s(10), Agent, Open, Closed).status(s(20), Agent, Closed, Open);
            c.asks(s(300)).replies(s(330), "a-1");
        },
        None,
        Some((1, 30)),
        None,
    );
}

#[test]
fn wall_time_and_business_time_count_the_same_stops() {
    use SlaEventKind::{EndedLate, Met};
    // the clocks of next replies run from the first message on, as a policy may say
    let mut from_the_first = Scene::new("c-1#1", Channel::Social);
    from_the_first.opened(s(0)).replies(s(60), "a-1");
    from_the_first.clock(s(60), Metric::FirstReply, Met, 50_000).clock(s(60), Metric::NextReply, Met, 50_000);
    // they do not, and the first clock of a next reply ends late
    let mut from_the_second = Scene::new("c-2#1", Channel::Chat);
    from_the_second.opened(s(0)).replies(s(30), "a-2").asks(s(100)).replies(s(300), "a-2");
    from_the_second.clock(s(30), Metric::FirstReply, Met, 20_000).clock(s(300), Metric::NextReply, EndedLate, 150_000);
    // no reply has a target
    let mut without = Scene::new("c-3#1", Channel::Visit);
    without.opened(s(0)).replies(s(5), "a-3").asks(s(10)).replies(s(20), "a-3");
    // a clock of whose stop no fact has come yet
    let mut early = Scene::new("c-4#1", Channel::Email);
    early.opened(s(0)).clock(s(40), Metric::NextReply, Met, 30_000);
    let mut driver = driver("UTC");
    for scene in [from_the_first, from_the_second, without, early] {
        scene.give(&mut driver);
    }
    driver.end();
    for (dimensions, metric, wall, business) in [
        ("-", "first_reply", Some((3, 95)), Some((2, 70))),
        ("-", "next_reply", Some((3, 270)), Some((2, 200))),
        ("agent=a-1", "next_reply", Some((1, 60)), Some((1, 50))),
        ("agent=a-2", "next_reply", Some((1, 200)), Some((1, 150))),
        ("agent=a-3", "next_reply", Some((1, 10)), None),
        ("channel=email", "next_reply", None, None),
    ] {
        let day = metrics(&driver, &format!("demo/2026-03-02T00:00:00.000Z/P1D/{dimensions}"));
        let seconds = |name: String| timing(&day, &name).map(|(count, sum)| (count, sum / 1_000));
        let found = (seconds(format!("{metric}_ms")), seconds(format!("{metric}_business_ms")));
        assert_eq!(found, (wall, business), "{metric} {dimensions}");
    }
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
        "also one told as sent at the message's own instant, before it",
        &|c| {
            c.opened_by_agent(s(5), "a-1").replies(s(5), "a-1").asks(s(5)).asks(s(50)).replies(s(60), "a-1");
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
