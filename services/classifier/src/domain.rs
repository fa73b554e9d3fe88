//! The classifier's rules: plain functions over plain data.

pub mod article;
pub mod case_history;
pub mod sentiment;
pub mod severity;
pub mod verdict;
