//! Orders: what shop back-ends send, and the snapshot intake keeps.

use apache_avro::AvroSchema;
use serde::{Deserialize, Serialize};

use crate::{OrderStatus, Timestamp};

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct OrderItem {
    /// The shop's article number.
    pub sku: String,
    /// The article's name.
    pub name: String,
    /// The article's category.
    pub category: Option<String>,
    /// How many.
    pub quantity: i64,
    /// Price of one, in the order's currency.
    pub unit_price: f64,
}

/// A change of an order's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct OrderEvent {
    /// Unique within the order.
    pub event_id: String,
    /// The shop.
    pub tenant: String,
    /// The order.
    pub order_id: String,
    /// Who ordered.
    pub customer_id: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The state reached.
    pub status: OrderStatus,
    /// What was ordered.
    #[serde(default)]
    #[avro(default = "[]")]
    pub items: Vec<OrderItem>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// The order's total in `currency`.
    pub amount: Option<f64>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// The carrier's number.
    pub tracking_no: Option<String>,
}

/// A state that an order reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct OrderStep {
    /// The state.
    pub status: OrderStatus,
    /// When it was reached.
    pub at: Timestamp,
}

/// An order as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Order {
    /// The order.
    pub order_id: String,
    /// The shop.
    pub tenant: String,
    /// Who ordered.
    pub customer_id: String,
    /// The state of the latest event.
    pub status: OrderStatus,
    /// When that state was reached.
    pub status_at: Timestamp,
    /// The states reached, by time.
    #[serde(default)]
    #[avro(default = "[]")]
    pub history: Vec<OrderStep>,
    /// What was ordered.
    #[serde(default)]
    #[avro(default = "[]")]
    pub items: Vec<OrderItem>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// The order's total in `currency`.
    pub amount: Option<f64>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// The carrier's number.
    pub tracking_no: Option<String>,
    /// Counts the changes of this snapshot.
    pub revision: i64,
}
