//! Escalation: SLA clocks, who hears of their breaches, which team takes a case, orders without progress, and what the
//! shop's policy says to after-sales requests.
//!
//! | processor | key | reads | writes |
//! |---|---|---|---|
//! | [`routing`] | case | facts about cases | teams and departments that take cases, expected times |
//! | [`requests`] | target of the command | commands | the same to the case |
//! | [`clocks`] | case | facts about cases, commands | SLA events, escalations, answers, notices to [`notices`] |
//! | [`notices`] | member of staff | what `clocks` tells | one message for each minute of notices |
//! | [`orders`] | order | order events | cases for orders that are stuck |
//! | [`claims`] | case | facts about cases | after-sales requests to their orders |
//! | [`after_sales`] | order | order events, requests | what the policy says to them |
//!
//! Rules live in [`domain`]. What customers are sent beside expected times, and how cases move, is intake's matter.
#![forbid(unsafe_code)]

mod acts;
pub mod after_sales;
pub mod api;
pub mod claims;
pub mod clocks;
pub mod domain;
pub mod notices;
pub mod orders;
mod records;
pub mod requests;
pub mod routing;
pub mod topics;

use kefu_processor::Service;

/// The service with its processors.
pub fn service() -> Service {
    Service::new("escalation")
        .with(routing::Routing)
        .with(requests::Requests)
        .with(clocks::Clocks)
        .with(notices::Notices)
        .with(orders::Orders)
        .with(claims::Claims)
        .with(after_sales::AfterSales)
}
