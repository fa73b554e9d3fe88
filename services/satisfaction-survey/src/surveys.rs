//! Keeps each survey from the decision whether to ask until it is over.
//!
//! Keyed by survey. Answers wait for their own instant: by then it is known whether the case was taken up again.

use std::sync::Arc;

use kefu_contracts::command::Command;
use kefu_contracts::id::hash_id;
use kefu_contracts::survey::{FollowUpKind, Survey, SurveyState};
use kefu_contracts::topic::{CHANNEL_EVENTS, COMMAND_RESULTS, COMMANDS, OUTBOUND, SURVEYS, TopicInfo};
use kefu_contracts::{Code, Reject, Timestamp};
use kefu_policy::Role;
use kefu_processor::{CommandQueue, Context, Done, Due, Ledger, Processor, StateRecord, input};
use serde::{Deserialize, Serialize};

use crate::domain::answer::Answer;
use crate::domain::follow_up_cause::FollowUpCause;
use crate::domain::messages::{Asking, asking, dissatisfied};
use crate::domain::news::{Decision, SurveyNews};
use crate::domain::survey::SurveyCourse;
use crate::topics::{FOLLOW_UP_CAUSES, INVITATIONS};
use crate::waking;

/// The command that answers a survey.
const ANSWER: &str = "answer";

/// How long a survey can be looked up after it could last be answered, in milliseconds.
const KEPT_MS: i64 = 366 * 86_400_000;

/// How much time a review of a case has, in milliseconds.
const REVIEW_MS: i64 = 3 * 86_400_000;

input! {
    /// What the processor reads.
    pub enum SurveysInput {
        /// What was decided about a survey.
        News(SurveyNews) from INVITATIONS,
        /// What somebody wants done.
        Command(Command) from COMMANDS,
    }
}

/// What is remembered of a survey.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SurveyRecord {
    /// The survey as it was last written.
    pub survey: Option<Survey>,
    course: Option<SurveyCourse>,
    invited: bool,
    reminded: bool,
    waiting: CommandQueue,
    ledger: Ledger,
}

impl StateRecord for SurveyRecord {
    const VERSION: u8 = 1;
}

/// Keeps surveys.
#[derive(Clone, Copy, Debug)]
pub struct Surveys;

impl Processor for Surveys {
    const NAME: &'static str = "surveys";
    const EAGER: bool = false;
    const OUTPUTS: &'static [TopicInfo] =
        &[SURVEYS.info, OUTBOUND.info, COMMAND_RESULTS.info, CHANNEL_EVENTS.info, FOLLOW_UP_CAUSES.info];
    type State = SurveyRecord;
    type Input = SurveysInput;

    fn on_record(
        &self,
        state: &mut Option<SurveyRecord>,
        input: SurveysInput,
        ctx: &mut Context<'_>,
    ) -> Result<(), Reject> {
        match input {
            SurveysInput::News(news) => state.get_or_insert_default().learn(Arc::unwrap_or_clone(news), ctx),
            SurveysInput::Command(command) if command.kind == ANSWER => {
                state.get_or_insert_default().waiting.push(ctx.key(), Arc::unwrap_or_clone(command))?;
            }
            SurveysInput::Command(_) => {}
        }
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<SurveyRecord>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Some(mut record) = state.take() else { return Ok(()) };
        let now = ctx.now();
        for command in record.waiting.take_until(now) {
            record.decide(&command, ctx);
        }
        record.remind(ctx);
        record.expire(ctx);
        record.ledger.expire(now);
        *state = record.unless_over(now);
        Ok(())
    }

    fn due(&self, state: &SurveyRecord) -> Option<Due> {
        let course = state.course.as_ref();
        let open = course.filter(|course| course.open_for().is_some());
        let reminder = open.filter(|_| !state.reminded).and_then(|course| course.remind_at);
        let expiry = open.map(|course| course.expires_at);
        let once = [state.waiting.next(), reminder, expiry].into_iter().flatten().min();
        let over = course.filter(|_| open.is_none()).map(|course| course.expires_at.plus_ms(KEPT_MS));
        waking::next(once, state.ledger.next_expiry().or(over))
    }
}

