//! Bad input: each bad record becomes one dead letter with its origin and its bytes, and what is good around it is
//! processed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what cannot be had fails the test")]

mod on_topics;
mod over_http;
mod records;

const POLICY: &str = "{tenant: demo, version: 1}";
