//! How long things took, in bounded memory.
//!
//! Owns the measure alone: buckets that grow with the value, so that a percentile is at most 1 % too high.

use std::time::Duration;

use serde::Serialize;

/// Buckets for each doubling: a bucket is at most 1/128 of its values wide.
const STEPS: u64 = 128;
/// Doublings: up to 2^40 microseconds, which is twelve days.
const DOUBLINGS: usize = 34;
const BUCKETS: usize = STEPS as usize * DOUBLINGS;

/// Counts of durations.
#[derive(Clone, Debug)]
pub struct Latencies {
    counts: Vec<u64>,
    count: u64,
    longest_us: u64,
}

/// The percentiles that people ask for, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Percentiles {
    /// Half took at most this.
    pub p50_ms: f64,
    /// 95 in 100 took at most this.
    pub p95_ms: f64,
    /// 99 in 100 took at most this.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], count: 0, longest_us: 0 }
    }
}

impl Latencies {
    /// Takes in that each of `times` things took `took`.
    pub fn add(&mut self, took: Duration, times: u64) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get_mut(bucket(us)) {
            *count += times;
        }
        self.count += times;
        if times > 0 {
            self.longest_us = self.longest_us.max(us);
        }
    }

    /// How many were taken in.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The percentiles; none if nothing was taken in.
    pub fn percentiles(&self) -> Option<Percentiles> {
        let at = |share: u64| self.at(share).map(in_ms);
        Some(Percentiles { p50_ms: at(50)?, p95_ms: at(95)?, p99_ms: at(99)?, max_ms: in_ms(self.longest_us) })
    }

    /// The microseconds that `percent` in a hundred did not exceed.
    fn at(&self, percent: u64) -> Option<u64> {
        let rank = (self.count * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(highest(found).min(self.longest_us))
    }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of a run are below 2^52")]
fn in_ms(us: u64) -> f64 {
    us as f64 / 1000.0
}

/// Values below two times [`STEPS`] have buckets of their own; above, each doubling has [`STEPS`].
fn bucket(us: u64) -> usize {
    let doubling = (us / STEPS).checked_ilog2().unwrap_or(0);
    let index = u64::from(doubling) * STEPS + (us >> doubling);
    usize::try_from(index).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

/// The highest value of a bucket.
fn highest(bucket: usize) -> u64 {
    let index = bucket as u64;
    let doubling = (index / STEPS).saturating_sub(1);
    ((index - doubling * STEPS + 1) << doubling) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_at_most_one_percent_above_the_sorted_list() {
        for spread in [3_u64, 1_000, 7_919, 1_000_003] {
            let mut values: Vec<u64> = (0..5_000_u64).map(|n| n * n % 5_003 * spread / 7).collect();
            let mut latencies = Latencies::default();
            for us in &values {
                latencies.add(Duration::from_micros(*us), 1);
            }
            values.sort_unstable();
            for percent in [1, 50, 95, 99, 100] {
                let exact = values[(values.len() * percent as usize).div_ceil(100) - 1];
                let told = latencies.at(percent).unwrap();
                assert!(told >= exact && told - exact <= exact / 100, "p{percent} of {spread}: {told}, not {exact}");
            }
        }
    }

    #[test]
    fn every_bucket_ends_where_the_next_begins() {
        for index in 0..BUCKETS - 1 {
            assert_eq!((bucket(highest(index)), bucket(highest(index) + 1)), (index, index + 1));
        }
    }

    #[test]
    fn nothing_has_no_percentiles() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentiles(), None);
        latencies.add(Duration::from_millis(2), 3);
        let two = Percentiles { p50_ms: 2.0, p95_ms: 2.0, p99_ms: 2.0, max_ms: 2.0 };
        assert_eq!((latencies.percentiles(), latencies.count()), (Some(two), 3));
    }
}
