//! Finds deliveries after which the customer gets a message of care.
//!
//! Keyed by order. What is due travels to the customer, where it waits for its instant.

use kefu_contracts::order::OrderEvent;
use kefu_contracts::partition::split_key;
use kefu_contracts::topic::{ORDER_EVENTS, TopicInfo};
use kefu_contracts::{Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, input};
use serde::{Deserialize, Serialize};

use crate::domain::care::{Care, OrderCourse};
use crate::domain::news::CustomerNews;
use crate::domain::party::customer_key;
use crate::topics::CANDIDATES;

/// How long after its last event an order is remembered, in milliseconds: longer than any event is late.
const KEPT_MS: i64 = 60 * 86_400_000;

input! {
    /// What the processor reads.
    pub enum OrdersInput {
        /// A change of an order's state.
        Event(OrderEvent) from ORDER_EVENTS,
    }
}

/// What is remembered of an order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OrderState {
    course: OrderCourse,
    /// The customer's key and what was said to the customer.
    told: Option<(String, Care)>,
}

impl StateRecord for OrderState {
    const VERSION: u8 = 1;
}

/// Finds deliveries.
#[derive(Clone, Copy, Debug)]
pub struct Orders;

impl Processor for Orders {
    const NAME: &'static str = "orders";
    const OUTPUTS: &'static [TopicInfo] = &[CANDIDATES.info];
    type State = OrderState;
    type Input = OrdersInput;

    fn on_record(
        &self,
        state: &mut Option<OrderState>,
        input: OrdersInput,
        ctx: &mut Context<'_>,
    ) -> Result<(), Reject> {
        let OrdersInput::Event(event) = input;
        let mut order = state.take().unwrap_or_default();
        if order.course.learn(&event) {
            order.tell(&event.customer_id, ctx);
        }
        *state = Some(order).filter(|order| order.course != OrderCourse::default());
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<OrderState>, _: &mut Context<'_>) -> Result<(), Reject> {
        *state = None;
        Ok(())
    }

    fn due(&self, state: &OrderState) -> Option<Due> {
        Some(Due::tidy(state.course.last_at()?.plus_ms(KEPT_MS)))
    }
}

impl OrderState {
    fn tell(&mut self, customer_id: &str, ctx: &mut Context<'_>) {
        let (tenant, order_id) = split_key(ctx.key());
        let Some(delivered_at) = self.course.delivered_at() else { return };
        let care_ms = ctx.policies().in_force(tenant, delivered_at.ms()).follow_up.care_after_delivery_ms;
        let due_at: Option<Timestamp> = care_ms.map(|care_ms| delivered_at.plus_ms(care_ms));
        let due_at = due_at.filter(|due_at| self.course.kept_until(*due_at));
        let care = Care { order_id: order_id.to_owned(), delivered_at, due_at };
        let key = match &self.told {
            Some((_, told)) if *told == care => return,
            Some((key, _)) => key.clone(),
            None if due_at.is_none() => return,
            None => customer_key(tenant, customer_id),
        };
        ctx.emit(&CANDIDATES, key.clone(), CustomerNews::Care(care.clone()), delivered_at);
        self.told = Some((key, care));
    }
}
