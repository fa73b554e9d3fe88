//! From facts to published rows, through all processors of the service.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod backlog;
mod cases;
mod corrections;
mod order;
mod scene;
mod surveys_and_handovers;
mod waits;
mod windows;
