//! How changes move between this service's processors.
//!
//! `cases`, `surveys` and `handovers` send what changed in minute rows to `minutes`, which gathers it; `windows` keeps
//! the books of each set of dimensions and tells `rows` of all sizes.

use kefu_contracts::Timestamp;
use kefu_contracts::partition::PartitionBy;
use kefu_contracts::topic::Topic;
use kefu_processor::Context;
use serde::{Deserialize, Serialize};

use crate::domain::delta::Delta;
use crate::domain::difference::Changes;
use crate::domain::dispatch::{Gathered, RowUpdate};
use crate::domain::window::{MINUTE_MS, Size, Window, minute_start};

/// Changes of one minute's row that come from one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinuteChange {
    /// The minute, counted from 1970.
    pub minute: i64,
    /// The changes.
    pub delta: Delta,
    /// When what led to them happened, or when it arrived by the wall clock; decides whether a row was final by then.
    pub as_of: Timestamp,
}

/// Changes on their way to their minute; the key is the minute row's.
pub const MINUTES: Topic<MinuteChange> = Topic::repartition("kpi-aggregator.minutes.repartition", PartitionBy::Key);

/// Gathered changes on their way to the books of their dimensions; the key is `tenant/dimensions`.
pub const WINDOWS: Topic<Gathered> = Topic::repartition("kpi-aggregator.windows.repartition", PartitionBy::Key);

/// Updates on their way to rows; the key is the row's.
pub const ROWS: Topic<RowUpdate> = Topic::repartition("kpi-aggregator.rows.repartition", PartitionBy::Key);

/// The window of a minute counted from 1970.
pub fn minute_window(minute: i64) -> Window {
    let start = minute_start(minute);
    Window { size: Size::Minute, start, end: start.plus_ms(MINUTE_MS) }
}

/// Sends a subject's changes to the minutes they belong to. `as_of` is when what led to them came in: with the event
/// clock at the instant it happened, or when time had come further already, so that what is late does not depend on who
/// was quicker; with the wall clock then.
pub fn send(changes: Changes, as_of: Timestamp, ctx: &mut Context<'_>) {
    for ((dimensions, minute), delta) in changes {
        let window = minute_window(minute);
        let key = window.row_key(ctx.tenant(), &dimensions);
        ctx.emit(&MINUTES, key, MinuteChange { minute, delta, as_of }, window.start);
    }
}
