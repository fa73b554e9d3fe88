//! The life of a survey.
//!
//! | from | decided: invite | decided: suppress | withdrawn | reopened | answer in time | expiry |
//! |---|---|---|---|---|---|---|
//! | (none) | invited | suppressed | – | – | 404 | – |
//! | invited | invited | suppressed | cancelled | cancelled | answered | expired |
//! | suppressed | invited | suppressed | cancelled | – | 409 | – |
//! | cancelled | invited | suppressed | cancelled | – | 409, if it was given after the reopening | – |
//! | expired | invited | suppressed | cancelled | cancelled, if reopened before | answered, if given before | – |
//! | answered | stays so, whatever comes | | | | 409 | – |
//!
//! Decisions come again when late events change what a case says; what counts is the latest decision, the instants of
//! reopening, answer and expiry, and never which of them was heard of first. An accepted answer stands.

use kefu_contracts::survey::{Survey, SurveyState};
use kefu_contracts::{Code, Reject, Timestamp};
use kefu_policy::SurveySettings;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::news::{Decision, SurveyNews, Version};
use super::resolution::{Addressee, Candidate};

const REOPENED: &str = "reopened";
const WITHDRAWN: &str = "withdrawn";

/// What a survey follows from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurveyCourse {
    /// The number of the news it follows from.
    pub version: Version,
    /// What it is about.
    pub candidate: Candidate,
    /// Whether the customer is asked.
    pub decision: Decision,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
    /// When the customer is reminded, if ever.
    pub remind_at: Option<Timestamp>,
    /// The factors the customer was asked to rank.
    pub factors: Vec<String>,
    /// Whether it had expired by the last timer.
    pub expired: bool,
    /// The answer, and when it was given.
    pub answer: Option<(Answer, Timestamp)>,
}

impl SurveyCourse {
    /// The course that begins with `news`; `settings` are those in force when service ended.
    pub fn new(news: SurveyNews, settings: &SurveySettings) -> Self {
        let candidate = *news.candidate;
        let expires_at = candidate.at.plus_ms(settings.expires_ms);
        Self {
            version: news.version,
            expires_at,
            remind_at: remind_at(&candidate, expires_at, settings.remind_after_ms),
            factors: settings.factors.clone(),
            expired: false,
            answer: None,
            decision: news.decision,
            candidate,
        }
    }

    /// The same after `news`, which is older than nothing heard before.
    #[must_use]
    pub fn after(self, news: SurveyNews, settings: &SurveySettings) -> Self {
        let answer = self.answer;
        Self { answer, ..Self::new(news, settings) }
    }

    /// Where it stands, and why.
    pub fn state(&self) -> (SurveyState, Option<&'static str>) {
        match (&self.answer, self.decision, self.candidate.reopened_at) {
            (Some(_), _, _) => (SurveyState::Answered, None),
            (None, Decision::Withdraw, _) => (SurveyState::Cancelled, Some(WITHDRAWN)),
            (None, Decision::Suppress(reason), _) => (SurveyState::Suppressed, Some(reason.as_str())),
            (None, Decision::Invite, Some(_)) => (SurveyState::Cancelled, Some(REOPENED)),
            (None, Decision::Invite, None) if self.expired => (SurveyState::Expired, None),
            (None, Decision::Invite, None) => (SurveyState::Invited, None),
        }
    }

    /// Whether an answer given at `at` can be taken. An event and an answer at one instant: the event was first.
    ///
    /// # Errors
    /// Why not.
    pub fn admits(&self, at: Timestamp) -> Result<(), Reject> {
        let refuse = |code, detail: &str| Err(Reject::new(code, detail));
        if self.answer.is_some() {
            return refuse(Code::AlreadyAnswered, "the survey was answered before; the first answer counts");
        }
        match self.decision {
            Decision::Withdraw | Decision::Suppress(_) => {
                return refuse(Code::Conflict, "nobody was asked to answer this survey; use the link of another");
            }
            Decision::Invite => {}
        }
        if self.candidate.reopened_at.is_some_and(|reopened| reopened <= at) {
            return refuse(Code::Conflict, "the case was taken up again; answer when it is solved");
        }
        if at >= self.expires_at {
            return refuse(Code::Expired, "the survey can no longer be answered; write to us instead");
        }
        Ok(())
    }

    /// Whom the customer's messages go to, while there is reason to send some.
    pub fn open_for(&self) -> Option<&Addressee> {
        self.candidate.addressee.as_ref().filter(|_| self.state().0 == SurveyState::Invited)
    }

    /// The snapshot, without a revision.
    pub fn snapshot(&self, tenant: &str) -> Survey {
        let (state, reason) = self.state();
        let answer = self.answer.as_ref().map(|(answer, _)| answer);
        Survey {
            survey_id: self.candidate.survey_id.clone(),
            tenant: tenant.to_owned(),
            case_id: self.candidate.case_id.clone(),
            resolution_no: self.candidate.resolution_no,
            state,
            reason: reason.map(str::to_owned),
            channel: self.candidate.channel,
            language: self.candidate.language,
            invited_at: self.candidate.at,
            expires_at: self.expires_at,
            answered_at: self.answer.as_ref().map(|(_, at)| *at),
            score: answer.map(|answer| answer.score),
            solved: answer.and_then(|answer| answer.solved),
            ranking: answer.and_then(|answer| answer.ranking.clone()),
            comment: answer.and_then(|answer| answer.comment.clone()),
            revision: 0,
        }
    }
}

/// A reminder comes while the survey can be answered and the channel may be used, or not at all.
fn remind_at(candidate: &Candidate, expires_at: Timestamp, after_ms: Option<i64>) -> Option<Timestamp> {
    let at = candidate.at.plus_ms(after_ms?);
    let in_window = candidate.window_until.is_none_or(|until| at <= until);
    (at < expires_at && in_window).then_some(at)
}

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;
