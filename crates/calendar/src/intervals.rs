//! Sets of instants as sorted lists of half-open intervals, (start, end) in milliseconds.

pub(crate) type Interval = (i64, i64);

/// The same instants, sorted, without empty, overlapping or adjacent intervals.
pub(crate) fn merged(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.retain(|(start, end)| start < end);
    intervals.sort_unstable();
    intervals.dedup_by(|next, kept| {
        let joins = next.0 <= kept.1;
        if joins {
            kept.1 = kept.1.max(next.1);
        }
        joins
    });
    intervals
}

/// The instants of `from` that are not in `cut`; both are merged.
pub(crate) fn without(from: &[Interval], cut: &[Interval]) -> Vec<Interval> {
    let mut left = Vec::with_capacity(from.len());
    let mut cuts = cut.iter().peekable();
    for &(mut start, end) in from {
        while let Some(&&(cut_start, cut_end)) = cuts.peek() {
            if cut_start >= end {
                break;
            }
            left.push((start, cut_start));
            start = start.max(cut_end);
            if cut_end >= end {
                // The cut may reach into the next interval too.
                break;
            }
            cuts.next();
        }
        left.push((start, end));
    }
    left.retain(|(start, end)| start < end);
    left
}

/// The instants from `from_ms` until `to_ms`; `intervals` is merged.
pub(crate) fn clipped(intervals: &[Interval], from_ms: i64, to_ms: i64) -> Vec<Interval> {
    let inside = intervals.iter().map(|&(start, end)| (start.max(from_ms), end.min(to_ms)));
    inside.filter(|(start, end)| start < end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging() {
        for (given, expected) in [
            (vec![], vec![]),
            (vec![(5, 5), (7, 6)], vec![]),
            (vec![(5, 8), (1, 3)], vec![(1, 3), (5, 8)]),
            (vec![(1, 3), (3, 5)], vec![(1, 5)]),
            (vec![(1, 9), (2, 3), (8, 10)], vec![(1, 10)]),
        ] {
            assert_eq!(merged(given.clone()), expected, "{given:?}");
        }
    }

    #[test]
    fn cutting() {
        for (from, cut, expected) in [
            (vec![(1, 9)], vec![], vec![(1, 9)]),
            (vec![], vec![(1, 9)], vec![]),
            (vec![(1, 9)], vec![(0, 1), (9, 12)], vec![(1, 9)]),
            (vec![(1, 9)], vec![(3, 5)], vec![(1, 3), (5, 9)]),
            (vec![(1, 9)], vec![(0, 2), (4, 5), (8, 20)], vec![(2, 4), (5, 8)]),
            (vec![(1, 3), (5, 8), (10, 12)], vec![(2, 11)], vec![(1, 2), (11, 12)]),
            (vec![(1, 3), (5, 8)], vec![(0, 20)], vec![]),
            (vec![(1, 3), (5, 8)], vec![(1, 3)], vec![(5, 8)]),
            (vec![(10, 12)], vec![(1, 2), (3, 4), (11, 12)], vec![(10, 11)]),
        ] {
            assert_eq!(without(&from, &cut), expected, "{from:?} without {cut:?}");
        }
    }

    #[test]
    fn clipping() {
        for (from_ms, to_ms, expected) in
            [(0, 20, vec![(1, 3), (5, 8)]), (2, 6, vec![(2, 3), (5, 6)]), (3, 5, vec![]), (6, 2, vec![])]
        {
            assert_eq!(clipped(&[(1, 3), (5, 8)], from_ms, to_ms), expected, "{from_ms} to {to_ms}");
        }
    }
}
