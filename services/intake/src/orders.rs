//! Orders as the shop reports them.
//!
//! Keyed by order.

use std::sync::Arc;

use kefu_contracts::Reject;
use kefu_contracts::order::OrderEvent;
use kefu_contracts::partition::split_key;
use kefu_contracts::topic::{ORDER_EVENTS, ORDERS, TopicInfo};
use kefu_processor::{Context, Processor, StateRecord};

use crate::domain::admission::{check_key, check_time};
use crate::domain::order_record::{self, OrderRecord};

kefu_processor::input! {
    /// What the orders' processor reads.
    pub enum OrdersInput {
        /// A report of the shop.
        Event(OrderEvent) from ORDER_EVENTS,
    }
}

impl StateRecord for OrderRecord {
    const VERSION: u8 = 1;
}

/// The processor that keeps orders.
#[derive(Clone, Copy, Debug)]
pub struct Orders;

impl Processor for Orders {
    const NAME: &'static str = "orders";
    const OUTPUTS: &'static [TopicInfo] = &[ORDERS.info];
    type State = OrderRecord;
    type Input = OrdersInput;

    fn on_record(
        &self,
        state: &mut Option<OrderRecord>,
        input: OrdersInput,
        ctx: &mut Context<'_>,
    ) -> Result<(), Reject> {
        let OrdersInput::Event(event) = input;
        let clock = ctx.clock();
        check_key(&event.tenant, &event.order_id, ctx.key(), "order_id")?;
        check_time(event.occurred_at, clock.live.then_some(clock.now))?;
        order_record::check(&event)?;
        let order = state.get_or_insert_default();
        if !order.seen.is_new(&event.event_id, clock.came_in(event.occurred_at)) {
            ctx.duplicate();
            return Ok(());
        }
        let (tenant, order_id) = split_key(ctx.key());
        let (at, before) = (event.occurred_at, order.snapshot(tenant, order_id));
        order.report(Arc::unwrap_or_clone(event));
        if order.snapshot(tenant, order_id) != before {
            order.revision += 1;
            if let Some(snapshot) = order.snapshot(tenant, order_id) {
                ctx.emit(&ORDERS, ctx.key(), snapshot, at);
            }
        }
        Ok(())
    }
}
