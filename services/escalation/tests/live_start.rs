//! Clocks of cases that come in by the wall clock wait two seconds at most for the classification.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

mod story;

use kefu_contracts::Channel;
use kefu_escalation::domain::clock::replay::{Outcome, Played, replay};
use kefu_escalation::domain::fact::Facts;
use kefu_escalation::domain::moment::{Moment, Rank};
use kefu_policy::Policies;
use story::at;

const POLICY: &str = "
sla:
  - {name: complaints, match: {category: [complaint]}, targets: {first_reply: 5m}}
  - {name: rest, targets: {first_reply: 1h}}
";

/// The name of the rule and the due instant of each event, and the instant waited for.
fn lines(outcome: &Outcome<'_>) -> (Vec<String>, Option<String>) {
    let rule = |event: &kefu_escalation::domain::clock::ClockEvent<'_>| {
        let name = event.terms.rule.map_or("none", |rule| rule.name.as_str());
        format!("{} {name} due {}", event.kind, event.due_at.map(story::text).unwrap_or_default())
    };
    (outcome.events.iter().map(rule).collect(), outcome.next.map(|next| story::text(next.at)))
}

fn play(policies: &Policies, facts: &Facts, live: bool, reached: &str) -> (Vec<String>, Option<String>) {
    let reached = Moment::new(at(reached), Rank::Change);
    let played = Played { facts, acts: &[], channel: Channel::Chat, live, reached };
    lines(&replay(played, policies.history("demo")))
}

#[test]
fn clocks_start_two_seconds_after_the_case_without_a_classification() {
    let policies = story::policies(&[POLICY]);
    let mut facts = Facts::default();
    let story = story::facts("02T09:00 opened\n02T09:00 classified complaint");
    facts.take(&story[0]).unwrap();

    let waiting = (vec![], Some("02T09:00:02".to_owned()));
    assert_eq!(play(&policies, &facts, true, "02T09:00"), waiting);
    let never = (vec![], None);
    assert_eq!(play(&policies, &facts, false, "02T09:01"), never);
    let started = (vec!["started rest due 02T10:00".to_owned()], Some("02T10:00".to_owned()));
    assert_eq!(play(&policies, &facts, true, "02T09:00:02"), started);

    facts.take(&story[1]).unwrap();
    let classified = (vec!["started complaints due 02T09:05".to_owned()], Some("02T09:05".to_owned()));
    assert_eq!(play(&policies, &facts, true, "02T09:00:02"), classified);
}
