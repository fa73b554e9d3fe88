//! Which follow-ups there are, and what becomes of them.

mod scenario;

use kefu_contracts::ActorKind;
use kefu_contracts::survey::{FollowUpKind, FollowUpState};
use scenario::{CaseStory, DAY, HOUR, Shop, at};
use serde_json::json;

const GRACE: i64 = 24 * HOUR;

fn complaint() -> CaseStory {
    CaseStory::opened("c-1#1", "u-1", 0).complaint(0).reply(1).resolved(HOUR)
}

#[test]
fn a_complaint_is_visited_three_days_after_its_end() {
    let mut shop = Shop::new();
    shop.play(&[complaint()]);
    let visit = shop.follow_ups().remove(0);
    assert_eq!((visit.kind, visit.state, visit.due_at), (FollowUpKind::Visit, FollowUpState::Due, at(HOUR + 3 * DAY)));
    assert_eq!((visit.customer_id.as_deref(), visit.owner.as_deref()), (Some("u-1"), Some("a-1")));
    assert_eq!(visit.case_id.as_deref(), Some("c-1#1"));
    shop.advance(HOUR + 3 * DAY + GRACE - 1);
    assert_eq!(shop.follow_up_states(), [(FollowUpState::Due, HOUR + 3 * DAY)]);
    shop.advance(HOUR + 3 * DAY + GRACE);
    assert_eq!(shop.follow_up_states(), [(FollowUpState::Missed, HOUR + 3 * DAY)]);
}

#[test]
fn which_cases_are_visited() {
    use FollowUpState::{Cancelled, Due};
    let opened = || CaseStory::opened("c-1#1", "u-1", 0);
    let due = HOUR + 3 * DAY;
    for (name, policy, story, wanted) in [
        ("an inquiry", "", opened().reply(1).resolved(HOUR), vec![]),
        ("spam", "", opened().complaint(0).status(HOUR, "closed", ActorKind::Agent, Some("spam")), vec![]),
        ("not by this policy", "follow_up: {complaint: null}", complaint(), vec![]),
        ("another delay", "follow_up: {complaint: 1d}", complaint(), vec![(Due, HOUR + DAY)]),
        ("taken up again", "", complaint().reopened(2 * HOUR), vec![(Cancelled, due)]),
        (
            "ended twice",
            "",
            complaint().reopened(2 * HOUR).resolved(3 * HOUR),
            vec![(Cancelled, due), (Due, 3 * HOUR + 3 * DAY)],
        ),
        ("a return done", "", opened().completed(HOUR, "A1"), vec![(Due, HOUR + 2 * DAY)]),
        (
            "one visit an order",
            "",
            opened().completed(HOUR, "A1").completed(2 * HOUR, "A1").completed(2 * HOUR, "A2"),
            vec![(Due, HOUR + 2 * DAY), (Due, 2 * HOUR + 2 * DAY)],
        ),
    ] {
        let mut shop = Shop::with_policy(policy);
        shop.play(&[story]);
        assert_eq!(shop.follow_up_states(), wanted, "{name}");
    }
}

#[test]
fn a_visit_is_done_with_an_outcome() {
    let mut shop = Shop::new();
    shop.play(&[complaint()]);
    let id = shop.follow_ups()[0].follow_up_id.clone();
    for (command, target, data, status, code) in [
        ("k-1", id.as_str(), json!({}), 422, Some("missing_field")),
        ("k-2", "nothing", json!({"outcome": "well"}), 404, Some("not_found")),
        ("k-3", &id, json!({"outcome": "content now"}), 200, None),
        ("k-4", &id, json!({"outcome": "again"}), 409, Some("conflict")),
    ] {
        let result = shop.command(command, "follow_up_done", target, 2 * DAY, data);
        assert_eq!((result.status, result.code.as_deref()), (status, code), "{command}");
    }
    shop.advance(30 * DAY);
    let visit = shop.follow_ups().remove(0);
    assert_eq!((visit.state, visit.outcome.as_deref()), (FollowUpState::Done, Some("content now")));
}

#[test]
fn a_review_keeps_findings_and_measures() {
    let mut shop = Shop::new();
    shop.play(&[CaseStory::opened("c-1#1", "u-1", 0).reply(1).resolved(HOUR)]);
    shop.advance(HOUR);
    let survey = shop.survey("c-1#1", 1).survey_id;
    shop.command("k-1", "answer", &survey, 2 * HOUR, json!({"score": 1}));
    let id = shop.follow_ups()[0].follow_up_id.clone();
    let measure = json!({"text": "train", "owner": "s-1", "due_at": at(5 * DAY)});
    let update = |data| (id.clone(), data);
    for (command, (target, data), status) in [
        ("k-2", update(json!({"findings": "late"})), 200),
        ("k-3", update(json!({"measures": [measure]})), 200),
        ("k-4", update(json!({})), 422),
    ] {
        assert_eq!(shop.command(command, "review_update", &target, 3 * HOUR, data).status, status, "{command}");
    }
    let review = shop.follow_ups().remove(0);
    assert_eq!((review.findings.as_deref(), review.state), (Some("late"), FollowUpState::Due));
    assert_eq!(review.measures.map(|measures| measures[0].due_at), Some(at(5 * DAY)));
}

#[test]
fn important_customers_are_visited_again_and_again() {
    let mut vip = CaseStory::opened("c-1#1", "", 0);
    vip.context.customer_id = Some("u-1".into());
    vip.context.tier = Some("vip".into());
    let mut shop = Shop::with_policy("follow_up: {important_every: 90d}");
    shop.play(&[vip.reply(HOUR), CaseStory::opened("c-2#1", "u-2", 0).flagged(2 * HOUR, true)]);
    let due = |state| vec![(state, HOUR + 90 * DAY), (state, 2 * HOUR + 90 * DAY)];
    assert_eq!(shop.follow_up_states(), due(FollowUpState::Due));
    shop.advance(2 * HOUR + 90 * DAY);
    let mut wanted = due(FollowUpState::Due);
    wanted.extend([(FollowUpState::Due, HOUR + 180 * DAY), (FollowUpState::Due, 2 * HOUR + 180 * DAY)]);
    assert_eq!(shop.follow_up_states(), wanted);
}

#[test]
fn visits_end_when_the_customer_is_important_no_more() {
    let mut shop = Shop::new();
    shop.play(&[CaseStory::opened("c-1#1", "u-1", 0).flagged(HOUR, true).flagged(2 * HOUR, false)]);
    assert_eq!(shop.follow_up_states(), [(FollowUpState::Cancelled, HOUR + 90 * DAY)]);
}

#[test]
fn periodic_visits_do_not_prolong_a_replay() {
    let mut shop = Shop::new();
    shop.play(&[complaint().flagged(2 * HOUR, true)]);
    shop.driver.run_out();
    let states = shop.follow_up_states();
    assert_eq!(states, [(FollowUpState::Missed, HOUR + 3 * DAY), (FollowUpState::Due, 2 * HOUR + 90 * DAY)]);
}
