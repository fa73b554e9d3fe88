//! Which surveys go out, to whom, and what becomes of them.

mod scenario;

use kefu_contracts::outbound::OutboundKind;
use kefu_contracts::survey::{FollowUpKind, SurveyState};
use kefu_contracts::topic::{CHANNEL_EVENTS, OUTBOUND, SURVEYS};
use kefu_contracts::{ActorKind, Category, Channel, Code, Language, Subtype};
use kefu_satisfaction_survey::topics::{CANDIDATES, INVITATIONS};
use scenario::{CaseStory, DAY, HOUR, Shop, at};
use serde_json::json;

fn solved_case() -> CaseStory {
    CaseStory::opened("c-1#1", "u-1", 0).reply(1_000).resolved(HOUR)
}

/// A shop whose customer was asked about `c-1#1` at one hour, and the survey's id.
fn asked() -> (Shop, String) {
    let mut shop = Shop::new();
    shop.play(&[solved_case()]);
    shop.advance(HOUR);
    let survey_id = shop.survey("c-1#1", 1).survey_id;
    (shop, survey_id)
}

#[test]
fn an_invitation_goes_out_when_service_ends() {
    let mut shop = Shop::new();
    let story = CaseStory::opened_on(Channel::Email, "c-1#1", "Ann@Example.com", 0);
    let story = story.classified(0, Category::Inquiry, Subtype::Payment, Language::ZhHant);
    shop.hear(&[story.reply(1_000).resolved(HOUR)]);
    assert!(shop.surveys().is_empty(), "decided only when everything up to that instant has come in");
    shop.advance(HOUR);

    let survey = shop.survey("c-1#1", 1);
    assert_eq!(
        (survey.state, survey.channel, survey.language),
        (SurveyState::Invited, Channel::Email, Language::ZhHant)
    );
    assert_eq!((survey.invited_at, survey.expires_at, survey.revision), (at(HOUR), at(HOUR + 7 * DAY), 1));
    let (key, message) = shop.driver.written(&OUTBOUND).remove(0);
    assert_eq!(key, "demo/c-1");
    assert_eq!(
        (message.kind, message.channel, message.language),
        (OutboundKind::Survey, Channel::Email, Language::ZhHant)
    );
    assert_eq!(message.recipient.id, "Ann@Example.com");
    assert_eq!(message.subject.as_deref(), Some("您對我們的服務滿意嗎?"));
    let data = message.data.unwrap().0;
    assert_eq!(data["survey_id"], survey.survey_id);
    assert_eq!(data["expires_at"], "2026-03-09T01:00:00.000Z");
    assert_eq!(data["levels"][0], json!({"score": 5, "text": "高度滿意"}));
    assert_eq!(data["factors"], json!(["speed", "solved", "politeness", "knowledge", "effort"]));
}

#[test]
fn each_reason_not_to_ask_is_told() {
    let open = |case: &str| CaseStory::opened(case, "u-1", 0);
    let spam = |story: CaseStory| story.classified(0, Category::Other, Subtype::Spam, Language::En);
    let chitchat = |story: CaseStory| story.classified(0, Category::Other, Subtype::Chitchat, Language::En);
    for (story, wanted) in [
        (open("c#1").reply(1).status(5, "closed", ActorKind::Agent, Some("spam")), "c#1/1 suppressed spam"),
        (spam(open("c#1")).reply(1).resolved(5), "c#1/1 suppressed spam"),
        (chitchat(open("c#1")).reply(1).resolved(5), "c#1/1 suppressed other"),
        (open("c#1").reply(1).status(5, "closed", ActorKind::Agent, Some("duplicate")), "c#1/1 suppressed duplicate"),
        (open("c#1").status(5, "closed", ActorKind::System, Some("no_response")), "c#1/1 suppressed no_reply"),
        (open("c#1").status(5, "resolved", ActorKind::Bot, None), "c#1/1 suppressed no_reply"),
        (open("c#1").bot_reply(1).status(5, "resolved", ActorKind::Bot, None), "c#1/1 invited"),
        (open("c#1").reply(1).status(5, "closed", ActorKind::System, Some("no_response")), "c#1/1 invited"),
        (open("c#1").status(5, "closed", ActorKind::Customer, None), "c#1/1 invited"),
        (CaseStory::opened("c#1", "", 0).reply(1).resolved(5), "c#1/1 suppressed no_customer"),
        (
            CaseStory::opened_on(Channel::Social, "c#1", "u-1", 0).reply(1).resolved(24 * HOUR + 1),
            "c#1/1 suppressed channel_window",
        ),
        (CaseStory::opened_on(Channel::Social, "c#1", "u-1", 0).reply(1).resolved(24 * HOUR), "c#1/1 invited"),
    ] {
        let mut shop = Shop::new();
        shop.play(&[story]);
        shop.advance(2 * DAY);
        assert_eq!(shop.states(), [wanted]);
        let asked = shop.outbound().iter().filter(|message| message.kind == OutboundKind::Survey).count();
        assert_eq!(asked, usize::from(wanted.ends_with("invited")), "{wanted}");
    }
}

