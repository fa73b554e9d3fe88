//! Tells rows of all sizes what changed in a minute, each in its own rhythm, and what the backlog is.

use std::sync::Arc;

use kefu_calendar::Zone;
use kefu_contracts::partition::split_key;
use kefu_contracts::topic::{KPI_LATE, TopicInfo};
use kefu_contracts::{Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::domain::dispatch::{Dispatch, Gathered, RowUpdate};
use crate::domain::row::late_row;
use crate::domain::window::minute_start;
use crate::flow::{ROWS, WINDOWS};

/// Keeps the books of one set of dimensions. Keyed by `tenant/dimensions`.
#[derive(Clone, Copy, Debug)]
pub struct Windows;

input! {
    /// What changes in windows.
    pub enum WindowInput {
        /// The gathered changes of a minute.
        Gathered(Gathered) from WINDOWS,
    }
}

/// The books of one set of dimensions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowState(Dispatch);

impl StateRecord for WindowState {
    const VERSION: u8 = 1;
}

impl Processor for Windows {
    const NAME: &'static str = "windows";
    const HEEDS_END: bool = true;
    const OUTPUTS: &'static [TopicInfo] = &[ROWS.info, KPI_LATE.info];
    type State = WindowState;
    type Input = WindowInput;

    fn on_record(
        &self,
        state: &mut Option<WindowState>,
        input: WindowInput,
        ctx: &mut Context<'_>,
    ) -> Result<(), Reject> {
        let WindowInput::Gathered(gathered) = input;
        let now = gathered.at;
        let zone = zone(ctx, minute_start(gathered.minute));
        let WindowState(books) = state.get_or_insert_with(|| WindowState(Dispatch::new(zone, now)));
        let late = books.take(Arc::unwrap_or_clone(gathered), zone);
        for (window, delta) in late {
            let key = window.row_key(ctx.tenant(), dimensions(ctx));
            let row = late_row(&key, &window, &delta);
            ctx.emit(&KPI_LATE, key, row, now);
        }
        forget(state);
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<WindowState>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        if let Some(WindowState(books)) = state {
            let now = ctx.now();
            tell(books.collect(zone(ctx, now), now), ctx);
        }
        forget(state);
        Ok(())
    }

    fn due(&self, state: &WindowState) -> Option<Due> {
        Some(Due::recurring(state.0.due(), TimerClass::Last))
    }

    fn on_end(&self, state: &mut Option<WindowState>, ctx: &mut Context<'_>) {
        if let Some(WindowState(books)) = state {
            tell(books.collect_all(ctx.now()), ctx);
        }
        forget(state);
    }
}

fn tell(updates: Vec<RowUpdate>, ctx: &mut Context<'_>) {
    for update in updates {
        let key = update.window.row_key(ctx.tenant(), dimensions(ctx));
        let at = update.window.end;
        ctx.emit(&ROWS, key, update, at);
    }
}

fn forget(state: &mut Option<WindowState>) {
    if state.as_ref().is_some_and(|books| books.0.is_empty()) {
        *state = None;
    }
}

fn dimensions<'a>(ctx: &Context<'a>) -> &'a str {
    split_key(ctx.key()).1
}

fn zone<'a>(ctx: &Context<'a>, at: Timestamp) -> &'a Zone {
    ctx.policies().in_force(ctx.tenant(), at.ms()).zone()
}
