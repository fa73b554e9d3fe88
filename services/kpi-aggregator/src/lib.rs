//! The KPI aggregator: facts of all services become rows of key figures by window and dimensions.
//!
//! A row is revised until 48 hours after its window's end, and published when it changes; what comes later is
//! published apart. Every figure is a pure function of the facts known, and only differences travel, so that a
//! correction is a subtraction and an addition and the rows come out the same in whatever order the facts arrived.
#![forbid(unsafe_code)]

pub mod api;
mod cases;
pub mod domain;
pub mod flow;
mod handovers;
mod minutes;
mod rows;
mod surveys;
mod windows;

pub use cases::{CaseState, Cases};
pub use handovers::{HandoverFigures, Handovers};
pub use minutes::{MinuteState, Minutes};
pub use rows::{RowState, Rows};
pub use surveys::{SurveyFigures, Surveys};
pub use windows::{WindowState, Windows};

use kefu_processor::Service;

/// The service's name.
pub const NAME: &str = "kpi-aggregator";

/// The service with its processors.
pub fn service() -> Service {
    Service::new(NAME).with(Cases).with(Surveys).with(Handovers).with(Minutes).with(Windows).with(Rows)
}
