//! A processor at work on one partition, as a backend drives it.

mod policies;
mod refusals;
mod till;
mod timers;
