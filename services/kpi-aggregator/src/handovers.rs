//! The figures of shift handovers.

use kefu_contracts::handover::Handover;
use kefu_contracts::topic::{HANDOVERS, TopicInfo};
use kefu_contracts::{Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::domain::difference::difference;
use crate::domain::handover_figures::HandoverFacts;
use crate::domain::window::forgotten_at;
use crate::flow::{MINUTES, send};

/// Sends on how handovers' figures change. Keyed by `tenant/handover_id`.
#[derive(Clone, Copy, Debug)]
pub struct Handovers;

input! {
    /// What is read of a handover.
    pub enum HandoverInput {
        /// How it stands.
        Snapshot(Handover) from HANDOVERS,
    }
}

/// What is remembered of a handover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverFigures {
    facts: HandoverFacts,
    /// When no row that it counts in can change any more.
    forget_at: Timestamp,
}

impl StateRecord for HandoverFigures {
    const VERSION: u8 = 1;
}

impl Processor for Handovers {
    const NAME: &'static str = "handovers";
    const OUTPUTS: &'static [TopicInfo] = &[MINUTES.info];
    type State = HandoverFigures;
    type Input = HandoverInput;

    fn on_record(
        &self,
        state: &mut Option<HandoverFigures>,
        input: HandoverInput,
        ctx: &mut Context<'_>,
    ) -> Result<(), Reject> {
        let HandoverInput::Snapshot(handover) = input;
        if state.as_ref().is_some_and(|known| known.facts.revision >= handover.revision) {
            ctx.duplicate();
            return Ok(());
        }
        let policies = ctx.policies().history(ctx.tenant());
        let facts = HandoverFacts::of(&handover, policies);
        let zone = policies.in_force(facts.shift_end.ms()).zone();
        let forget_at = forgotten_at(zone, facts.shift_end);
        let before = state.as_ref().map(|known| known.facts.figures()).unwrap_or_default();
        send(difference(before, facts.figures()), ctx.now(), ctx);
        *state = Some(HandoverFigures { facts, forget_at });
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<HandoverFigures>, _: &mut Context<'_>) -> Result<(), Reject> {
        *state = None;
        Ok(())
    }

    fn due(&self, state: &HandoverFigures) -> Option<Due> {
        Some(Due::recurring(state.forget_at, TimerClass::Last))
    }
}
