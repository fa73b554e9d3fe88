//! The second processor: figures in windows of a minute.

use kefu_contracts::topic::TopicInfo;
use kefu_contracts::{Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, input};
use serde::{Deserialize, Serialize};

use crate::sketch::Figures;
use crate::topics::{CHANGES, KPI};

const MINUTE_MS: i64 = 60_000;
/// How long a window is kept for what comes late.
const GRACE_MS: i64 = 6 * 3_600_000;

/// What an event changes in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Messages of customers.
    pub messages: u8,
    /// How long the first reply took, if it was one.
    pub first_reply_took_ms: Option<i64>,
    /// When the event was to be sent, in microseconds since 1970.
    pub sent_us: i64,
}

/// The key of a change.
pub fn change_key(tenant: &str, channel: u8, category: u8, at_ms: i64) -> String {
    format!("{tenant}/{channel}/{category}#{}", at_ms.div_euclid(MINUTE_MS))
}

input! {
    /// What it reads.
    pub enum WindowInput {
        /// A change of a window.
        Change(Change) from CHANGES,
    }
}

/// A window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    figures: Figures,
    end: Timestamp,
}

impl StateRecord for Window {
    const VERSION: u8 = 1;
}

/// Keyed by `tenant/channel/category#minute`.
#[derive(Clone, Copy, Debug)]
pub struct Windows;

impl Processor for Windows {
    const NAME: &'static str = "windows";
    const OUTPUTS: &'static [TopicInfo] = &[KPI.info];
    type State = Window;
    type Input = WindowInput;

    fn on_record(&self, state: &mut Option<Window>, input: WindowInput, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let WindowInput::Change(change) = input;
        let window = state.get_or_insert_with(|| Window { figures: Figures::default(), end: end_of(ctx.key()) });
        window.figures.add(&change);
        ctx.emit(&KPI, ctx.key(), window.figures.clone(), window.end);
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<Window>, _: &mut Context<'_>) -> Result<(), Reject> {
        *state = None;
        Ok(())
    }

    fn due(&self, state: &Window) -> Option<Due> {
        Some(Due::tidy(state.end.plus_ms(GRACE_MS)))
    }
}

/// When the window called `key` ends.
fn end_of(key: &str) -> Timestamp {
    let minute = key.rsplit_once('#').and_then(|(_, minute)| minute.parse::<i64>().ok()).unwrap_or_default();
    Timestamp::from_ms((minute + 1).saturating_mul(MINUTE_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_with_its_minute() {
        for (at_ms, end_ms) in [(0, 60_000), (59_999, 60_000), (60_000, 120_000), (-1, 0)] {
            assert_eq!(end_of(&change_key("t000", 1, 4, at_ms)), Timestamp::from_ms(end_ms), "{at_ms}");
        }
    }
}
