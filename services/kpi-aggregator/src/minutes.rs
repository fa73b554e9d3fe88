//! Gathers what many subjects change in one minute's row, so that the books of busy dimensions are opened once a
//! minute and not once a message.

use std::collections::BTreeMap;
use std::sync::Arc;

use kefu_contracts::topic::TopicInfo;
use kefu_contracts::{Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::domain::delta::Delta;
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

/// What was gathered and not sent yet, by the instant at which it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinuteState(BTreeMap<Timestamp, Gathered>);

impl StateRecord for MinuteState {
    const VERSION: u8 = 1;
}

impl Processor for Minutes {
    const NAME: &'static str = "minutes";
    const HEEDS_END: bool = true;
    const OUTPUTS: &'static [TopicInfo] = &[WINDOWS.info];
    type State = MinuteState;
    type Input = MinuteInput;

    fn on_record(
        &self,
        state: &mut Option<MinuteState>,
        input: MinuteInput,
        _: &mut Context<'_>,
    ) -> Result<(), Reject> {
        let MinuteInput::Change(change) = input;
        let MinuteChange { minute, delta, as_of } = Arc::unwrap_or_clone(change);
        let end = minute_window(minute).end;
        let due = end.max(beat(as_of, MINUTE_MS));
        let MinuteState(waiting) = state.get_or_insert_with(|| MinuteState(BTreeMap::new()));
        let nothing = || Gathered { minute, delta: Delta::default(), records: 0, at: end };
        let gathered = waiting.entry(due).or_insert_with(nothing);
        gathered.delta.merge(&delta);
        gathered.records += 1;
        gathered.at = gathered.at.max(as_of);
        if gathered.delta.is_empty() {
            waiting.remove(&due);
        }
        if waiting.is_empty() {
            *state = None;
        }
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<MinuteState>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        send(state, ctx.now(), ctx);
        Ok(())
    }

    fn due(&self, state: &MinuteState) -> Option<Due> {
        state.0.keys().next().map(|at| Due::recurring(*at, TimerClass::Last))
    }

    fn on_end(&self, state: &mut Option<MinuteState>, ctx: &mut Context<'_>) {
        send(state, Timestamp::MAX, ctx);
    }
}

/// Sends what goes at `until` or before.
fn send(state: &mut Option<MinuteState>, until: Timestamp, ctx: &mut Context<'_>) {
    let Some(MinuteState(mut waiting)) = state.take() else { return };
    while let Some(entry) = waiting.first_entry().filter(|entry| *entry.key() <= until) {
        let gathered = entry.remove();
        let key = format!("{}/{}", ctx.tenant(), dimensions_of(ctx.key()));
        let at = gathered.at;
        ctx.emit(&WINDOWS, key, gathered, at);
    }
    *state = Some(MinuteState(waiting)).filter(|state| !state.0.is_empty());
}
