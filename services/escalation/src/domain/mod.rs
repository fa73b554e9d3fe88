//! The rules of escalation: plain functions over plain data.

pub mod after_sales;
pub mod clock;
pub mod escalation;
pub mod fact;
pub mod moment;
pub mod names;
pub mod notice;
pub mod routing;
pub mod stuck;
pub mod texts;
pub mod view;
