//! The first processor: repetitions go, the case's state machine runs, what was written is classified.

use std::sync::Arc;

use kefu_contracts::codec::EncodeError;
use kefu_contracts::topic::TopicInfo;
use kefu_contracts::{Code, Reject, Timestamp};
use kefu_processor::{Context, Processor, input};

use crate::case_machine::{Case, Step};
use crate::event::{Direction, Event};
use crate::keywords::{Keywords, Verdict};
use crate::topics::{CASES, CHANGES, CLASSIFIED, EVENTS};
use crate::windows::{Change, change_key};

input! {
    /// What it reads.
    pub enum CaseInput {
        /// An event of the conversation.
        Event(Event) from EVENTS,
    }
}

/// A case after an event, with the event.
#[derive(Clone, Debug)]
pub struct CaseRecord {
    event: Arc<Event>,
    snapshot: [u8; 45],
}

impl CaseRecord {
    /// Writes send time, snapshot, channel and names.
    pub(crate) fn write(&self, append: impl FnOnce(&[&[u8]]) -> Result<(), EncodeError>) -> Result<(), EncodeError> {
        let [tenant, conversation] = self.event.name_lengths();
        let lengths = [self.event.channel(), tenant, conversation];
        append(&[&self.event.sent_us().to_be_bytes(), &self.snapshot, &lengths, self.event.names()])
    }
}

/// A customer's message and what it is about.
#[derive(Clone, Debug)]
pub struct Classified {
    event: Arc<Event>,
    verdict: Verdict,
}

impl Classified {
    /// Writes the event's head, the verdict and the names.
    pub(crate) fn write(&self, append: impl FnOnce(&[&[u8]]) -> Result<(), EncodeError>) -> Result<(), EncodeError> {
        let [tenant, conversation] = self.event.name_lengths();
        let verdict = [self.verdict.category, self.verdict.hits.min(127), tenant, conversation];
        append(&[self.event.head(), &verdict, self.event.names()])
    }
}

/// Keyed by `tenant/conversation`.
#[derive(Clone, Debug)]
pub struct Cases {
    keywords: Keywords,
}

impl Cases {
    /// With its keywords.
    ///
    /// # Errors
    /// If the keywords make no automaton.
    pub fn new() -> Result<Self, String> {
        let keywords = Keywords::new().map_err(|error| error.to_string())?;
        Ok(Self { keywords })
    }
}

impl Processor for Cases {
    const NAME: &'static str = "cases";
    const OUTPUTS: &'static [TopicInfo] = &[CASES.info, CLASSIFIED.info, CHANGES.info];
    type State = Case;
    type Input = CaseInput;

    fn on_record(&self, state: &mut Option<Case>, input: CaseInput, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let CaseInput::Event(event) = input;
        let case = state.get_or_insert_with(|| Case::opened(event.at_ms()));
        if case.has_seen(&event) {
            ctx.duplicate();
            return Ok(());
        }
        let at = Timestamp::from_ms(event.at_ms());
        let Step { first_reply_took_ms, answered } = case.take(&event);
        ctx.emit(&CASES, ctx.key(), CaseRecord { event: event.clone(), snapshot: case.snapshot() }, at);
        let (text, messages) = match (event.direction(), &answered) {
            (Direction::Customer, _) => (event.text(), 1),
            (Direction::Agent, Some(opening)) => (&opening[..], 0),
            (Direction::Agent, None) => return Ok(()),
        };
        let verdict = self.keywords.classify(text);
        let verdict = verdict.map_err(|error| Reject::new(Code::Panic, error.to_string()))?;
        let change = Change { messages, first_reply_took_ms, sent_us: event.sent_us() };
        let key = change_key(ctx.tenant(), event.channel(), verdict.category, event.at_ms());
        if event.direction() == Direction::Customer {
            ctx.emit(&CLASSIFIED, ctx.key(), Classified { event, verdict }, at);
        }
        ctx.emit(&CHANGES, key, change, at);
        Ok(())
    }
}
