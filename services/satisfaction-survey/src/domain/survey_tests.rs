use kefu_contracts::{Channel, Language};
use kefu_policy::SurveySettings;

use super::super::resolution::Suppression;
use super::*;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

fn news(version: Version, decision: Decision, reopened_ms: Option<i64>) -> SurveyNews {
    let candidate = Candidate {
        survey_id: "s-1".into(),
        case_id: "c-1#1".into(),
        resolution_no: 1,
        at: Timestamp::from_ms(0),
        ruled_out: None,
        reopened_at: reopened_ms.map(Timestamp::from_ms),
        channel: Channel::Chat,
        language: Language::En,
        window_until: None,
        addressee: Some(Addressee { customer_id: "u-1".into(), address: None }),
        team: None,
    };
    SurveyNews { version, candidate: Box::new(candidate), decision }
}

fn course(decision: Decision, reopened_ms: Option<i64>) -> SurveyCourse {
    SurveyCourse::new(news(1, decision, reopened_ms), &SurveySettings::default())
}

fn answered(mut course: SurveyCourse) -> SurveyCourse {
    let answer = Answer { score: 5, solved: None, ranking: None, comment: None };
    course.answer = Some((answer, Timestamp::from_ms(1)));
    course
}

fn expired(mut course: SurveyCourse) -> SurveyCourse {
    course.expired = true;
    course
}

const QUIET: Decision = Decision::Suppress(Suppression::Quiet);

#[test]
fn where_it_stands() {
    use Decision::{Invite, Withdraw};
    use SurveyState as S;
    for (course, state, reason) in [
        (course(Invite, None), S::Invited, None),
        (course(Invite, Some(5)), S::Cancelled, Some("reopened")),
        (course(QUIET, None), S::Suppressed, Some("quiet")),
        (course(QUIET, Some(5)), S::Suppressed, Some("quiet")),
        (course(Withdraw, None), S::Cancelled, Some("withdrawn")),
        (expired(course(Invite, None)), S::Expired, None),
        (expired(course(Invite, Some(5))), S::Cancelled, Some("reopened")),
        (answered(course(Invite, Some(5))), S::Answered, None),
        (answered(course(QUIET, None)), S::Answered, None),
        (answered(expired(course(Withdraw, None))), S::Answered, None),
    ] {
        assert_eq!(course.state(), (state, reason), "{course:?}");
    }
}

#[test]
fn which_answers_are_taken() {
    use Decision::{Invite, Withdraw};
    let expiry = 7 * DAY_MS;
    for (course, at_ms, wanted) in [
        (course(Invite, None), 5, Ok(())),
        (course(Invite, None), expiry - 1, Ok(())),
        (expired(course(Invite, None)), expiry - 1, Ok(())),
        (course(Invite, None), expiry, Err((410, Code::Expired))),
        (expired(course(Invite, None)), expiry, Err((410, Code::Expired))),
        (answered(course(Invite, None)), 5, Err((409, Code::AlreadyAnswered))),
        (answered(course(Invite, None)), expiry, Err((409, Code::AlreadyAnswered))),
        (course(Invite, Some(5)), 4, Ok(())),
        (course(Invite, Some(5)), 5, Err((409, Code::Conflict))),
        (course(QUIET, None), 5, Err((409, Code::Conflict))),
        (course(Withdraw, None), 5, Err((409, Code::Conflict))),
    ] {
        let result = course.admits(Timestamp::from_ms(at_ms)).map_err(|refusal| (refusal.code.status(), refusal.code));
        assert_eq!(result, wanted, "{at_ms}: {course:?}");
    }
}

#[test]
fn a_reminder_comes_in_time_and_in_the_channels_window_or_not_at_all() {
    for (after_ms, window_ms, wanted) in [
        (Some(2 * DAY_MS), None, Some(2 * DAY_MS)),
        (Some(7 * DAY_MS - 1), None, Some(7 * DAY_MS - 1)),
        (Some(7 * DAY_MS), None, None),
        (Some(HOUR_MS), Some(HOUR_MS), Some(HOUR_MS)),
        (Some(HOUR_MS), Some(HOUR_MS - 1), None),
        (None, None, None),
    ] {
        let settings = SurveySettings { remind_after_ms: after_ms, ..SurveySettings::default() };
        let mut news = news(1, Decision::Invite, None);
        news.candidate.window_until = window_ms.map(Timestamp::from_ms);
        let remind_at = SurveyCourse::new(news, &settings).remind_at;
        assert_eq!(remind_at.map(Timestamp::ms), wanted, "{after_ms:?} {window_ms:?}");
    }
}

#[test]
fn later_news_begin_anew_but_an_answer_stands() {
    let settings = SurveySettings::default();
    let revived = expired(course(Decision::Invite, Some(5))).after(news(2, Decision::Invite, None), &settings);
    assert_eq!(revived.state().0, SurveyState::Invited);
    let kept = answered(course(Decision::Invite, None)).after(news(2, Decision::Invite, Some(5)), &settings);
    assert_eq!(kept.state().0, SurveyState::Answered);
}
