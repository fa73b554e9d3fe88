//! The backend on Kafka and Redis.
//!
//! Owns the commit protocol: Kafka is the truth, Redis the hot copy. `worker` holds the loop, the other files one duty
//! each. Which rules run is no matter here.

mod admin;
mod append;
mod assignment;
mod changelog;
mod client;
mod copies;
mod fetch;
mod grouping;
mod hot;
mod hot_reader;
mod observer;
mod pinned;
mod produce;
mod progress;
mod retry;
mod runner;
mod settings;
mod tasks;
mod transaction;
mod worker;

pub use admin::{ApplyOptions, PARTITIONS, TopicPlan, apply_topics, check_topics, plan};
pub use append::Appending;
pub use client::{Connection, KafkaError};
pub use grouping::{GroupProtocol, Grouping, Membership};
pub use observer::{LogRecord, read_log};
pub use progress::{LOAD, ProgressGate, ProgressKey, ProgressWriter};
pub use retry::{Letter, Resender, SentBack, read_letters, retry_topic};
pub use runner::{BROKER_AWAY, KafkaBackend, KafkaHandle, KafkaOptions};
pub use settings::check_property;
pub(crate) use settings::property_faults;