impl SurveyRecord {
    /// The factors the customer is asked to rank.
    pub fn factors(&self) -> &[String] {
        self.course.as_ref().map_or(&[], |course| &course.factors)
    }

    fn learn(&mut self, news: SurveyNews, ctx: &mut Context<'_>) {
        let settings = &ctx.policies().in_force(ctx.tenant(), news.candidate.at.ms()).survey;
        let course = match self.course.take() {
            Some(known) if known.version >= news.version => {
                self.course = Some(known);
                return ctx.duplicate();
            }
            Some(known) => known.after(news, settings),
            None => SurveyCourse::new(news, settings),
        };
        self.course = Some(course);
        self.ask(Asking::Invitation, ctx);
        self.tell(ctx);
    }

    /// Writes to the customer, unless that was done or would come too late to be delivered.
    fn ask(&mut self, what: Asking, ctx: &mut Context<'_>) {
        let Some(course) = &self.course else { return };
        let (done, at) = match what {
            Asking::Invitation => (&mut self.invited, course.candidate.at),
            Asking::Reminder => (&mut self.reminded, ctx.now()),
        };
        let Some(addressee) = course.open_for().filter(|_| !*done) else { return };
        *done = true;
        let survey = course.snapshot(ctx.tenant());
        let message = asking(what, &survey, addressee, &course.factors, course.candidate.window_until, at);
        if message.expires_at.is_some_and(|expires_at| expires_at < ctx.clock().now) {
            return;
        }
        let conversation = message.conversation_id.as_deref().unwrap_or_default();
        ctx.emit(&OUTBOUND, format!("{}/{conversation}", ctx.tenant()), message, at);
    }

    fn remind(&mut self, ctx: &mut Context<'_>) {
        let due = self.course.as_ref().and_then(|course| course.remind_at).is_some_and(|at| at <= ctx.now());
        if due {
            self.ask(Asking::Reminder, ctx);
        }
    }

    fn expire(&mut self, ctx: &mut Context<'_>) {
        if let Some(course) = &mut self.course
            && course.expires_at <= ctx.now()
        {
            course.expired = true;
            self.tell(ctx);
        }
    }

    fn decide(&mut self, command: &Command, ctx: &mut Context<'_>) {
        let mut ledger = std::mem::take(&mut self.ledger);
        ledger.decide(command, ctx, |ctx| self.answer(command, ctx));
        self.ledger = ledger;
    }

    fn answer(&mut self, command: &Command, ctx: &mut Context<'_>) -> Result<Done, Reject> {
        let Some(course) = &mut self.course else {
            return Err(Reject::new(Code::NotFound, "there is no such survey; use the link as it was sent"));
        };
        course.admits(command.at)?;
        let answer = Answer::read(&command.data, &course.factors)?;
        course.answer = Some((answer.clone(), command.at));
        self.tell(ctx);
        self.follow(&answer, command.at, ctx);
        Ok(Done::ok(self.survey.as_ref().map(as_json).unwrap_or_default()))
    }

    /// What an answer leads to: a review of the case, and the customer's word that nothing is solved.
    fn follow(&self, answer: &Answer, at: Timestamp, ctx: &mut Context<'_>) {
        let (Some(course), Some(survey)) = (&self.course, &self.survey) else { return };
        if answer.is_low() {
            let cause = review(course, at, ctx);
            ctx.emit(&FOLLOW_UP_CAUSES, format!("{}/{}", ctx.tenant(), cause.follow_up_id), cause, at);
        }
        if answer.solved == Some(false)
            && let Some(addressee) = &course.candidate.addressee
        {
            let event = dissatisfied(survey, addressee, at);
            ctx.emit(&CHANNEL_EVENTS, format!("{}/{}", ctx.tenant(), event.conversation_id), event, at);
        }
    }

