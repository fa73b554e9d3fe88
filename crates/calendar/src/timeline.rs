//! A plan's open time over the years, computed a stretch at a time when first asked for and then kept.
//!
//! Memory is bounded: the number of stretches is fixed, and so is what one can hold. Any number of threads may ask;
//! a stretch is computed once.

use std::sync::OnceLock;

use crate::plan::Plan;
use crate::stretch::Stretch;

/// Calendars with hours know the time from 1970-01-01 until this instant, 2200-01-01 UTC. Outside, nothing is open.
pub const COVERED_UNTIL_MS: i64 = 84_006 * DAY_MS;

const DAY_MS: i64 = 24 * 3_600_000;
/// Long enough that a target of some weeks seldom leaves its stretch, short enough to be computed in a fraction of a
/// millisecond.
const STRETCH_MS: i64 = 366 * DAY_MS;

#[derive(Debug)]
pub(crate) struct Timeline {
    plan: Plan,
    stretches: Box<[OnceLock<Stretch>]>,
}

impl Timeline {
    pub(crate) fn new(plan: Plan) -> Timeline {
        let stretches = (0..COVERED_UNTIL_MS).step_by(STRETCH_MS as usize).map(|_| OnceLock::new());
        Timeline { plan, stretches: stretches.collect() }
    }

    /// Open time between two instants, 0 if the second is not later.
    pub(crate) fn open_between(&self, from_ms: i64, to_ms: i64) -> i64 {
        if to_ms <= from_ms {
            return 0;
        }
        let before_to: i64 =
            self.stretches_from(from_ms).take(position(to_ms) - position(from_ms)).map(Stretch::open_ms).sum();
        before_to + self.open_in_stretch_until(to_ms) - self.open_in_stretch_until(from_ms)
    }

    /// The earliest instant with `amount_ms` (more than 0) of open time since `from_ms`.
    pub(crate) fn advance(&self, from_ms: i64, amount_ms: i64) -> Option<i64> {
        let mut left = amount_ms.checked_add(self.open_in_stretch_until(from_ms))?;
        for stretch in self.stretches_from(from_ms) {
            if left <= stretch.open_ms() {
                return stretch.instant_at(left);
            }
            left -= stretch.open_ms();
        }
        None
    }

    /// The earliest open instant at or after `from_ms`.
    pub(crate) fn next_open(&self, from_ms: i64) -> Option<i64> {
        self.stretches_from(from_ms).find_map(|stretch| stretch.next_open(from_ms))
    }

    /// The first closed instant after `from_ms`, which is open, but at most `limit_ms`.
    pub(crate) fn open_until(&self, from_ms: i64, limit_ms: i64) -> i64 {
        let mut end = from_ms;
        for stretch in self.stretches_from(from_ms) {
            // What is open over the end of a stretch goes on in the next one.
            match stretch.close_after(end) {
                Some(close) if end < limit_ms => end = close,
                _ => break,
            }
        }
        end.min(limit_ms)
    }

    fn open_in_stretch_until(&self, at_ms: i64) -> i64 {
        self.stretches_from(at_ms).next().map_or(0, |stretch| stretch.open_until(at_ms))
    }

    /// The stretch that contains an instant, or is nearest to it, and those after.
    fn stretches_from(&self, at_ms: i64) -> impl Iterator<Item = &Stretch> {
        self.stretches.iter().zip(0_i64..).skip(position(at_ms)).map(|(stretch, n)| {
            let start = n * STRETCH_MS;
            let end = COVERED_UNTIL_MS.min(start + STRETCH_MS);
            stretch.get_or_init(|| Stretch::new(&self.plan.open_within(start, end)))
        })
    }
}

/// Which stretch an instant falls into; those outside the covered time go to the first and the last.
fn position(at_ms: i64) -> usize {
    (at_ms.clamp(0, COVERED_UNTIL_MS) / STRETCH_MS) as usize
}
