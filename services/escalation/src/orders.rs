//! The processor that opens a case for an order without progress.

use kefu_contracts::order::OrderEvent;
use kefu_contracts::topic::{CHANNEL_EVENTS, ORDER_EVENTS, TopicInfo};
use kefu_contracts::{OrderStatus, Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::domain::stuck::{Progress, REMEMBERED_MS};
use crate::records::{StuckOrder, stuck_order};

input! {
    /// What the processor reads.
    pub enum Read {
        /// An order's change.
        Event(OrderEvent) from ORDER_EVENTS,
    }
}

/// What is remembered of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderProgress {
    /// Who ordered.
    customer_id: String,
    /// Its progress.
    progress: Progress,
    /// When it is stuck if nothing happens, and in which status.
    stuck_at: Option<(Timestamp, OrderStatus)>,
}

impl StateRecord for OrderProgress {
    const VERSION: u8 = 1;
}

/// Watches orders.
pub struct Orders;

impl Processor for Orders {
    const NAME: &'static str = "orders";
    const HEEDS_POLICIES: bool = true;
    const OUTPUTS: &'static [TopicInfo] = &[CHANNEL_EVENTS.info];
    type State = OrderProgress;
    type Input = Read;

    fn on_record(&self, state: &mut Option<OrderProgress>, input: Read, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Read::Event(event) = input;
        let new =
            || OrderProgress { customer_id: event.customer_id.clone(), progress: Progress::default(), stuck_at: None };
        let order = state.get_or_insert_with(new);
        if !order.progress.take(event.occurred_at, &event.event_id, event.status) {
            ctx.duplicate();
        }
        order.stuck_at = order.progress.stuck_at(ctx.policies().history(ctx.tenant()));
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<OrderProgress>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Some(order) = state else { return Ok(()) };
        let Some((at, status)) = order.stuck_at.filter(|(at, _)| *at <= ctx.now()) else {
            *state = None;
            return Ok(());
        };
        let (tenant, order_id) = kefu_contracts::partition::split_key(ctx.key());
        let since_ms = order.progress.status().map_or(0, |(_, since)| at.ms_since(since));
        let stuck = StuckOrder { tenant, order_id, customer_id: &order.customer_id, status, since_ms };
        let (key, event) = stuck_order(&stuck, at);
        ctx.emit(&CHANNEL_EVENTS, key, event, at);
        order.progress.reported.push(status);
        order.stuck_at = order.progress.stuck_at(ctx.policies().history(ctx.tenant()));
        Ok(())
    }

    fn due(&self, state: &OrderProgress) -> Option<Due> {
        match (state.stuck_at, state.progress.last_at()) {
            (Some((at, _)), _) => Some(Due::once(at, TimerClass::Last)),
            (None, Some(last)) => Some(Due::recurring(last.plus_ms(REMEMBERED_MS), TimerClass::Last)),
            (None, None) => None,
        }
    }

    fn on_policies(&self, state: &mut Option<OrderProgress>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        if let Some(order) = state {
            order.stuck_at = order.progress.stuck_at(ctx.policies().history(ctx.tenant()));
        }
        Ok(())
    }
}