#[test]
fn repeated_resolutions_and_closings_give_one_invitation() {
    let mut shop = Shop::new();
    let story = solved_case().resolved(HOUR + 1).status(2 * HOUR, "closed", ActorKind::System, None);
    shop.play(std::slice::from_ref(&story));
    shop.advance(3 * HOUR);
    for fact in &story.facts {
        shop.tell(fact, false);
    }
    shop.advance(4 * HOUR);
    assert_eq!(shop.states(), ["c-1#1/1 invited"]);
    assert_eq!((shop.outbound().len(), shop.driver.written(&SURVEYS).len()), (1, 1));
}

#[test]
fn a_fact_told_again_with_another_customer_moves_the_survey() {
    let mut shop = Shop::new();
    let story = solved_case();
    shop.hear(std::slice::from_ref(&story));
    for mut fact in story.facts {
        fact.context.customer_id = Some("u-2".into());
        shop.tell(&fact, false);
    }
    shop.advance(HOUR);
    assert_eq!(shop.states(), ["c-1#1/1 invited"]);
    assert_eq!(shop.outbound().iter().map(|message| message.recipient.id.as_str()).collect::<Vec<_>>(), ["u-2"]);
}

#[test]
fn quiet_is_exact_and_counts_every_conversation() {
    for (gap, wanted) in [(30 * DAY - 1, "b#1/1 suppressed quiet"), (30 * DAY, "b#1/1 invited")] {
        let mut shop = Shop::new();
        let first = CaseStory::opened_on(Channel::Email, "a#1", "Ann@Example.com", 0).reply(1).resolved(HOUR);
        let second = CaseStory::opened_on(Channel::Chat, "b#1", "ann@EXAMPLE.com", 0).reply(1).resolved(HOUR + gap);
        let other = CaseStory::opened("d#1", "u-9", 0).reply(1).resolved(HOUR + 1);
        shop.play(&[first, second, other]);
        shop.advance(HOUR + gap);
        assert_eq!(shop.states(), ["a#1/1 expired", wanted, "d#1/1 expired"], "{gap}");
    }
}

#[test]
fn quiet_follows_the_order_of_events_not_of_arrival() {
    let mut shop = Shop::new();
    let first = CaseStory::opened("a#1", "u-1", 0).reply(1).resolved(HOUR);
    let second = CaseStory::opened("b#1", "u-1", 0).reply(1).resolved(HOUR + 1);
    for fact in second.facts.iter().chain(&first.facts) {
        shop.tell(fact, false);
    }
    shop.advance(DAY);
    assert_eq!(shop.states(), ["a#1/1 invited", "b#1/1 suppressed quiet"]);
}

#[test]
fn a_reopening_before_the_answer_cancels_and_the_next_end_has_its_own_survey() {
    let mut shop = Shop::with_policy("survey: {quiet: 0s}");
    shop.play(&[solved_case().reopened(2 * HOUR).resolved(3 * HOUR)]);
    shop.advance(3 * HOUR);
    assert_eq!(shop.states(), ["c-1#1/1 cancelled reopened", "c-1#1/2 invited"]);
    let id = shop.survey("c-1#1", 1).survey_id;
    let refused = shop.command("k-1", "answer", &id, 4 * HOUR, json!({"score": 5}));
    assert_eq!((refused.status, refused.code.as_deref()), (409, Some("conflict")));
}

