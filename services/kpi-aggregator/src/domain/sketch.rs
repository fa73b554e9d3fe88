//! A distribution of durations as counts in logarithmic buckets.
//!
//! Owns the buckets and what is derived from them. Counts and the sum are integers, so that what was added can be
//! taken away again exactly, and merging in any order gives the same bytes.
//!
//! Values below 64 have a bucket each. Above, every doubling is cut into 64 buckets of equal width, and a bucket
//! stands for its middle: at most 1/128 away from any value in it, which keeps the relative error below 0.8 %. No
//! logarithm is taken, so that all machines agree.

use kefu_contracts::kpi::Distribution;
use serde::{Deserialize, Serialize};

use crate::domain::sums::Sums;

const STEPS: i64 = 64;
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// Counts by bucket, with the exact sum of the values; negative where more was taken away than added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sketch {
    buckets: Sums<u16>,
    /// Wraps rather than saturates, so that taking away stays exact whatever a record claims.
    sum: i64,
}

impl Sketch {
    /// Adds `times` occurrences of `value`; a negative number takes them away. Negative values count as 0.
    pub fn record(&mut self, value: i64, times: i64) {
        let value = value.max(0);
        self.buckets.add(bucket_of(value), times);
        self.sum = self.sum.wrapping_add(value.wrapping_mul(times));
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Sketch) {
        self.buckets.merge(&other.buckets);
        self.sum = self.sum.wrapping_add(other.sum);
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty() && self.sum == 0
    }

    /// How many values.
    pub fn count(&self) -> i64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }

    /// The value at or below which a share `percent` of the values lie (nearest rank), within the error; none if there
    /// are no values. What was taken away weighs like what was added.
    pub fn percentile(&self, percent: u32) -> Option<f64> {
        let total: i64 = self.buckets.iter().map(|(_, count)| count.abs()).sum();
        let rank = (total * i64::from(percent) + 99) / 100;
        let mut passed = 0;
        let mut buckets = self.buckets.iter();
        let reached = buckets.find(|(_, count)| {
            passed += count.abs();
            passed >= rank
        });
        reached.map(|(bucket, _)| middle(bucket))
    }

    /// As it is published; none if nothing is left.
    pub fn distribution(&self) -> Option<Distribution> {
        let ((first, _), (last, _)) = (self.buckets.iter().next()?, self.buckets.iter().next_back()?);
        let percentile = |percent| self.percentile(percent).unwrap_or_default();
        Some(Distribution {
            count: self.count(),
            sum: self.sum,
            min: middle(first),
            max: middle(last),
            p50: percentile(50),
            p90: percentile(90),
            p95: percentile(95),
            p99: percentile(99),
            sketch: self.to_text(),
        })
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        for (bucket, count) in self.buckets.iter() {
            let space = if text.is_empty() { "" } else { " " };
            text.extend([space, &bucket.to_string(), ":", &count.to_string()]);
        }
        text
    }
}

/// The bucket of a value of 0 or more.
fn bucket_of(value: i64) -> u16 {
    let doublings = value.checked_ilog2().unwrap_or(0).saturating_sub(STEP_BITS);
    let step = value >> doublings;
    // below 64 * 57 + 128 for any i64
    u16::try_from(i64::from(doublings) * STEPS + step).unwrap_or(u16::MAX)
}

/// What a bucket stands for: the middle of its first and last value.
fn middle(bucket: u16) -> f64 {
    let bucket = i64::from(bucket);
    let doublings = (bucket / STEPS - 1).max(0);
    let width = 1_i64 << doublings;
    let first = (bucket - doublings * STEPS) * width;
    first as f64 + (width - 1) as f64 / 2.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[i64]) -> Sketch {
        let mut sketch = Sketch::default();
        for value in values {
            sketch.record(*value, 1);
        }
        sketch
    }

    #[test]
    fn buckets_follow_each_other_without_gap() {
        let mut last = bucket_of(0);
        for value in 1..100_000 {
            let bucket = bucket_of(value);
            assert!(bucket == last || bucket == last + 1, "at {value}");
            last = bucket;
        }
        assert!(bucket_of(i64::MAX) < u16::MAX);
    }

    #[test]
    fn nothing_has_no_distribution() {
        assert_eq!(Sketch::default().distribution(), None);
        let mut sketch = of(&[5, 7_000]);
        sketch.record(7_000, -1);
        sketch.record(5, -1);
        assert!(sketch.is_empty());
        assert_eq!(sketch.distribution(), None);
    }

    #[test]
    fn what_is_published() {
        let distribution = of(&[1, 2, 3, 1_000]).distribution().unwrap();
        assert_eq!((distribution.count, distribution.sum), (4, 1_006));
        assert_eq!((distribution.min, distribution.p50), (1.0, 2.0));
        assert_eq!(distribution.p99, distribution.max);
        assert!((distribution.max - 1_000.0).abs() <= 10.0);
        assert_eq!(distribution.sketch, "1:1 2:1 3:1 317:1");
    }

    fn durations() -> impl Strategy<Value = i64> {
        prop_oneof![0_i64..200, 0_i64..100_000, 0_i64..10_000_000_000, 0_i64..i64::MAX / 1_000]
    }

    proptest! {
        /// Against the sorted values themselves.
        #[test]
        fn every_figure_is_within_one_percent(mut values in proptest::collection::vec(durations(), 1..200)) {
            let distribution = of(&values).distribution().unwrap();
            values.sort_unstable();
            let exact = |percent: usize| values[(values.len() * percent).div_ceil(100) - 1] as f64;
            let (first, last) = (values[0] as f64, *values.last().unwrap() as f64);
            for (name, found, exact) in [
                ("min", distribution.min, first),
                ("max", distribution.max, last),
                ("p50", distribution.p50, exact(50)),
                ("p90", distribution.p90, exact(90)),
                ("p95", distribution.p95, exact(95)),
                ("p99", distribution.p99, exact(99)),
            ] {
                prop_assert!((found - exact).abs() <= exact * 0.01, "{name}: {found} for {exact}");
            }
            prop_assert_eq!(distribution.sum, values.iter().sum::<i64>());
            prop_assert_eq!(distribution.count, values.len() as i64);
        }

        #[test]
        fn taking_away_undoes_adding(
            kept in proptest::collection::vec(durations(), 0..50),
            moved in proptest::collection::vec(durations(), 0..50),
        ) {
            let mut sketch = of(&moved);
            sketch.merge(&of(&kept));
            for value in moved.iter().rev() {
                sketch.record(*value, -1);
            }
            prop_assert_eq!(sketch, of(&kept));
        }
    }
}
