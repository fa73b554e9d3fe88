//! The satisfaction-survey service: asks customers how satisfied they are when service ends, and sees that those are
//! visited again who complained, sent something back or are important (SS1 to SS4), or who received an order (SS5).
//!
//! Processors in the order of the flow: [`cases`] finds the ends of service in a case, [`customers`] decides which of
//! them the customer is asked about, [`surveys`] keeps each survey until it is over, [`orders`] finds deliveries,
//! [`follow_ups`] keeps what is still to be done for a customer. The rules are in [`domain`]; the processors only
//! decode, ask the rules and emit.
#![forbid(unsafe_code)]

pub mod api;
pub mod cases;
pub mod customers;
pub mod domain;
pub mod follow_ups;
pub mod orders;
pub mod surveys;
pub mod topics;
mod waking;

use kefu_processor::Service;

/// The service with its processors.
pub fn service() -> Service {
    Service::new("satisfaction-survey")
        .with(cases::Cases)
        .with(orders::Orders)
        .with(customers::Customers)
        .with(surveys::Surveys)
        .with(follow_ups::FollowUps)
}
