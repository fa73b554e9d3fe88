//! Log lines about refused records.
//!
//! Owns how many there are: a source that sends nothing but nonsense must not fill the disk. The lines name where a
//! record is, never what is in it.

use std::time::{Duration, Instant};

use crate::clock;

/// Lines in each second; what is beyond is only counted.
const LINES_MAX: u32 = 10;
const WINDOW: Duration = Duration::from_secs(1);

/// A record that was refused: where it is, by whom and why.
#[derive(Clone, Copy, Debug)]
pub struct RefusedAt<'a> {
    /// The service that refused it.
    pub service: &'static str,
    /// The processor in it.
    pub processor: &'static str,
    /// The topic's name.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The rejection code.
    pub code: &'static str,
}

/// The log lines of one thread.
#[derive(Debug)]
pub struct RefusalLog {
    since: Instant,
    written: u32,
    suppressed: u64,
}

impl Default for RefusalLog {
    fn default() -> Self {
        Self { since: clock::monotonic(), written: 0, suppressed: 0 }
    }
}

impl RefusalLog {
    /// Writes a line, or only counts it.
    pub fn note(&mut self, refused: RefusedAt<'_>) {
        self.turn();
        if self.may_write() {
            let RefusedAt { service, processor, topic, partition, offset, code } = refused;
            tracing::warn!(service, processor, topic, partition, offset, code, "record refused");
        }
    }

    /// Tells how many lines were left out, once their second is over; to be called now and then.
    pub fn turn(&mut self) {
        if let Some(suppressed) = self.turn_at(clock::monotonic()) {
            tracing::warn!(suppressed, "more records were refused; the metrics count all, the dead letters hold them");
        }
    }

    fn turn_at(&mut self, now: Instant) -> Option<u64> {
        if now.duration_since(self.since) < WINDOW {
            return None;
        }
        (self.since, self.written) = (now, 0);
        Some(std::mem::take(&mut self.suppressed)).filter(|suppressed| *suppressed > 0)
    }

    fn may_write(&mut self) -> bool {
        if self.written < LINES_MAX {
            self.written += 1;
            return true;
        }
        self.suppressed += 1;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_ten_lines_and_the_rest_is_told_as_a_count() {
        let mut log = RefusalLog::default();
        let begin = log.since;
        let written = (0..25).filter(|_| log.may_write()).count();
        assert_eq!(written, 10);
        assert_eq!(log.turn_at(begin + Duration::from_millis(999)), None);
        assert_eq!(log.turn_at(begin + Duration::from_secs(1)), Some(15));
        assert!(log.may_write());
        assert_eq!(log.turn_at(begin + Duration::from_secs(2)), None);
    }
}
