//! Time for services that run with the event clock.
//!
//! Owns the first stage's upstream: it publishes how far the inputs have come, and keeps them at most [`AHEAD_MS`] of
//! event time ahead of the slowest processor. What one service decides comes back to another with the instant of its
//! cause; a pipeline that lagged weeks behind would find conversations forgotten that a live one still knows.

use std::time::Duration;

use kefu_contracts::Timestamp;
use kefu_processor::Topology;
use kefu_runtime::clock;
use kefu_runtime::interrupt::Interrupt;
use kefu_runtime::kafka::{Connection, ProgressGate, ProgressWriter};

use crate::Failure;

/// Event time that the inputs may be ahead of the slowest processor: less than from one shift's decisions to the next
/// shift's, which rest on what came back of the first.
const AHEAD_MS: i64 = 4 * 3_600_000;

/// Steps grow to this while nothing comes in: what is decided in one comes back in the next.
const STEP_MAX_MS: i64 = 48 * 3_600_000;
/// After this long without an input only recurring timers are left, and time moves at once.
const SETTLED_MS: i64 = 21 * 24 * 3_600_000;

/// How often whoever waits looks whether to end.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The instants at which to wait on the way from an input to the next.
fn steps(from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let mut steps = Vec::new();
    let (mut at, mut step) = (from.plus_ms(AHEAD_MS), AHEAD_MS);
    while at < to && at.ms_since(from) < SETTLED_MS {
        steps.push(at);
        step = (step * 2).min(STEP_MAX_MS);
        at = at.plus_ms(step);
    }
    steps.push(to);
    steps
}

/// Says how far time is, and waits for the services to follow.
pub(super) struct Following {
    writer: ProgressWriter,
    gate: ProgressGate,
    wait: Duration,
    interrupt: Interrupt,
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
        interrupt: Interrupt,
    ) -> Result<Self, Failure> {
        Ok(Self {
            writer: ProgressWriter::for_load(connection).map_err(Failure::work)?,
            gate: ProgressGate::new(connection, topology, partitions).map_err(Failure::work)?,
            wait,
            interrupt,
            last: None,
            followed: None,
        })
    }

    /// The instants that everybody must come to, one after the other, before an event of `at` is sent; everything
    /// before must be in the log by then.
    pub(super) fn before(&mut self, at: Timestamp) -> Vec<Timestamp> {
        let Some(last) = self.last else { return Vec::new() };
        let is_far = at.ms_since(*self.followed.get_or_insert(last)) > AHEAD_MS;
        match at.ms_since(last) {
            _ if !is_far || at <= last => Vec::new(),
            gap if gap <= AHEAD_MS => vec![at.plus_ms(-1)],
            _ => [vec![last], steps(last, at.plus_ms(-1))].concat(),
        }
    }

    /// Says, after the last event, that time has come to `until`, and waits for all services to follow.
    ///
    /// # Errors
    /// As [`Following::follow`].
    pub(super) fn finish(&mut self, until: Timestamp) -> Result<(), Failure> {
        let last = self.last.unwrap_or(until).min(until);
        steps(last, until).into_iter().try_for_each(|instant| self.follow(instant))
    }

    /// Takes note that an event of `at` is sent.
    pub(super) fn sent(&mut self, at: Timestamp) {
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
    }

    fn goes_on(&self) -> Result<(), Failure> {
        if self.interrupt.is_told() {
            return Err(Failure::work("it was told to end while it waited for the services"));
        }
        Ok(())
    }

    /// Says that time has come to `until`; a broker that is away is waited for as services are.
    fn publish(&self, until: Timestamp) -> Result<(), Failure> {
        let begun = clock::monotonic();
        loop {
            match self.writer.publish(until) {
                Err(error) if begun.elapsed() < self.wait => {
                    self.goes_on()?;
                    eprintln!("kefu: {error}; it is tried again");
                }
                done => return done.map_err(Failure::work),
            }
        }
    }

    /// Says that time has come to `until`, and waits for all services to follow.
    ///
    /// # Errors
    /// If they do not follow in time, with how far they are.
    pub(super) fn follow(&mut self, until: Timestamp) -> Result<(), Failure> {
        self.publish(until)?;
        let begun = clock::monotonic();
        let behind = loop {
            let left = self.wait.saturating_sub(begun.elapsed());
            let behind = self.gate.wait(until, left.min(LOOK_EVERY)).map_err(Failure::work)?;
            if behind.is_empty() || begun.elapsed() >= self.wait {
                break behind;
            }
            self.goes_on()?;
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_moves_in_steps_that_grow() {
        let hours = |hours: i64| Timestamp::from_ms(hours * 3_600_000);
        let steps_to = |to: i64| steps(hours(0), hours(to));
        assert_eq!(steps_to(3), [hours(3)]);
        assert_eq!(steps_to(100), [4, 12, 28, 60, 100].map(hours));
        let far = steps_to(24 * 1000);
        assert!(far.len() < 20 && far.last() == Some(&hours(24 * 1000)), "{}", far.len());
    }
}