#[test]
fn an_answer_given_before_the_reopening_counts_even_if_heard_of_later() {
    let (mut shop, id) = asked();
    let reopened = solved_case().reopened(3 * HOUR);
    for fact in &reopened.facts {
        shop.tell(fact, false);
    }
    shop.advance(HOUR);
    assert_eq!(shop.survey_state("c-1#1", 1), SurveyState::Invited);
    assert_eq!(shop.command("k-1", "answer", &id, 2 * HOUR, json!({"score": 5})).status, 200);
    shop.advance(3 * HOUR);
    assert_eq!(shop.survey_state("c-1#1", 1), SurveyState::Answered);
}

#[test]
fn a_resolution_that_was_never_true_withdraws_its_survey() {
    let (mut shop, _) = asked();
    shop.tell(solved_case().retracted(HOUR, 3).facts.last().unwrap(), false);
    shop.advance(HOUR);
    assert_eq!(shop.states(), ["c-1#1/1 cancelled withdrawn"]);

    let mut shop = Shop::new();
    for fact in solved_case().retracted(HOUR, 3).facts {
        shop.tell(&fact, false);
    }
    shop.advance(DAY);
    assert!(shop.surveys().is_empty() && shop.outbound().is_empty(), "never decided, never told");
}

#[test]
fn an_answer_is_recorded_once() {
    let (mut shop, id) = asked();
    let data = json!({"score": 4, "solved": true, "ranking": ["effort", "speed"], "comment": "好"});
    let result = shop.command("k-1", "answer", &id, 2 * HOUR, data.clone());
    assert_eq!((result.status, &result.body.0["state"], &result.body.0["score"]), (200, &json!("answered"), &json!(4)));
    let survey = shop.survey("c-1#1", 1);
    assert_eq!((survey.answered_at, survey.score, survey.solved), (Some(at(2 * HOUR)), Some(4), Some(true)));
    assert_eq!(survey.ranking, Some(vec!["effort".to_owned(), "speed".to_owned()]));
    assert_eq!((survey.comment.as_deref(), survey.revision), (Some("好"), 2));

    assert_eq!(shop.command("k-1", "answer", &id, 2 * HOUR + 1, data), result, "the same command, the same answer");
    let second = shop.command("k-2", "answer", &id, 3 * HOUR, json!({"score": 1}));
    assert_eq!((second.status, second.code.as_deref()), (409, Some("already_answered")));
    let reused = shop.command("k-1", "answer", &id, 3 * HOUR, json!({"score": 1}));
    assert_eq!((reused.status, reused.code.as_deref()), (422, Some("idempotency_mismatch")));
    assert_eq!(shop.survey("c-1#1", 1).score, Some(4));
}

#[test]
fn an_answer_must_be_in_order_in_time_and_for_a_survey() {
    let (mut shop, id) = asked();
    let expiry = HOUR + 7 * DAY;
    for (command, target, ms, data, status, code) in [
        ("k-1", id.as_str(), 2 * HOUR, json!({"score": 6}), 422, "invalid_field"),
        ("k-2", &id, 2 * HOUR, json!({"score": 5, "ranking": ["speed", "speed"]}), 422, "invalid_field"),
        ("k-3", "nothing", 2 * HOUR, json!({"score": 5}), 404, "not_found"),
        ("k-4", &id, expiry, json!({"score": 5}), 410, "expired"),
    ] {
        let result = shop.command(command, "answer", target, ms, data);
        assert_eq!((result.status, result.code.as_deref()), (status, Some(code)), "{command}");
    }
    assert_eq!(shop.survey_state("c-1#1", 1), SurveyState::Expired);
}

#[test]
fn the_last_millisecond_counts() {
    let (mut shop, id) = asked();
    let result = shop.command("k-1", "answer", &id, HOUR + 7 * DAY - 1, json!({"score": 5}));
    assert_eq!(result.status, 200);
    shop.advance(30 * DAY);
    assert_eq!(shop.survey_state("c-1#1", 1), SurveyState::Answered);
}

