//! The only I/O of kefu: Kafka, Redis, the embedded store, HTTP, telemetry and time.
//!
//! Owns how records get to processors and what they write gets to be durable, once, for all services. No rule of a
//! service belongs here.

pub mod backend;
pub mod clock;
pub mod commands;
pub mod config;
pub mod dead_letter;
pub mod embedded;
pub mod heartbeat;
pub mod http;
pub mod interrupt;
pub mod kafka;
pub mod latency;
pub mod lifecycle;
pub mod metrics;
mod outage;
pub mod policies;
pub mod program;
pub mod refusal_log;
mod seen;
pub mod sender;
pub mod telemetry;
pub mod trace;

/// For every program on this runtime, librdkafka included, which allocates for each record.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
