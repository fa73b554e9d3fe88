//! The rules of the key figures, as plain functions over plain data.
//!
//! Facts become figures (`case_figures`, `survey_figures`, `handover_figures`), the difference between two sets of
//! figures becomes deltas of rows (`difference`), deltas find their windows (`dispatch`) and add up in rows (`row`).

pub mod backlog;
pub mod case_facts;
pub mod case_figures;
pub mod delta;
pub mod difference;
pub mod dimensions;
pub mod dispatch;
pub mod handover_figures;
pub mod metric;
pub mod row;
pub mod sketch;
pub mod sums;
pub mod survey_figures;
pub mod verdicts;
pub mod waits;
pub mod window;
