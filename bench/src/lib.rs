//! The benchmark's service: what a stream processor does for customer service, reduced to what costs.
//!
//! Events of conversations are freed of repetitions and drive a case's state machine; what was written is classified;
//! figures are counted in windows of a minute by tenant, channel and category. It is an ordinary service on kefu's
//! runtime, and does record for record what the Kafka Streams program beside it does, in the same bytes. No rule of
//! kefu is here, and nothing of how it is measured.
#![forbid(unsafe_code)]

pub mod case_machine;
pub mod cases;
pub mod event;
pub mod generator;
pub mod keywords;
mod random;
pub mod sketch;
pub mod topics;
pub mod windows;

use kefu_processor::Service;

/// The processors: cases, then windows.
///
/// # Errors
/// If the keywords make no automaton.
pub fn service() -> Result<Service, String> {
    Ok(Service::new("pipeline").with(cases::Cases::new()?).with(windows::Windows))
}
