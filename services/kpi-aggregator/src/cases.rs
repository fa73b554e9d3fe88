//! The figures of cases.

use kefu_contracts::case_event::CaseEvent;
use kefu_contracts::sla_event::SlaEvent;
use kefu_contracts::topic::{CASE_EVENTS, SLA_EVENTS, TopicInfo};
use kefu_contracts::{Channel, Code, Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::domain::case_facts::{CaseFacts, Learnt, MAX_FACTS};
use crate::domain::case_figures::{SETTLED_AFTER_MS, Standing, figures, standing};
use crate::domain::difference::difference;
use crate::domain::window::forgotten_at;
use crate::flow::{MINUTES, send};

/// Keeps each case's facts and sends on how its figures change. Keyed by `tenant/case_id`.
#[derive(Clone, Copy, Debug)]
pub struct Cases;

input! {
    /// What is read of a case.
    pub enum CaseInput {
        /// A fact about it.
        Fact(CaseEvent) from CASE_EVENTS,
        /// A turn of one of its clocks.
        Clock(SlaEvent) from SLA_EVENTS,
    }
}

/// What is remembered of a case. Its figures follow from the facts, so what was sent need not be stored: it is what
/// the facts gave before the newest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseState {
    case: CaseFacts,
    standing: Standing,
    /// When no row that it counts in can change any more.
    forget_at: Timestamp,
}

impl StateRecord for CaseState {
    const VERSION: u8 = 1;
}

impl Processor for Cases {
    const NAME: &'static str = "cases";
    const OUTPUTS: &'static [TopicInfo] = &[MINUTES.info];
    type State = CaseState;
    type Input = CaseInput;

    fn on_record(&self, state: &mut Option<CaseState>, input: CaseInput, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let before = match state.take() {
            Some(known) => known.case,
            // a clock's event may come first: the channel is put right by the first fact
            None => CaseFacts::new(match &input {
                CaseInput::Fact(event) => event.channel,
                CaseInput::Clock(_) => Channel::Chat,
            }),
        };
        let mut after = before.clone();
        let (at, learnt) = match input {
            CaseInput::Fact(event) => {
                let policy = ctx.policies().in_force(ctx.tenant(), event.at.ms());
                (event.at, after.learn(&event, policy))
            }
            CaseInput::Clock(event) => (event.at, after.learn_clock(&event)),
        };
        match learnt {
            Learnt::Changed | Learnt::Nothing => {}
            Learnt::Known => ctx.duplicate(),
            Learnt::Full => {
                let detail =
                    format!("the case has {MAX_FACTS} facts or clocks and takes no more; its figures stay as they are");
                return Err(Reject::new(Code::TooLarge, detail));
            }
        }
        *state = follow(&before, after, at, ctx);
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<CaseState>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let now = ctx.now();
        let Some(CaseState { case, standing, forget_at }) = state.take() else { return Ok(()) };
        if let Some(closed) = settling(&case, standing)
            && closed.plus_ms(SETTLED_AFTER_MS) <= now
        {
            let mut after = case.clone();
            after.settled = Some(closed);
            *state = follow(&case, after, now, ctx);
        } else if standing.is_live {
            // an open case counts in the backlog for as long as it is open
            let zone = ctx.policies().in_force(ctx.tenant(), now.ms()).zone();
            *state = Some(CaseState { case, standing, forget_at: forgotten_at(zone, now).max(forget_at.plus_ms(1)) });
        }
        Ok(())
    }

    fn due(&self, state: &CaseState) -> Option<Due> {
        Some(match settling(&state.case, state.standing) {
            Some(closed) => Due::once(closed.plus_ms(SETTLED_AFTER_MS), TimerClass::Last),
            None => Due::recurring(state.forget_at, TimerClass::Last),
        })
    }
}

/// The closing whose seven days are not over yet.
fn settling(case: &CaseFacts, standing: Standing) -> Option<Timestamp> {
    standing.closed.filter(|closed| case.settled != Some(*closed))
}

/// Sends what the facts of `at` change, and gives the state to keep.
fn follow(before: &CaseFacts, after: CaseFacts, at: Timestamp, ctx: &mut Context<'_>) -> Option<CaseState> {
    if *before != after {
        send(difference(figures(before), figures(&after)), at, ctx);
    }
    let last = after.last()?;
    let standing = standing(&after.facts);
    let settled = standing.closed.map_or(last, |closed| closed.plus_ms(SETTLED_AFTER_MS));
    let zone = ctx.policies().in_force(ctx.tenant(), last.ms()).zone();
    let forget_at = forgotten_at(zone, last.max(settled));
    Some(CaseState { case: after, standing, forget_at })
}
