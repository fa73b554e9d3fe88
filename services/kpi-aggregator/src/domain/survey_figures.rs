//! The figures of a survey.

use kefu_contracts::survey::{Survey, SurveyState};
use kefu_contracts::{Channel, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::difference::Figure;
use crate::domain::dimensions::Place;
use crate::domain::metric::Count;

/// Answers from this one on are positive, of 5.
const POSITIVE_FROM: i64 = 4;

/// What is remembered of a survey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyFacts {
    /// Counts the snapshots; an older one changes nothing.
    pub revision: i64,
    channel: Channel,
    /// When the customer was asked; none if they were not.
    invited: Option<Timestamp>,
    /// When they answered, and what.
    answer: Option<(Timestamp, i64)>,
}

impl SurveyFacts {
    /// What of a snapshot is remembered.
    pub fn of(survey: &Survey) -> Self {
        Self {
            revision: survey.revision,
            channel: survey.channel,
            invited: (survey.state != SurveyState::Suppressed).then_some(survey.invited_at),
            answer: survey.answered_at.zip(survey.score),
        }
    }

    /// Everything that the survey contributes.
    pub fn figures(&self) -> Vec<Figure<'_>> {
        let place = Place { channel: Some(self.channel.as_str()), ..Place::default() };
        let mut figures: Vec<Figure<'_>> =
            self.invited.iter().map(|at| Figure::one(Count::SurveysSent, *at, place)).collect();
        if let Some((at, score)) = self.answer {
            figures.push(Figure::one(Count::CsatResponses, at, place));
            figures.push(Figure::many(Count::CsatSum, score, at, place));
            if score >= POSITIVE_FROM {
                figures.push(Figure::one(Count::CsatPositive, at, place));
            }
        }
        figures
    }
}
