//! Gathers what many subjects change in one minute's row, so that the books of busy dimensions are opened once a
//! minute and not once a message.

use kefu_contracts::topic::TopicInfo;
use kefu_contracts::{Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::domain::dispatch::Gathered;
use crate::domain::window::{MINUTE_MS, beat, dimensions_of};
use crate::flow::{MINUTES, MinuteChange, WINDOWS, minute_window};

/// Gathers changes until the minute is over, later ones until the next minute. Keyed by the minute row's key.
#[derive(Clone, Copy, Debug)]
pub struct Minutes;

input! {
    /// What changes in a minute.
    pub enum MinuteInput {
        /// Changes that come from one subject.
        Change(MinuteChange) from MINUTES,
    }
}

/// What was gathered and not sent yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinuteState {
    gathered: Gathered,
    due: Timestamp,
}

impl StateRecord for MinuteState {
    const VERSION: u8 = 1;
}

impl Processor for Minutes {
    const NAME: &'static str = "minutes";
    const OUTPUTS: &'static [TopicInfo] = &[WINDOWS.info];
    type State = MinuteState;
    type Input = MinuteInput;

    fn on_record(
        &self,
        state: &mut Option<MinuteState>,
        input: MinuteInput,
        ctx: &mut Context<'_>,
    ) -> Result<(), Reject> {
        let MinuteInput::Change(change) = input;
        let MinuteChange { minute, delta } = *change;
        match state {
            Some(MinuteState { gathered, .. }) => {
                gathered.delta.merge(&delta);
                gathered.records += 1;
                if gathered.delta.is_empty() {
                    *state = None;
                }
            }
            None => {
                let due = minute_window(minute).end.max(beat(ctx.now(), MINUTE_MS));
                *state = Some(MinuteState { gathered: Gathered { minute, delta, records: 1 }, due });
            }
        }
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<MinuteState>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        send(state, ctx);
        Ok(())
    }

    fn due(&self, state: &MinuteState) -> Option<Due> {
        Some(Due::recurring(state.due, TimerClass::Last))
    }

    fn on_end(&self, state: &mut Option<MinuteState>, ctx: &mut Context<'_>) {
        send(state, ctx);
    }
}

fn send(state: &mut Option<MinuteState>, ctx: &mut Context<'_>) {
    if let Some(MinuteState { gathered, .. }) = state.take() {
        let key = format!("{}/{}", ctx.tenant(), dimensions_of(ctx.key()));
        let at = minute_window(gathered.minute).end;
        ctx.emit(&WINDOWS, key, &gathered, at);
    }
}
