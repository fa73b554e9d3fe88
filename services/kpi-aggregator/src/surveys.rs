//! The figures of surveys.

use kefu_contracts::survey::Survey;
use kefu_contracts::topic::{SURVEYS, TopicInfo};
use kefu_contracts::{Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::domain::difference::difference;
use crate::domain::survey_figures::SurveyFacts;
use crate::domain::window::forgotten_at;
use crate::flow::{MINUTES, send};

/// Sends on how surveys' figures change. Keyed by `tenant/survey_id`.
#[derive(Clone, Copy, Debug)]
pub struct Surveys;

input! {
    /// What is read of a survey.
    pub enum SurveyInput {
        /// How it stands.
        Snapshot(Survey) from SURVEYS,
    }
}

/// What is remembered of a survey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyFigures {
    facts: SurveyFacts,
    /// When no row that it counts in can change any more.
    forget_at: Timestamp,
}

impl StateRecord for SurveyFigures {
    const VERSION: u8 = 1;
}

impl Processor for Surveys {
    const NAME: &'static str = "surveys";
    const OUTPUTS: &'static [TopicInfo] = &[MINUTES.info];
    type State = SurveyFigures;
    type Input = SurveyInput;

    fn on_record(
        &self,
        state: &mut Option<SurveyFigures>,
        input: SurveyInput,
        ctx: &mut Context<'_>,
    ) -> Result<(), Reject> {
        let SurveyInput::Snapshot(survey) = input;
        if state.as_ref().is_some_and(|known| known.facts.revision >= survey.revision) {
            ctx.duplicate();
            return Ok(());
        }
        let facts = SurveyFacts::of(&survey);
        let before = state.as_ref().map(|known| known.facts.figures()).unwrap_or_default();
        send(difference(before, facts.figures()), ctx.now(), ctx);
        let last = survey.expires_at.max(survey.answered_at.unwrap_or(survey.invited_at));
        let zone = ctx.policies().in_force(ctx.tenant(), last.ms()).zone();
        *state = Some(SurveyFigures { facts, forget_at: forgotten_at(zone, last) });
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<SurveyFigures>, _: &mut Context<'_>) -> Result<(), Reject> {
        *state = None;
        Ok(())
    }

    fn due(&self, state: &SurveyFigures) -> Option<Due> {
        Some(Due::recurring(state.forget_at, TimerClass::Last))
    }
}
