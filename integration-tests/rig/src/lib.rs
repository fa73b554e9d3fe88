//! Real Apache Kafka and Redis for tests: started on loopback with free ports, stopped with the value that owns them.
//!
//! Owns installation, start, faults (pause, kill, restart) and clean-up of these processes. Topics, clients and
//! assertions do not belong here. A service also ends when the process that started it dies, however it dies.
#![forbid(unsafe_code)]

mod cache;
mod error;
mod install;
mod kafka;
mod kafka_probe;
mod ports;
mod redis;
mod service;

pub use error::{Error, Result};
pub use install::ensure_installed;
pub use kafka::{Kafka, KafkaOptions};
pub use redis::Redis;
