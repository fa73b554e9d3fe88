//! The rules of handovers, as plain functions over plain data.

pub mod attendance;
pub mod case_record;
pub mod contents;
pub mod deadline;
pub mod fact;
pub mod life_cycle;
pub mod notice;
pub mod presence;
pub mod request;
pub mod responsibility;
pub mod shift;
pub mod texts;