#[test]
fn one_reminder_goes_out_unless_answered_cancelled_or_outside_the_window() {
    let reminders = |shop: &Shop| {
        let sent = shop.outbound().into_iter().filter(|message| message.kind == OutboundKind::Reminder);
        sent.map(|message| message.at).collect::<Vec<_>>()
    };
    let (mut shop, _) = asked();
    shop.advance(20 * DAY);
    assert_eq!(reminders(&shop), [at(HOUR + 2 * DAY)]);
    assert_eq!(shop.survey_state("c-1#1", 1), SurveyState::Expired);

    let (mut shop, id) = asked();
    shop.command("k-1", "answer", &id, 2 * HOUR, json!({"score": 5}));
    shop.advance(20 * DAY);
    assert_eq!(reminders(&shop), []);

    let mut shop = Shop::new();
    shop.play(&[solved_case().reopened(2 * HOUR)]);
    shop.advance(20 * DAY);
    assert_eq!(reminders(&shop), []);

    let mut shop = Shop::new();
    shop.play(&[CaseStory::opened_on(Channel::Social, "c-1#1", "u-1", 0).reply(1).resolved(HOUR)]);
    shop.advance(20 * DAY);
    assert_eq!(reminders(&shop), []);
    assert_eq!(shop.outbound()[0].expires_at, Some(at(DAY)), "not delivered after the window either");
}

#[test]
fn a_low_score_opens_one_review_of_the_case() {
    let mut shop = Shop::with_policy("survey: {quiet: 0s}");
    shop.play(&[solved_case()]);
    shop.advance(HOUR);
    let first = shop.survey("c-1#1", 1).survey_id;
    shop.command("k-1", "answer", &first, 2 * HOUR, json!({"score": 2}));
    let mut again = solved_case().reopened(3 * HOUR).resolved(4 * HOUR);
    again.facts.drain(..solved_case().facts.len());
    shop.play(&[again]);
    shop.advance(4 * HOUR);
    let second = shop.survey("c-1#1", 2).survey_id;
    shop.command("k-2", "answer", &second, 5 * HOUR, json!({"score": 1}));

    let reviews = shop.follow_ups();
    assert_eq!(reviews.len(), 1, "{reviews:?}");
    let review = &reviews[0];
    assert_eq!((review.kind, review.case_id.as_deref()), (FollowUpKind::Review, Some("c-1#1")));
    assert_eq!((review.owner.as_deref(), review.due_at), (Some("lead-1"), at(2 * HOUR + 3 * DAY)));
}

#[test]
fn a_score_above_two_opens_no_review() {
    let (mut shop, id) = asked();
    shop.command("k-1", "answer", &id, 2 * HOUR, json!({"score": 3}));
    assert!(shop.follow_ups().is_empty());
}

#[test]
fn a_problem_not_solved_is_said_in_the_conversation() {
    for (solved, said) in [(json!(false), 1), (json!(true), 0), (json!(null), 0)] {
        let (mut shop, id) = asked();
        shop.command("k-1", "answer", &id, 2 * HOUR, json!({"score": 3, "solved": solved, "comment": "還是不行"}));
        let events = shop.driver.written(&CHANNEL_EVENTS);
        assert_eq!(events.len(), said);
        if let Some((key, event)) = events.first() {
            assert_eq!((key.as_str(), event.kind.as_str()), ("demo/c-1", "dissatisfied"));
            assert_eq!((event.actor.kind, event.actor.id.as_str()), (ActorKind::Customer, "u-1"));
            assert_eq!((event.occurred_at, event.data.text.as_deref()), (at(2 * HOUR), Some("還是不行")));
        }
    }
}

#[test]
fn the_reopening_that_an_answer_causes_does_not_cancel_it() {
    let (mut shop, id) = asked();
    shop.command("k-1", "answer", &id, 2 * HOUR, json!({"score": 1, "solved": false}));
    for fact in &solved_case().status(2 * HOUR, "open", ActorKind::Customer, None).facts {
        shop.tell(fact, false);
    }
    assert_eq!(shop.survey_state("c-1#1", 1), SurveyState::Answered);
}

