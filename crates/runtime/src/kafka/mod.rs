//! The backend on Kafka and Redis.
//!
//! Owns the commit protocol: Kafka is the truth, Redis the hot copy. `worker` holds the loop, the other files one duty
//! each. Which rules run is no matter here.

mod admin;
mod append;
mod assignment;
mod changelog;
mod client;
mod fetch;
mod group;
mod hot;
mod observer;
mod progress;
mod runner;
mod tasks;
mod transaction;
mod worker;

pub use admin::{TopicPlan, apply_topics, check_topics, plan};
pub use append::Appending;
pub use client::{Connection, KafkaError};
pub use group::{SubTopology, sub_topologies};
pub use observer::{LogRecord, read_log};
pub use progress::{LOAD, ProgressGate, ProgressKey, ProgressWriter};
pub use runner::{KafkaBackend, KafkaHandle, KafkaOptions};

/// What tracing needs of a received record.
pub(crate) trait MessageHeaders {
    /// The W3C trace context it came with.
    fn traceparent(&self) -> Option<&str>;
}
