//! Sending events at a rate.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kefu_bench::generator::{Generator, STEPS, Schedule, is_message, is_repetition};
use serde::Serialize;

use crate::cluster::{Cluster, Failure, now_us};
use crate::load::{EventWriter, Form};

/// Ticks between two events of a conversation.
const LAG: u64 = 500;

/// Events that are sent evenly for some time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steady {
    /// Events a second.
    pub(crate) rate: u32,
    /// For how long; longer than that is sent to none.
    pub(crate) seconds: u64,
    pub(crate) form: Form,
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Sent {
    pub(crate) events: u64,
    /// Without repetitions.
    pub(crate) distinct: u64,
    /// Those of them that a customer wrote.
    pub(crate) messages: u64,
    /// By how much an event was late at most.
    pub(crate) late_ms_max: u64,
}

impl Steady {
    /// Sends until told to stop.
    pub(crate) fn send(&self, cluster: &Cluster, stop: &AtomicBool) -> Result<Sent, Failure> {
        let writer = EventWriter::new(cluster, "1", self.form)?;
        let generator = Generator::of_now();
        let ticks_a_second = f64::from(self.rate) / f64::from(u32::try_from(STEPS)?);
        let begin_us = now_us();
        // conversations that no run before has used
        let first = u64::try_from(begin_us / 1_000_000)? * 1_000;
        let conversations = u64::from(self.rate) * (self.seconds + 1) / STEPS;
        let schedule = Schedule { first, conversations, lag: LAG };
        let begun = Instant::now();
        let mut sent = Sent::default();
        for tick in 0.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            #[expect(clippy::cast_precision_loss, reason = "ticks of a run are below 2^52")]
            let due = Duration::from_secs_f64(tick as f64 / ticks_a_second);
            sent.late_ms_max = sent.late_ms_max.max(wait_until(begun + due));
            let sent_us = begin_us + i64::try_from(due.as_micros())?;
            for (conversation, step) in schedule.level(tick) {
                writer.send(&generator.event(conversation, step, sent_us / 1000, sent_us))?;
                // what it would repeat was to be sent before the first tick
                let is_new = !is_repetition(conversation, step) || tick < LAG;
                sent.events += 1;
                sent.distinct += u64::from(is_new);
                sent.messages += u64::from(is_new && is_message(step));
            }
        }
        writer.flush()?;
        Ok(sent)
    }
}

/// Sleeps until `due`; gives by how many milliseconds it is over.
fn wait_until(due: Instant) -> u64 {
    let now = Instant::now();
    std::thread::sleep(due.saturating_duration_since(now));
    u64::try_from(now.saturating_duration_since(due).as_millis()).unwrap_or(u64::MAX)
}
