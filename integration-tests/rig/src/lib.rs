//! Real Apache Kafka and Redis for tests: started on loopback with free ports, stopped with the value that owns them.
//!
//! Owns installation, start, faults (pause, kill, restart, records that are none, an older Redis, links that
//! are slow, silent or cut) and clean-up of these processes. Topics and assertions do not belong here. A service also
//! ends when the process that started it dies, however it dies.
#![forbid(unsafe_code)]

mod cache;
mod error;
mod install;
mod jaeger;
mod kafka;
mod kafka_client;
mod kafka_probe;
mod offsets;
mod ports;
mod proxy;
mod record_batch;
mod redis;
mod service;
mod wire;

pub use error::{Error, Result};

/// The six services, in the order of the flow.
pub const SERVICES: [&str; 6] =
    ["intake", "classifier", "escalation", "satisfaction-survey", "handover", "kpi-aggregator"];

pub use install::ensure_installed;
pub use jaeger::Jaeger;
pub use kafka::{Kafka, KafkaOptions};
pub use offsets::{Offsets, Positions};
pub use proxy::{Link, Proxy};
pub use record_batch::RawRecord;
pub use redis::Redis;
