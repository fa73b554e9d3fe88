//! What kefu shares with other teams: the records of its topics, the catalogue of those topics, their wire formats
//! and the rules every writer follows (partitions, ids, priorities).
//!
//! Owns names and shapes. No rule about what a record means for a case, no I/O and no clock belongs here.
#![forbid(unsafe_code)]

pub mod case;
pub mod case_event;
pub mod channel_event;
pub mod classification;
pub mod codec;
pub mod command;
pub mod customer;
pub mod escalation;
pub mod handover;
pub mod id;
pub mod json;
pub mod knowledge;
pub mod kpi;
pub mod order;
pub mod outbound;
pub mod partition;
pub mod policy;
pub mod priority;
pub mod rejection;
pub mod sla_event;
pub mod survey;
pub mod time;
pub mod topic;
pub mod vocabulary;
pub mod wire;

pub use json::Json;
pub use rejection::{Code, Reject};
pub use time::Timestamp;
pub use topic::Topic;
pub use vocabulary::*;
