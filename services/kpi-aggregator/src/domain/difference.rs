//! From figures to changes of minute rows.
//!
//! A subject (a case, a survey, a handover) contributes a set of figures, a pure function of what is known of it. When
//! something new is learnt the old set is compared with the new one, and only the difference goes to the rows.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use kefu_contracts::Timestamp;

use crate::domain::delta::Delta;
use crate::domain::dimensions::Place;
use crate::domain::metric::{Count, Timing};
use crate::domain::window::minute_of;

/// How much of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Adds to a count.
    Count(Count, i64),
    /// A duration in milliseconds.
    Time(Timing, i64),
}

/// One contribution of a subject to the rows of a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Figure<'a> {
    /// Where it belongs.
    pub place: Place<'a>,
    /// The minute, counted from 1970.
    pub minute: i64,
    /// How much of what.
    pub measure: Measure,
}

impl<'a> Figure<'a> {
    /// `metric` once more at `at`.
    pub fn one(metric: Count, at: Timestamp, place: Place<'a>) -> Self {
        Self::many(metric, 1, at, place)
    }

    /// `metric` more by `amount` at `at`.
    pub fn many(metric: Count, amount: i64, at: Timestamp, place: Place<'a>) -> Self {
        Self { place, minute: minute_of(at), measure: Measure::Count(metric, amount) }
    }

    /// A duration that ended at `at`.
    pub fn time(metric: Timing, ms: i64, at: Timestamp, place: Place<'a>) -> Self {
        Self { place, minute: minute_of(at), measure: Measure::Time(metric, ms) }
    }
}

/// Changes by dimensions (as in keys) and minute.
pub type Changes = BTreeMap<(String, i64), Delta>;

/// What takes the rows from the figures `before` to those `after`.
pub fn difference(mut before: Vec<Figure<'_>>, mut after: Vec<Figure<'_>>) -> Changes {
    leave_out_same(&mut before, &mut after);
    before.sort_unstable();
    after.sort_unstable();
    let mut changes = Changing::default();
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let side = match (old.peek(), new.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.cmp(b),
        };
        if side != Ordering::Greater
            && let Some(figure) = old.next()
            && side == Ordering::Less
        {
            changes.add(figure, -1);
        }
        if side != Ordering::Less
            && let Some(figure) = new.next()
            && side == Ordering::Greater
        {
            changes.add(figure, 1);
        }
    }
    changes.all()
}

/// Takes out what both begin and end with: facts mostly come in order, so little else is left.
fn leave_out_same(before: &mut Vec<Figure<'_>>, after: &mut Vec<Figure<'_>>) {
    let same = before.iter().rev().zip(after.iter().rev()).take_while(|(old, new)| old == new).count();
    before.truncate(before.len() - same);
    after.truncate(after.len() - same);
    let same = before.iter().zip(after.iter()).take_while(|(old, new)| old == new).count();
    before.drain(..same);
    after.drain(..same);
}

/// Collects changes: neighbours in order share a place and a minute, and so what changes in all sets of that place.
#[derive(Default)]
struct Changing<'a> {
    changes: Changes,
    at: Option<(Place<'a>, i64)>,
    /// What changes there.
    delta: Delta,
    spelt: Option<(Place<'a>, Vec<String>)>,
}

impl<'a> Changing<'a> {
    fn add(&mut self, figure: &Figure<'a>, times: i64) {
        let at = Some((figure.place, figure.minute));
        if self.at != at {
            self.gather();
            self.at = at;
        }
        match figure.measure {
            Measure::Count(metric, amount) => self.delta.count(metric, amount * times),
            Measure::Time(metric, ms) => self.delta.time(metric, ms, times),
        }
    }

    fn gather(&mut self) {
        let delta = std::mem::take(&mut self.delta);
        let Some((place, minute)) = self.at.filter(|_| !delta.is_empty()) else { return };
        let (_, sets) = match self.spelt.take() {
            Some(spelt) if spelt.0 == place => self.spelt.insert(spelt),
            _ => self.spelt.insert((place, place.sets())),
        };
        for dimensions in sets {
            self.changes.entry((dimensions.clone(), minute)).or_default().merge(&delta);
        }
    }

    fn all(mut self) -> Changes {
        self.gather();
        self.changes.retain(|_, delta| !delta.is_empty());
        self.changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(metric: Count, minute: i64, category: &'static str) -> Figure<'static> {
        let place = Place { category: Some(category), ..Place::default() };
        Figure::one(metric, Timestamp::from_ms(minute * 60_000), place)
    }

    fn delta(metric: Count, amount: i64) -> Delta {
        let mut delta = Delta::default();
        delta.count(metric, amount);
        delta
    }

    #[test]
    fn equal_figures_change_nothing() {
        let figures = vec![figure(Count::CasesOpened, 1, "inquiry"), figure(Count::MessagesIn, 1, "inquiry")];
        let reversed = figures.iter().rev().copied().collect();
        assert_eq!(difference(figures, reversed), Changes::new());
    }

    #[test]
    fn a_repeated_figure_counts_each_time() {
        let message = figure(Count::MessagesIn, 1, "inquiry");
        let changes = difference(vec![message], vec![message; 3]);
        assert_eq!(changes[&("-".to_owned(), 1)], delta(Count::MessagesIn, 2));
    }

    #[test]
    fn another_category_moves_the_figure_and_leaves_other_rows_alone() {
        let before = vec![figure(Count::CasesOpened, 1, "inquiry")];
        let after = vec![figure(Count::CasesOpened, 1, "complaint")];
        let expected = Changes::from([
            (("category=inquiry".to_owned(), 1), delta(Count::CasesOpened, -1)),
            (("category=complaint".to_owned(), 1), delta(Count::CasesOpened, 1)),
        ]);
        assert_eq!(difference(before, after), expected);
    }
}
