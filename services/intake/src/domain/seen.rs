//! Which ids were seen before.
//!
//! Owns deduplication: 64-bit hashes, kept by hour for at least 72 h after they came in.

use std::sync::Arc;

use kefu_contracts::Timestamp;
use kefu_contracts::id::hash_64;
use serde::{Deserialize, Serialize};

/// How long a repetition counts once, in milliseconds.
pub const REMEMBERED_MS: i64 = 72 * 3_600_000;
const HOUR_MS: i64 = 3_600_000;

/// Hashes of ids, by the hour in which they came in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    hours: Vec<(i64, Arc<Vec<u64>>)>,
}

impl Seen {
    /// Whether `id` is new; if it is, it is remembered as having come in at `now`.
    pub fn is_new(&mut self, id: &str, now: Timestamp) -> bool {
        let hash = hash_64(&[id]);
        if self.hours.iter().any(|(_, hashes)| hashes.contains(&hash)) {
            return false;
        }
        let hour = now.ms().div_euclid(HOUR_MS);
        let oldest = now.plus_ms(-REMEMBERED_MS).ms().div_euclid(HOUR_MS);
        self.hours.retain(|(hour, _)| *hour >= oldest);
        match self.hours.iter_mut().find(|(known, _)| *known == hour) {
            Some((_, hashes)) => Arc::make_mut(hashes).push(hash),
            None => self.hours.push((hour, Arc::new(vec![hash]))),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repetition_counts_once_for_72_hours() {
        let mut seen = Seen::default();
        let start = Timestamp::from_ms(1_772_413_200_123);
        assert!(seen.is_new("a", start));
        assert!(!seen.is_new("a", start.plus_ms(REMEMBERED_MS)));
        assert!(seen.is_new("b", start.plus_ms(REMEMBERED_MS)));
        assert!(!seen.is_new("a", start.plus_ms(REMEMBERED_MS)), "nothing is forgotten a moment too early");
    }

    #[test]
    fn what_is_older_is_forgotten() {
        let mut seen = Seen::default();
        for hour in 0..200 {
            assert!(seen.is_new(&hour.to_string(), Timestamp::from_ms(hour * HOUR_MS)));
        }
        assert!(seen.hours.len() <= 74, "{}", seen.hours.len());
    }
}
