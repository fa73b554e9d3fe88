//! The open intervals of one stretch of time, laid out for search: where each starts, and how much open time lies
//! before it.

use crate::intervals::Interval;

/// `open_before` has one element more than `starts`, the last being all the stretch's open time. An interval's end
/// follows from the two.
#[derive(Debug)]
pub(crate) struct Stretch {
    starts: Box<[i64]>,
    open_before: Box<[i64]>,
    open_ms: i64,
}

impl Stretch {
    /// `intervals` is merged.
    pub(crate) fn new(intervals: &[Interval]) -> Stretch {
        let mut open_ms = 0;
        let mut open_before = vec![0];
        for (start, end) in intervals {
            open_ms += end - start;
            open_before.push(open_ms);
        }
        Stretch {
            starts: intervals.iter().map(|(start, _)| *start).collect(),
            open_before: open_before.into(),
            open_ms,
        }
    }

    /// All the open time of the stretch.
    pub(crate) fn open_ms(&self) -> i64 {
        self.open_ms
    }

    /// Open time of the stretch before an instant.
    pub(crate) fn open_until(&self, at_ms: i64) -> i64 {
        self.interval_begun(at_ms).map_or(0, |(n, start)| {
            let inside = at_ms.saturating_sub(start);
            (self.before(n) + inside).min(self.before(n + 1))
        })
    }

    /// The earliest instant with `amount_ms` of the stretch's open time before it, `0 < amount_ms <= open_ms()`.
    pub(crate) fn instant_at(&self, amount_ms: i64) -> Option<i64> {
        let n = self.open_before.partition_point(|before| *before < amount_ms).checked_sub(1)?;
        self.starts.get(n).map(|start| start + amount_ms - self.before(n))
    }

    /// The earliest open instant at or after `at_ms`.
    pub(crate) fn next_open(&self, at_ms: i64) -> Option<i64> {
        if self.close_after(at_ms).is_some() {
            return Some(at_ms);
        }
        self.starts.get(self.begun(at_ms)).copied()
    }

    /// The end of the interval that contains `at_ms`; none where closed.
    pub(crate) fn close_after(&self, at_ms: i64) -> Option<i64> {
        let (n, start) = self.interval_begun(at_ms)?;
        let end = start + self.before(n + 1) - self.before(n);
        (at_ms < end).then_some(end)
    }

    /// The last interval that starts at or before `at_ms`, with its start.
    fn interval_begun(&self, at_ms: i64) -> Option<(usize, i64)> {
        let n = self.begun(at_ms).checked_sub(1)?;
        self.starts.get(n).map(|start| (n, *start))
    }

    fn begun(&self, at_ms: i64) -> usize {
        self.starts.partition_point(|start| *start <= at_ms)
    }

    fn before(&self, n: usize) -> i64 {
        self.open_before.get(n).copied().unwrap_or(self.open_ms)
    }
}