    /// Writes the snapshot if it changed.
    fn tell(&mut self, ctx: &mut Context<'_>) {
        let Some(course) = &self.course else { return };
        // what was never more than a thought leaves no trace
        if self.survey.is_none() && course.decision == Decision::Withdraw {
            return;
        }
        let revision = self.survey.as_ref().map_or(0, |known| known.revision);
        let unchanged = Survey { revision, ..course.snapshot(ctx.tenant()) };
        if self.survey.as_ref() == Some(&unchanged) {
            return;
        }
        let survey = Survey { revision: revision + 1, ..unchanged };
        let at = changed_at(course, &survey);
        ctx.emit(&SURVEYS, ctx.key(), survey.clone(), at);
        self.survey = Some(survey);
    }

    /// Nothing, once the survey can no longer be looked up and no command's answer is remembered.
    fn unless_over(self, now: Timestamp) -> Option<Self> {
        let over = self.course.as_ref().is_none_or(|course| course.expires_at.plus_ms(KEPT_MS) <= now);
        (!(over && self.waiting.is_empty() && self.ledger.is_empty())).then_some(self)
    }
}

/// The instant of the change that made the survey what it is.
fn changed_at(course: &SurveyCourse, survey: &Survey) -> Timestamp {
    match survey.state {
        SurveyState::Answered => survey.answered_at.unwrap_or(survey.invited_at),
        SurveyState::Expired => survey.expires_at,
        SurveyState::Cancelled => course.candidate.reopened_at.unwrap_or(survey.invited_at),
        SurveyState::Invited | SurveyState::Suppressed => survey.invited_at,
    }
}

/// The review of the case after an answer at `at`: one a case, for the lead of the team that was responsible.
fn review(course: &SurveyCourse, at: Timestamp, ctx: &Context<'_>) -> FollowUpCause {
    let candidate = &course.candidate;
    let policy = ctx.policies().in_force(ctx.tenant(), at.ms());
    let lead = candidate.team.as_ref().and_then(|team| policy.recipient(team, Role::TeamLead));
    FollowUpCause {
        follow_up_id: hash_id(&["review", ctx.tenant(), &candidate.case_id]),
        version: 0,
        kind: FollowUpKind::Review,
        case_id: Some(candidate.case_id.clone()),
        customer_id: candidate.addressee.as_ref().map(|addressee| addressee.customer_id.clone()),
        owner: lead.map(|(_, id)| id.to_owned()),
        since: at,
        due_at: at.plus_ms(REVIEW_MS),
        cancelled_at: None,
        outcome: None,
        periodic: false,
    }
}

fn as_json(survey: &Survey) -> serde_json::Value {
    serde_json::to_value(survey).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use kefu_contracts::channel_event::Actor;
    use kefu_contracts::{ActorKind, Channel, Json, Language};
    use serde_json::json;

    use super::*;
    use crate::domain::resolution::Candidate;

    #[test]
    fn a_record_survives_its_storage() {
        let candidate = Candidate {
            survey_id: "s-1".into(),
            case_id: "c-1#1".into(),
            resolution_no: 1,
            at: Timestamp::from_ms(5),
            ruled_out: None,
            reopened_at: None,
            channel: Channel::Email,
            language: Language::ZhHant,
            window_until: None,
            addressee: None,
            team: None,
        };
        let news = SurveyNews { version: 1, candidate: Box::new(candidate), decision: Decision::Invite };
        let course = SurveyCourse::new(news, &kefu_policy::SurveySettings::default());
        let command = Command {
            command_id: "k-1".into(),
            tenant: "demo".into(),
            kind: ANSWER.into(),
            target: "s-1".into(),
            actor: Actor { kind: ActorKind::Customer, id: "u-1".into(), name: None },
            at: Timestamp::from_ms(6),
            data: Json(json!({"score": 5, "ranking": ["speed"]})),
        };
        let mut record = SurveyRecord { survey: Some(course.snapshot("demo")), ..SurveyRecord::default() };
        record.course = Some(course);
        record.waiting.push("demo/s-1", command).unwrap();
        let bytes = postcard::to_allocvec(&record).unwrap();
        let read: SurveyRecord = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(postcard::to_allocvec(&read).unwrap(), bytes);
        assert_eq!((read.survey, read.course, read.waiting), (record.survey, record.course, record.waiting));
    }
}
