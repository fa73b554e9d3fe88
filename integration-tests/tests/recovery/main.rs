//! What was lost comes back: after power cuts, with an empty or an older Redis, with timers that were due meanwhile.

#![allow(clippy::unwrap_used, reason = "what cannot be had fails the test")]

mod catalogue;
mod commit_order;
mod failing_redis;
mod outage;
mod rebalance;
mod same_result;
mod timers;
