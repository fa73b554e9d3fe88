//! Which orders count as stuck.

use std::collections::BTreeMap;

use kefu_contracts::OrderStatus;
use serde::Serialize;

use crate::duration::{self, DAY_MS, HOUR_MS};
use crate::read::{At, Fields, Report, time_to};

/// When an order without progress opens a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderSettings {
    /// Time in one state without progress, in milliseconds; a state that is not named never counts as stuck.
    #[serde(serialize_with = "duration::as_text_by_key")]
    pub stuck_after: BTreeMap<OrderStatus, i64>,
}

impl Default for OrderSettings {
    fn default() -> Self {
        let stuck_after = BTreeMap::from([(OrderStatus::Paid, 48 * HOUR_MS), (OrderStatus::Shipped, 7 * DAY_MS)]);
        OrderSettings { stuck_after }
    }
}

impl OrderSettings {
    /// The time after which an order in this state is stuck, in milliseconds, if it can be.
    pub fn stuck_after_ms(&self, status: OrderStatus) -> Option<i64> {
        self.stuck_after.get(&status).copied()
    }
}

pub(crate) fn read(at: &At<'_>, report: &mut Report) -> Option<OrderSettings> {
    let mut fields = Fields::of(at, report)?;
    let default = OrderSettings::default();
    let stuck_after: BTreeMap<OrderStatus, i64> = fields.or("stuck_after", default.stuck_after, report, time_to);
    fields.finish(report);
    for ended in [OrderStatus::Delivered, OrderStatus::Cancelled, OrderStatus::Returned, OrderStatus::Refunded] {
        if stuck_after.contains_key(&ended) {
            report
                .warn(at, format!("every order rests in {ended}: each will open a case; take it out of `stuck_after`"));
        }
    }
    Some(OrderSettings { stuck_after })
}
