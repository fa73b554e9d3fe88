//! Commands for developers: tests with everything they need, checks, tidiness.
//!
//! Owns the order of steps and the rules that no compiler checks. What is tested belongs to the crates.
#![forbid(unsafe_code)]

pub mod bench;
pub mod rebalance;
pub mod repository;
pub mod steps;
pub mod tidy;
