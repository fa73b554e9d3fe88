//! Publishes rows: when they change, and once more when they are final.

use kefu_contracts::Reject;
use kefu_contracts::topic::{KPI, TopicInfo};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::domain::dispatch::RowUpdate;
use crate::domain::row::Row;
use crate::flow::ROWS;

/// Keeps each row until it is final. Keyed as the row is published.
#[derive(Clone, Copy, Debug)]
pub struct Rows;

input! {
    /// What changes in a row.
    pub enum RowInput {
        /// What to add to it.
        Update(RowUpdate) from ROWS,
    }
}

/// A row that is not final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowState(pub Row);

impl StateRecord for RowState {
    const VERSION: u8 = 1;
}

impl Processor for Rows {
    const NAME: &'static str = "rows";
    const OUTPUTS: &'static [TopicInfo] = &[KPI.info];
    type State = RowState;
    type Input = RowInput;

    fn on_record(&self, state: &mut Option<RowState>, input: RowInput, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let RowInput::Update(update) = input;
        let RowState(row) = state.get_or_insert_with(|| RowState(Row::new(update.window)));
        if row.update(&update) {
            let published = row.published(ctx.key(), false);
            ctx.emit(&KPI, ctx.key(), published, ctx.now());
        }
        if row.is_unknown() {
            *state = None;
        }
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<RowState>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        if let Some(RowState(mut row)) = state.take() {
            row.revision += 1;
            let published = row.published(ctx.key(), true);
            ctx.emit(&KPI, ctx.key(), published, ctx.now());
        }
        Ok(())
    }

    fn due(&self, state: &RowState) -> Option<Due> {
        Some(Due::recurring(state.0.final_at(), TimerClass::Last))
    }
}
