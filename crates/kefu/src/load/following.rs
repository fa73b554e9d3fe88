//! Time for services that run with the event clock.
//!
//! Owns the first stage's upstream: it publishes how far the inputs have come, and keeps them at most [`AHEAD_MS`] of
//! event time ahead of the slowest processor. What one service decides comes back to another with the instant of its
//! cause; a pipeline that lagged weeks behind would find conversations forgotten that a live one still knows.

use std::time::Duration;

use kefu_contracts::Timestamp;
use kefu_processor::Topology;
use kefu_runtime::kafka::{Connection, ProgressGate, ProgressWriter};

use crate::Failure;

/// Event time that the inputs may be ahead of the slowest processor: less than from one shift's decisions to the next
/// shift's, which rest on what came back of the first.
const AHEAD_MS: i64 = 4 * 3_600_000;

/// Says how far time is, and waits for the services to follow.
pub(super) struct Following {
    writer: ProgressWriter,
    gate: ProgressGate,
    wait: Duration,
    /// The latest event time taken.
    last: Option<Timestamp>,
    /// The instant that all services have come to.
    followed: Option<Timestamp>,
}

impl Following {
    pub(super) fn new(
        connection: &Connection,
        topology: &Topology,
        partitions: i32,
        wait: Duration,
    ) -> Result<Self, Failure> {
        Ok(Self {
            writer: ProgressWriter::for_load(connection).map_err(Failure::work)?,
            gate: ProgressGate::new(connection, topology, partitions).map_err(Failure::work)?,
            wait,
            last: None,
            followed: None,
        })
    }

    /// The instants that everybody must come to, one after the other, before an event of `at` is sent; everything
    /// before must be in the log by then.
    pub(super) fn before(&mut self, at: Timestamp) -> Option<[Timestamp; 2]> {
        let last = self.last?;
        let is_far = at.ms_since(*self.followed.get_or_insert(last)) > AHEAD_MS;
        (is_far && at > last).then(|| [last, at.plus_ms(-1)])
    }

    /// Takes note that an event of `at` is sent.
    pub(super) fn sent(&mut self, at: Timestamp) {
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
    }

    /// Says that time has come to `until`, and waits for all services to follow.
    ///
    /// # Errors
    /// If they do not follow in time, with how far they are.
    pub(super) fn follow(&mut self, until: Timestamp) -> Result<(), Failure> {
        self.writer.publish(until).map_err(Failure::work)?;
        let behind = self.gate.wait(until, self.wait).map_err(Failure::work)?;
        if behind.is_empty() {
            self.followed = Some(until);
            return Ok(());
        }
        let shown = |reached: Option<Timestamp>| reached.map_or("nothing yet".to_owned(), |at| at.to_string());
        let lines: Vec<String> =
            behind.into_iter().map(|(stage, reached)| format!("  {stage}: {}", shown(reached))).collect();
        let (seconds, lines) = (self.wait.as_secs(), lines.join("\n"));
        Err(Failure::work(format!("after {seconds} s these have not reached {until}; do they run?\n{lines}")))
    }
}
