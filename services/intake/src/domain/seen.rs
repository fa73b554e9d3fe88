//! Which ids were seen before.
//!
//! Owns deduplication: 64-bit hashes, kept by hour for at least 72 h after they came in. More than a conversation has
//! in that time are not kept, so that one that is flooded cannot grow without end.

use std::sync::Arc;

use kefu_contracts::Timestamp;
use kefu_contracts::id::hash_64;
use serde::{Deserialize, Serialize};

/// How long a repetition counts once, in milliseconds.
pub const REMEMBERED_MS: i64 = 72 * 3_600_000;
const HOUR_MS: i64 = 3_600_000;
/// Hashes kept; the oldest go first.
pub const MAX_IDS: usize = 16_384;

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
        self.forget_surplus();
        true
    }

    /// How many are remembered.
    pub fn count(&self) -> usize {
        self.hours.iter().map(|(_, hashes)| hashes.len()).sum()
    }

    fn forget_surplus(&mut self) {
        let mut surplus = self.count().saturating_sub(MAX_IDS);
        while surplus > 0
            && let Some(oldest) = self.hours.iter_mut().min_by_key(|(hour, _)| *hour)
        {
            let hashes = Arc::make_mut(&mut oldest.1);
            let gone = surplus.min(hashes.len());
            hashes.drain(..gone);
            self.hours.retain(|(_, hashes)| !hashes.is_empty());
            surplus -= gone;
        }
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
    fn a_flood_makes_the_oldest_forgotten() {
        let mut seen = Seen::default();
        for number in 0..MAX_IDS + 100 {
            let hour = if number < 60 { 7 } else { 8 };
            assert!(seen.is_new(&number.to_string(), Timestamp::from_ms(hour * HOUR_MS)));
        }
        assert_eq!(seen.count(), MAX_IDS);
        let now = Timestamp::from_ms(8 * HOUR_MS);
        assert!(!seen.is_new("100", now));
        assert!(seen.is_new("99", now));
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