#[test]
fn a_case_taken_up_again_after_it_was_folded_goes_on_counting() {
    let mut shop = Shop::with_policy("survey: {quiet: 0s}");
    let closed = solved_case().status(2 * HOUR, "closed", ActorKind::System, None);
    let known = closed.facts.len();
    shop.play(std::slice::from_ref(&closed));
    shop.advance(60 * DAY);
    let mut again = closed.status(61 * DAY, "open", ActorKind::Agent, None).resolved(62 * DAY);
    again.facts.drain(..known);
    shop.play(&[again]);
    shop.advance(62 * DAY);
    assert_eq!(shop.states(), ["c-1#1/1 expired", "c-1#1/2 invited"]);
}

#[test]
fn an_endless_conversation_keeps_what_decides() {
    let mut shop = Shop::new();
    let mut story = CaseStory::opened_on(Channel::Social, "c-1#1", "u-1", 0);
    for n in 1..2_000 {
        story = if n % 2 == 0 { story.message(n * 60_000) } else { story.reply(n * 60_000) };
    }
    shop.play(&[story.resolved(2_000 * 60_000)]);
    shop.advance(2 * DAY);
    assert_eq!((shop.states(), shop.driver.dead_letters().len()), (vec!["c-1#1/1 invited".to_owned()], 0));
}

#[test]
fn a_case_that_never_rests_is_refused_one_day() {
    let mut shop = Shop::new();
    let mut story = CaseStory::opened("c-1#1", "u-1", 0);
    for n in 1..=520 {
        let to = if n % 2 == 0 { "open" } else { "resolved" };
        story = story.status(n, to, ActorKind::Agent, None);
    }
    shop.play(&[story]);
    let refused = shop.driver.dead_letters();
    assert!(!refused.is_empty() && refused.iter().all(|(code, _)| *code == Code::TooLarge), "{refused:?}");
}

#[test]
fn what_is_said_at_the_instant_of_the_end_counts_for_it() {
    let mut story = solved_case().classified(HOUR, Category::Other, Subtype::Spam, Language::En);
    for reversed in [false, true] {
        let mut shop = Shop::new();
        story.facts.reverse();
        story.facts.iter().for_each(|fact| shop.tell(fact, false));
        shop.advance(HOUR);
        assert_eq!(shop.states(), ["c-1#1/1 suppressed spam"], "reversed {reversed}");
    }
}

#[test]
fn a_candidate_waits_for_its_own_instant_not_for_anothers() {
    let mut shop = Shop::new();
    let spam = CaseStory::opened("a#1", "u-1", 0).status(HOUR, "closed", ActorKind::Agent, Some("spam"));
    let last = CaseStory::opened("b#1", "u-1", 0).resolved(10 * DAY);
    let between = CaseStory::opened("d#1", "u-1", 0).resolved(5 * DAY);
    spam.facts.iter().chain(&last.facts).for_each(|fact| shop.tell(fact, false));
    shop.advance(2 * HOUR);
    between.facts.iter().for_each(|fact| shop.tell(fact, false));
    shop.advance(10 * DAY);
    assert_eq!(shop.states(), ["a#1/1 suppressed spam", "b#1/1 suppressed quiet", "d#1/1 invited"]);
}

#[test]
fn news_that_are_outdated_when_they_arrive_change_nothing() {
    let (mut shop, id) = asked();
    let before = shop.driver.written(&INVITATIONS).pop().unwrap();
    shop.tell(solved_case().reopened(2 * HOUR).facts.last().unwrap(), false);
    shop.advance(2 * HOUR);
    assert_eq!(shop.states(), ["c-1#1/1 cancelled reopened"]);
    shop.driver.send(&INVITATIONS, &format!("demo/{id}"), &before.1);
    assert_eq!(shop.states(), ["c-1#1/1 cancelled reopened"]);
}

#[test]
fn only_what_changed_is_said_again() {
    let (mut shop, _) = asked();
    let said = shop.driver.written(&CANDIDATES).len();
    shop.tell(solved_case().reply(HOUR + 1).facts.last().unwrap(), false);
    assert_eq!(shop.driver.written(&CANDIDATES).len(), said);
}
