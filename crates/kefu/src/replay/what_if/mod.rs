//! What would have been different: two outputs of the same inputs under two policies, as a page for a supervisor.
//!
//! Owns what a supervisor asks of such a comparison: which promises would have been kept, who would have been told,
//! where cases would have gone. [`outcome`] reads a folder, [`page`] draws. Whether two outputs are the same to the
//! last field is `compare`'s matter.

mod outcome;
mod page;
mod words;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use kefu_contracts::Language;

use outcome::{Clock, Outcome, Standing};

/// How much of something there was before and after.
type Pair = [u64; 2];

/// The clocks of one metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Kept {
    in_time: Pair,
    late: Pair,
}

/// What became of a clock: before and after; none if it did not run.
#[derive(Clone, Debug, PartialEq)]
struct ClockChange {
    case_id: String,
    metric: String,
    ends: [Option<Clock>; 2],
}

/// Where a case went: before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Move {
    case_id: String,
    to: [String; 2],
}

/// All that differs, for people.
#[derive(Clone, Debug, Default)]
struct WhatIf {
    cases: usize,
    /// By metric.
    kept: BTreeMap<String, Kept>,
    /// Promises that would have been kept or broken instead, the broken first.
    clocks: Vec<ClockChange>,
    /// Escalations, by who was told and why.
    escalations: BTreeMap<(String, String), Pair>,
    moves: Vec<Move>,
    /// After-sales decisions, by order.
    decisions: Vec<(String, [String; 2])>,
    /// Messages, by kind.
    messages: BTreeMap<String, Pair>,
}

/// The page that compares the outputs in `folders`.
///
/// # Errors
/// If a file is missing or no such file.
pub(crate) fn what_if(folders: [&Path; 2], prefix: &str, language: Language) -> io::Result<String> {
    let [before, after] = folders;
    let outcomes = [Outcome::read(before, prefix)?, Outcome::read(after, prefix)?];
    Ok(page::page(&WhatIf::of(&outcomes), folders, language))
}

impl WhatIf {
    fn of(outcomes: &[Outcome; 2]) -> Self {
        let mut what_if = Self { cases: union(outcomes, |outcome| &outcome.cases).len(), ..Self::default() };
        for (side, outcome) in outcomes.iter().enumerate() {
            what_if.count(side, outcome);
        }
        for id in union(outcomes, |outcome| &outcome.clocks) {
            let ends = outcomes.each_ref().map(|outcome| outcome.clocks.get(id).cloned());
            let standings = ends.each_ref().map(|end| end.as_ref().map(|clock| clock.standing));
            let [one, other] = standings.map(|standing| standing == Some(Standing::Late));
            if let Some(clock) = ends.iter().flatten().next()
                && one != other
            {
                let (case_id, metric) = (clock.case_id.clone(), clock.metric.clone());
                what_if.clocks.push(ClockChange { case_id, metric, ends });
            }
        }
        what_if.clocks.sort_by_key(|change| (!change.is_late_now(), change.case_id.clone(), change.metric.clone()));
        for id in union(outcomes, |outcome| &outcome.cases) {
            let to = outcomes.each_ref().map(|outcome| outcome.cases.get(id).cloned().unwrap_or_default());
            if to.iter().collect::<BTreeSet<_>>().len() > 1 {
                what_if.moves.push(Move { case_id: id.clone(), to });
            }
        }
        for id in union(outcomes, |outcome| &outcome.decisions) {
            let told = outcomes.each_ref().map(|outcome| outcome.decisions.get(id));
            let order = told.iter().flatten().next().map(|(order, _)| order.clone()).unwrap_or_default();
            let said = told.map(|told| told.map(|(_, said)| said.clone()).unwrap_or_default());
            if said.iter().collect::<BTreeSet<_>>().len() > 1 {
                what_if.decisions.push((order, said));
            }
        }
        what_if
    }

    fn count(&mut self, side: usize, outcome: &Outcome) {
        let add = |pair: &mut Pair| pair.iter_mut().skip(side).take(1).for_each(|count| *count += 1);
        for clock in outcome.clocks.values() {
            let kept = self.kept.entry(clock.metric.clone()).or_default();
            match clock.standing {
                Standing::InTime => add(&mut kept.in_time),
                Standing::Late => add(&mut kept.late),
                Standing::Open | Standing::Cancelled => {}
            }
        }
        for told in outcome.escalations.values() {
            add(self.escalations.entry(told.clone()).or_default());
        }
        for kind in outcome.messages.values() {
            add(self.messages.entry(kind.clone()).or_default());
        }
    }

    /// Whether a supervisor would see no difference.
    fn is_same(&self) -> bool {
        let counts = self.escalations.values().chain(self.messages.values());
        let kept = self.kept.values().flat_map(|kept| [&kept.in_time, &kept.late]);
        let alike = counts.chain(kept).all(|[before, after]| before == after);
        alike && self.clocks.is_empty() && self.moves.is_empty() && self.decisions.is_empty()
    }
}

impl ClockChange {
    fn is_late_now(&self) -> bool {
        self.ends[1].as_ref().is_some_and(|clock| clock.standing == Standing::Late)
    }
}

fn union<'o, V>(outcomes: &'o [Outcome; 2], of: impl Fn(&'o Outcome) -> &'o BTreeMap<String, V>) -> BTreeSet<&'o String>
where
    V: 'o,
{
    outcomes.iter().flat_map(|outcome| of(outcome).keys()).collect()
}
