//! Keeps what is still to be done for a customer, until it is done, missed or no longer needed.
//!
//! Keyed by follow-up. Commands wait for their own instant: by then it is known whether it was still needed.

use std::sync::Arc;

use kefu_contracts::command::Command;
use kefu_contracts::survey::FollowUp;
use kefu_contracts::topic::{COMMAND_RESULTS, COMMANDS, FOLLOW_UPS, TopicInfo};
use kefu_contracts::{Code, Reject, Timestamp};
use kefu_processor::{CommandQueue, Context, Done, Due, Ledger, Processor, StateRecord, input};
use serde::{Deserialize, Serialize};

use crate::domain::follow_up::FollowUpCourse;
use crate::domain::follow_up_cause::{FollowUpCause, GRACE_MS};
use crate::topics::FOLLOW_UP_CAUSES;
use crate::waking;

/// The command that records what came of a follow-up.
const DONE: &str = "follow_up_done";

/// The command that records what a review found and decided.
const REVIEW_UPDATE: &str = "review_update";

/// How long a follow-up can be looked up after it could be missed, in milliseconds.
const KEPT_MS: i64 = 366 * 86_400_000;

input! {
    /// What the processor reads.
    pub enum FollowUpsInput {
        /// Why something is to be done, or no longer.
        Cause(FollowUpCause) from FOLLOW_UP_CAUSES,
        /// What somebody wants done.
        Command(Command) from COMMANDS,
    }
}

/// What is remembered of a follow-up.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FollowUpRecord {
    /// The follow-up as it was last written.
    pub follow_up: Option<FollowUp>,
    course: Option<FollowUpCourse>,
    waiting: CommandQueue,
    ledger: Ledger,
}

impl StateRecord for FollowUpRecord {
    const VERSION: u8 = 1;
}

/// Keeps follow-ups.
#[derive(Clone, Copy, Debug)]
pub struct FollowUps;

impl Processor for FollowUps {
    const NAME: &'static str = "follow_ups";
    const EAGER: bool = false;
    const OUTPUTS: &'static [TopicInfo] = &[FOLLOW_UPS.info, COMMAND_RESULTS.info];
    type State = FollowUpRecord;
    type Input = FollowUpsInput;

    fn on_record(
        &self,
        state: &mut Option<FollowUpRecord>,
        input: FollowUpsInput,
        ctx: &mut Context<'_>,
    ) -> Result<(), Reject> {
        match input {
            FollowUpsInput::Cause(cause) => state.get_or_insert_default().learn(Arc::unwrap_or_clone(cause), ctx),
            FollowUpsInput::Command(command) if [DONE, REVIEW_UPDATE].contains(&command.kind.as_str()) => {
                state.get_or_insert_default().waiting.push(ctx.key(), Arc::unwrap_or_clone(command))?;
            }
            FollowUpsInput::Command(_) => {}
        }
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<FollowUpRecord>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Some(mut record) = state.take() else { return Ok(()) };
        let now = ctx.now();
        for command in record.waiting.take_until(now) {
            record.decide(&command, ctx);
        }
        if let Some(course) = &mut record.course
            && course.missed_at().is_some_and(|missed_at| missed_at <= now)
        {
            course.missed = true;
            record.tell(now, ctx);
        }
        record.ledger.expire(now);
        *state = record.unless_over(now);
        Ok(())
    }

    fn due(&self, state: &FollowUpRecord) -> Option<Due> {
        let course = state.course.as_ref();
        let missed = course.and_then(|course| course.missed_at().map(|at| (at, course.cause.periodic)));
        let once = [state.waiting.next(), missed.filter(|(_, periodic)| !periodic).map(|(at, _)| at)];
        let periodic = missed.filter(|(_, periodic)| *periodic).map(|(at, _)| at);
        let over = course.filter(|_| missed.is_none()).map(over_at);
        let recurring = [periodic, state.ledger.next_expiry().or(over)];
        waking::next(once.into_iter().flatten().min(), recurring.into_iter().flatten().min())
    }
}

impl FollowUpRecord {
    fn learn(&mut self, cause: FollowUpCause, ctx: &mut Context<'_>) {
        let at = cause.at();
        match &mut self.course {
            Some(course) => {
                if !course.learn(cause) {
                    return ctx.duplicate();
                }
            }
            None => self.course = Some(FollowUpCourse::new(cause)),
        }
        self.tell(at, ctx);
    }

    fn decide(&mut self, command: &Command, ctx: &mut Context<'_>) {
        let mut ledger = std::mem::take(&mut self.ledger);
        ledger.decide(command, ctx, |ctx| self.answer(command, ctx));
        self.ledger = ledger;
    }

    fn answer(&mut self, command: &Command, ctx: &mut Context<'_>) -> Result<Done, Reject> {
        let Some(course) = &mut self.course else {
            let detail = "there is no such follow-up; look its id up in the list of follow-ups";
            return Err(Reject::new(Code::NotFound, detail));
        };
        match command.kind.as_str() {
            DONE => course.finish(&command.data, command.at)?,
            _ => course.update_review(&command.data, command.at)?,
        }
        self.tell(command.at, ctx);
        let body = self.follow_up.as_ref().map(|known| serde_json::to_value(known).unwrap_or_default());
        Ok(Done::ok(body.unwrap_or_default()))
    }

    /// Writes the snapshot if it changed.
    fn tell(&mut self, at: Timestamp, ctx: &mut Context<'_>) {
        let Some(course) = &self.course else { return };
        let revision = self.follow_up.as_ref().map_or(0, |known| known.revision);
        let unchanged = FollowUp { revision, ..course.snapshot(ctx.tenant()) };
        if self.follow_up.as_ref() == Some(&unchanged) {
            return;
        }
        let follow_up = FollowUp { revision: revision + 1, ..unchanged };
        ctx.emit(&FOLLOW_UPS, ctx.key(), follow_up.clone(), at);
        self.follow_up = Some(follow_up);
    }

    /// Nothing, once the follow-up can no longer be looked up and no command's answer is remembered.
    fn unless_over(self, now: Timestamp) -> Option<Self> {
        let over = self.course.as_ref().is_none_or(|course| course.missed_at().is_none() && over_at(course) <= now);
        (!(over && self.waiting.is_empty() && self.ledger.is_empty())).then_some(self)
    }
}

fn over_at(course: &FollowUpCourse) -> Timestamp {
    course.cause.due_at.plus_ms(GRACE_MS + KEPT_MS)
}
