//! The processor that decides after-sales requests by the shop's policy.
//!
//! Keyed by order. It decides once, at the instant of the request, by what was known of the order then; a person may
//! decide otherwise.

use std::sync::Arc;

use kefu_contracts::id::hash_64;
use kefu_contracts::order::OrderEvent;
use kefu_contracts::topic::{CHANNEL_EVENTS, ORDER_EVENTS, TopicInfo};
use kefu_contracts::{Code, Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, StateRecord, TimerClass, input};
use serde::{Deserialize, Serialize};

use crate::domain::after_sales::{Order, decide};
use crate::records::after_sales_decision;
use crate::topics::{CLAIMS, Claim};

/// How long an order is remembered after its last change: as long as rules of a year ask for it, and a month.
const REMEMBERED_MS: i64 = 396 * 86_400_000;
/// The most requests about one order.
const CLAIMS_MAX: usize = 64;

input! {
    /// What the processor reads.
    pub enum Read {
        /// An order's change.
        Event(OrderEvent) from ORDER_EVENTS,
        /// A request about it.
        Claim(Claim) from CLAIMS,
    }
}

/// What is remembered of an order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OrderClaims {
    order: Order,
    /// Requests that wait for their instant to be over.
    waiting: Vec<Claim>,
    /// Hashes of the requests that were decided.
    decided: Vec<u64>,
    /// When something was last heard of it.
    last_at: Option<Timestamp>,
}

impl StateRecord for OrderClaims {
    const VERSION: u8 = 1;
}

/// Decides after-sales requests.
#[derive(Clone, Copy, Debug)]
pub struct AfterSales;

impl Processor for AfterSales {
    const NAME: &'static str = "after_sales";
    /// It is decided once: what happened to the order before may still be on its way.
    const EAGER: bool = false;
    const OUTPUTS: &'static [TopicInfo] = &[CHANNEL_EVENTS.info];
    type State = OrderClaims;
    type Input = Read;

    fn on_record(&self, state: &mut Option<OrderClaims>, input: Read, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let known = state.get_or_insert_default();
        match input {
            Read::Event(event) => {
                known.order.learn(&event);
                known.last_at = known.last_at.max(Some(event.occurred_at));
            }
            Read::Claim(claim) => {
                if known.knows(&claim) {
                    ctx.duplicate();
                } else if known.waiting.len() + known.decided.len() >= CLAIMS_MAX {
                    let detail = format!("order `{}` has {CLAIMS_MAX} requests; a person must decide", claim.order_id);
                    return Err(Reject::new(Code::TooLarge, detail));
                } else {
                    known.last_at = known.last_at.max(Some(claim.request.at));
                    known.waiting.push(Arc::unwrap_or_clone(claim));
                }
            }
        }
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<OrderClaims>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Some(known) = state else { return Ok(()) };
        let now = ctx.now();
        let (mut due, waiting) =
            std::mem::take(&mut known.waiting).into_iter().partition(|claim: &Claim| claim.request.at <= now);
        known.waiting = waiting;
        due.sort_by(|one: &Claim, other| (one.request.at, &one.cause_id).cmp(&(other.request.at, &other.cause_id)));
        for claim in due {
            known.decided.push(hash_64(&[&claim.cause_id]));
            let at = claim.request.at;
            let policy = ctx.policies().in_force(ctx.tenant(), at.ms());
            let decision = decide(&claim.request, &known.order, policy);
            let (key, event) = after_sales_decision(ctx.tenant(), &claim, &decision, policy.version);
            ctx.emit(&CHANNEL_EVENTS, key, event, at);
        }
        if known.is_over(now) {
            *state = None;
        }
        Ok(())
    }

    fn due(&self, state: &OrderClaims) -> Option<Due> {
        let next = state.waiting.iter().map(|claim| claim.request.at).min();
        let decision = next.map(|at| Due::once(at, TimerClass::Last));
        let forget = state.last_at.map(|at| Due::tidy(at.plus_ms(REMEMBERED_MS)));
        [decision, forget].into_iter().flatten().min()
    }
}

impl OrderClaims {
    fn knows(&self, claim: &Claim) -> bool {
        let waits = self.waiting.iter().any(|waiting| waiting.cause_id == claim.cause_id);
        waits || self.decided.contains(&hash_64(&[&claim.cause_id]))
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.waiting.is_empty() && self.last_at.is_none_or(|last| last.plus_ms(REMEMBERED_MS) <= now)
    }
}
