//! The intake service: events of conversations become cases and facts about them.
//!
//! Four processors: [`cases`] divides conversations into cases and keeps their life cycle, [`customers`] keeps the
//! customers' files across conversations, [`orders`] keeps orders as the shop reports them, [`commands`] refuses what
//! no service decides. The rules are in [`domain`]; the processors only decode, ask the rules and emit.
#![forbid(unsafe_code)]

pub mod api;
pub mod cases;
pub mod commands;
pub mod customers;
pub mod domain;
pub mod orders;
pub mod topics;

use kefu_processor::Service;

/// The service with its processors.
pub fn service() -> Service {
    Service::new("intake").with(cases::Cases).with(customers::Customers).with(orders::Orders).with(commands::Commands)
}
