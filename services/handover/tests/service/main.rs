//! The whole service in virtual time: cases and commands in, handovers, answers, assignments and notices out.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should say so and stop")]

mod api;
mod attendance;
mod life_of_a_handover;
mod order_of_arrival;
mod stage;
