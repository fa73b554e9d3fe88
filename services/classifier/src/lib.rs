//! The classifier: what each case is about, how bad it is, what comes first; and the knowledge base.
//!
//! `model` reads a text, `domain` draws conclusions for a case, and the processors keep facts and tell verdicts:
//! [`cases`] follows each case, [`articles`] keeps the knowledge base.
#![forbid(unsafe_code)]

pub mod api;
pub mod articles;
pub mod cases;
pub mod domain;
#[cfg(test)]
mod fixtures;
pub mod model;

use kefu_processor::Service;

/// The classifier's processors.
pub fn service() -> Service {
    Service::new("classifier").with(cases::Cases).with(articles::Articles)
}
