//! The figures of a window: counts, a sum, and a sketch in logarithmic buckets.

use serde::{Deserialize, Serialize};

use crate::windows::Change;

/// A bucket is this much wider than the one before, so that a percentile is at most 2 % off.
const GROWTH: f64 = 1.04;

/// What is known of a window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    messages: u64,
    replies: u64,
    replies_ms: u64,
    /// Of the freshest event.
    sent_us: i64,
    /// Index and count, in the order of indexes.
    buckets: Vec<(i16, u32)>,
}

impl Figures {
    /// Takes a change in.
    pub fn add(&mut self, change: &Change) {
        self.messages += u64::from(change.messages);
        self.sent_us = self.sent_us.max(change.sent_us);
        let Some(took_ms) = change.first_reply_took_ms.and_then(|ms| u64::try_from(ms).ok()) else { return };
        self.replies += 1;
        self.replies_ms += took_ms;
        let index = bucket(took_ms);
        match self.buckets.binary_search_by_key(&index, |(index, _)| *index) {
            Ok(at) => self.buckets.iter_mut().skip(at).take(1).for_each(|(_, count)| *count += 1),
            Err(at) => self.buckets.insert(at, (index, 1)),
        }
    }

    /// The milliseconds that `percent` in a hundred first replies did not exceed; -1 without replies.
    fn percentile(&self, percent: u64) -> i64 {
        let rank = (self.replies * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let found = self.buckets.iter().find(|(_, count)| {
            seen += u64::from(*count);
            seen >= rank
        });
        #[expect(clippy::cast_possible_truncation, reason = "the middle of a bucket, in whole milliseconds")]
        found.map_or(-1, |(index, _)| (2.0 * GROWTH.powi(i32::from(*index)) / (GROWTH + 1.0)) as i64)
    }

    /// As they are written: messages, replies, their sum, send time, p50, p95, number of buckets, then the buckets.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(50 + 6 * self.buckets.len());
        for count in [self.messages, self.replies, self.replies_ms] {
            bytes.extend_from_slice(&count.to_be_bytes());
        }
        for number in [self.sent_us, self.percentile(50), self.percentile(95)] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&u16::try_from(self.buckets.len()).unwrap_or(u16::MAX).to_be_bytes());
        for (index, count) in &self.buckets {
            bytes.extend_from_slice(&index.to_be_bytes());
            bytes.extend_from_slice(&count.to_be_bytes());
        }
        bytes
    }
}

fn bucket(ms: u64) -> i16 {
    if ms < 1 {
        return 0;
    }
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "the logarithm is below 1200")]
    let index = ((ms as f64).ln() / GROWTH.ln()).ceil() as i16;
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_two_percent_off_at_most() {
        let mut figures = Figures::default();
        for ms in 1..=1_000 {
            figures.add(&Change { messages: 1, first_reply_took_ms: Some(ms), sent_us: ms });
        }
        figures.add(&Change { messages: 1, first_reply_took_ms: None, sent_us: 3 });
        for (percent, exact) in [(50, 500), (95, 950)] {
            let told = figures.percentile(percent);
            assert!((told - exact).abs() * 50 <= exact, "p{percent} is {told}");
        }
        let bytes = figures.bytes();
        let number = |at: usize| i64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
        assert_eq!([0, 8, 16, 24].map(number), [1_001, 1_000, 500_500, 1_000]);
        assert_eq!(bytes.len(), 50 + 6 * figures.buckets.len());
        assert_eq!(Figures::default().percentile(50), -1);
    }
}
