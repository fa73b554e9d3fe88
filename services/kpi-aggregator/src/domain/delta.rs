//! What changes in a row: counts and distributions that add up.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::metric::{Count, Timing};
use crate::domain::sketch::Sketch;
use crate::domain::sums::Sums;

/// Changes of a row's metrics, or all of them. What has come to nothing is not kept, so that equal contents are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// By metric.
    pub counts: Sums<Count>,
    /// By metric; never empty. Copies of a delta share those that do not change.
    pub timings: BTreeMap<Timing, Arc<Sketch>>,
}

impl Delta {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.timings.is_empty()
    }

    /// Adds `amount` to a count.
    pub fn count(&mut self, metric: Count, amount: i64) {
        self.counts.add(metric, amount);
    }

    /// Adds `times` occurrences of a duration in milliseconds.
    pub fn time(&mut self, metric: Timing, ms: i64, times: i64) {
        let sketch = Arc::make_mut(self.timings.entry(metric).or_default());
        sketch.record(ms, times);
        if sketch.is_empty() {
            self.timings.remove(&metric);
        }
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Delta) {
        self.counts.merge(&other.counts);
        for (metric, added) in &other.timings {
            let Some(sketch) = self.timings.get_mut(metric) else {
                self.timings.insert(*metric, added.clone());
                continue;
            };
            let sketch = Arc::make_mut(sketch);
            sketch.merge(added);
            if sketch.is_empty() {
                self.timings.remove(metric);
            }
        }
    }

    /// Takes a count out.
    pub fn take(&mut self, metric: Count) -> i64 {
        self.counts.take(metric)
    }

    /// The count of a metric.
    pub fn of(&self, metric: Count) -> i64 {
        self.counts.get(metric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cancels_out_leaves_nothing() {
        let mut delta = Delta::default();
        delta.count(Count::CasesOpened, 1);
        delta.time(Timing::FirstReply, 5_000, 1);
        let mut back = Delta::default();
        back.count(Count::CasesOpened, -1);
        back.time(Timing::FirstReply, 5_000, -1);
        delta.merge(&back);
        assert!(delta.is_empty());
        assert_eq!(delta, Delta::default());
    }
}
