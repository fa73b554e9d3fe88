//! An order as the shop reports it (IN9).
//!
//! Owns how reports make an order: the latest tells its state, of every other field the latest that has one. Reports
//! may come in any order.

use kefu_contracts::order::{Order, OrderEvent, OrderItem, OrderStep};
use kefu_contracts::{Code, OrderStatus, Reject, Timestamp};
use serde::{Deserialize, Serialize};

use super::limits::{MAX_ID, MAX_LIST};
use super::seen::Seen;

/// Reports whose state is kept; of more only the latest.
const MAX_REPORTS: usize = 64;

/// When a report was made, and its id: the order of reports.
type Stamp = (Timestamp, String);

/// The latest value of a field, and from which report.
type Latest<T> = Option<(Stamp, T)>;

/// An order as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// Counts the snapshots written.
    pub revision: i64,
    /// The ids of its reports.
    pub seen: Seen,
    reports: Vec<(Stamp, OrderStatus)>,
    customer_id: Latest<String>,
    items: Latest<Vec<OrderItem>>,
    currency: Latest<String>,
    amount: Latest<f64>,
    carrier: Latest<String>,
    tracking_no: Latest<String>,
}

/// Checks the fields of a report.
///
/// # Errors
/// The first field that holds what it must not hold.
pub fn check(event: &OrderEvent) -> Result<(), Reject> {
    let refuse = |code, detail: &str| Err(Reject::new(code, detail));
    let numbers = event.items.iter().map(|item| item.unit_price).chain(event.amount);
    if event.event_id.is_empty() || event.customer_id.is_empty() {
        return refuse(Code::MissingField, "event_id or customer_id is empty; give both ids");
    }
    if numbers.into_iter().any(|number| !number.is_finite()) {
        return refuse(Code::InvalidField, "amount or unit_price is no number; write a finite one");
    }
    if event.items.iter().any(|item| item.quantity < 0) {
        return refuse(Code::InvalidField, "items hold a quantity below 0; write how many were ordered");
    }
    let texts = event.items.iter().flat_map(|item| [Some(&item.sku), Some(&item.name), item.category.as_ref()]);
    let ids = [Some(&event.event_id), Some(&event.customer_id), Some(&event.order_id)];
    let others = [event.currency.as_ref(), event.carrier.as_ref(), event.tracking_no.as_ref()];
    if event.items.len() > MAX_LIST {
        return refuse(Code::TooLarge, "items has more than 100 entries; leave out lines that do not matter");
    }
    if texts.chain(ids).chain(others).flatten().any(|text| text.len() > MAX_ID) {
        return refuse(Code::TooLarge, "a field has more than 256 bytes; shorten it");
    }
    Ok(())
}

impl OrderRecord {
    /// Takes in a report.
    pub fn report(&mut self, event: OrderEvent) {
        let stamp: Stamp = (event.occurred_at, event.event_id);
        let index = self.reports.partition_point(|(known, _)| *known < stamp);
        self.reports.insert(index, (stamp.clone(), event.status));
        if self.reports.len() > MAX_REPORTS {
            self.reports.remove(0);
        }
        latest(&mut self.customer_id, &stamp, Some(event.customer_id));
        latest(&mut self.items, &stamp, Some(event.items).filter(|items| !items.is_empty()));
        latest(&mut self.currency, &stamp, event.currency);
        latest(&mut self.amount, &stamp, event.amount);
        latest(&mut self.carrier, &stamp, event.carrier);
        latest(&mut self.tracking_no, &stamp, event.tracking_no);
    }

    /// The states reached, by time: a report of the same state again is no new step.
    fn history(&self) -> Vec<OrderStep> {
        let mut steps: Vec<OrderStep> = Vec::with_capacity(self.reports.len());
        for ((at, _), status) in &self.reports {
            if steps.last().is_none_or(|last| last.status != *status) {
                steps.push(OrderStep { status: *status, at: *at });
            }
        }
        steps
    }

    /// The snapshot; none before the first report.
    pub fn snapshot(&self, tenant: &str, order_id: &str) -> Option<Order> {
        let history = self.history();
        let last = history.last()?;
        Some(Order {
            order_id: order_id.to_owned(),
            tenant: tenant.to_owned(),
            customer_id: value(&self.customer_id).unwrap_or_default(),
            status: last.status,
            status_at: last.at,
            items: value(&self.items).unwrap_or_default(),
            currency: value(&self.currency),
            amount: value(&self.amount),
            carrier: value(&self.carrier),
            tracking_no: value(&self.tracking_no),
            revision: self.revision,
            history,
        })
    }
}

fn latest<T>(field: &mut Latest<T>, stamp: &Stamp, given: Option<T>) {
    if let Some(given) = given
        && field.as_ref().is_none_or(|(known, _)| known < stamp)
    {
        *field = Some((stamp.clone(), given));
    }
}

fn value<T: Clone>(field: &Latest<T>) -> Option<T> {
    field.as_ref().map(|(_, value)| value.clone())
}
