//! A case as it is stored: its inputs and what they make of it.
//!
//! Owns how an input is added. One that comes in order acts on the case as it stands; any other has the case computed
//! again from its inputs, and what differs is told. What has been sent to people is remembered and never sent again.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use kefu_contracts::{Status, Timestamp};
use kefu_policy::PolicyHistory;
use serde::{Deserialize, Serialize};

use super::budget::stored;
use super::case_fact::Fact;
use super::facts::Facts;
use super::fold::{close_before, close_until, fold, shows_skew};
use super::input::Input;
use super::status::auto_close_at;
use super::step::{self, Acknowledgement, Rules};

/// Inputs kept of a case, fewer if they are large. When there are more, the older half becomes a starting point that is
/// not computed again; a late event older than that acts on it out of its order.
pub const MAX_INPUTS: usize = 400;

/// A merge that waits for the target's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Merging {
    /// The target.
    pub into_case_id: String,
    /// What asked for it.
    pub input: Arc<Input>,
}

/// A case as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseRecord {
    /// `conversation_id#ordinal`.
    pub case_id: Arc<str>,
    /// Counts the snapshots written.
    pub revision: i64,
    /// What the inputs make of it.
    pub facts: Arc<Facts>,
    /// The acknowledgement of its receipt, once sent.
    pub acknowledgement: Option<Acknowledgement>,
    /// Whether the customer was asked for missing facts.
    pub asked: bool,
    /// Hashes of the after-sales decisions that the customer was told.
    pub decisions_told: Vec<u64>,
    /// A merge that waits for its answer.
    pub merging: Option<Merging>,
    /// The instant of its earliest input.
    pub began_at: Timestamp,
    base: Option<Arc<Facts>>,
    inputs: Vec<Arc<Input>>,
    /// Bytes of the inputs when they are stored.
    input_bytes: usize,
    timers_until: Timestamp,
}

/// What an input changed.
#[derive(Debug)]
pub struct Change {
    /// The case before; none if it was opened.
    pub before: Option<Arc<Facts>>,
    /// Facts that are no longer true.
    pub untrue: Vec<Fact>,
    /// New facts, and facts that were told with another actor, context or channel.
    pub told: Vec<Fact>,
    /// Whether the input came in order.
    pub in_order: bool,
    /// What made facts untrue.
    pub cause_id: String,
}

/// Where a case stands at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// When it was closed, if it is.
    pub closed_at: Option<Timestamp>,
    /// Whether it has gone into another case.
    pub merged: bool,
}

impl CaseRecord {
    /// A case that `input` opens.
    pub fn open(case_id: String, input: Arc<Input>, rules: &Rules<'_>) -> (Self, Change) {
        let mut told = Vec::with_capacity(4);
        let mut facts = Facts::opened_by(&input, input.at);
        step::apply(&mut facts, true, &input, input.at, false, rules, &mut told);
        let case = Self {
            case_id: case_id.into(),
            revision: 0,
            facts: Arc::new(facts),
            acknowledgement: None,
            asked: false,
            decisions_told: Vec::new(),
            merging: None,
            began_at: input.at,
            base: None,
            input_bytes: stored(&input),
            inputs: vec![input],
            timers_until: Timestamp::MIN,
        };
        (case, Change { before: None, untrue: Vec::new(), told, in_order: true, cause_id: String::new() })
    }

    /// Adds an input.
    pub fn add(&mut self, input: Arc<Input>, rules: &Rules<'_>) -> Change {
        let before = Some(self.facts.clone());
        self.began_at = self.began_at.min(input.at);
        self.input_bytes += stored(&input);
        let change = if self.is_in_order(&input) {
            let mut told = Vec::with_capacity(4);
            let facts = Arc::make_mut(&mut self.facts);
            close_before(facts, input.at, &mut told);
            step::apply(facts, false, &input, input.at, false, rules, &mut told);
            self.inputs.push(input);
            Change { before, untrue: Vec::new(), told, in_order: true, cause_id: String::new() }
        } else {
            let change = self.insert(input, rules);
            Change { before, in_order: false, ..change }
        };
        if self.inputs.len() > MAX_INPUTS {
            self.fold_older_half(rules);
        }
        change
    }

    fn is_in_order(&self, input: &Input) -> bool {
        let after_last = self.inputs.last().is_none_or(|last| last.order(input) == Ordering::Less);
        after_last
            && self.facts.auto_closed_at.is_none_or(|closed| closed < input.at)
            && !shows_skew(&self.facts, &self.inputs, input)
    }

    fn insert(&mut self, input: Arc<Input>, rules: &Rules<'_>) -> Change {
        let told_so_far = Rules { acknowledgement: self.acknowledgement, ..*rules };
        let cause_id = input.id.clone();
        let mut old = Vec::new();
        fold(self.base.as_deref(), &self.inputs, self.timers_until, &told_so_far, &mut old);
        let index = self.inputs.partition_point(|known| known.order(&input) != Ordering::Greater);
        self.inputs.insert(index, input);
        let mut new = Vec::new();
        let channel = self.facts.channel;
        if let Some(facts) = fold(self.base.as_deref(), &self.inputs, self.timers_until, rules, &mut new) {
            self.facts = Arc::new(facts);
        }
        let (untrue, told) = difference(old, new, self.facts.channel == channel);
        Change { before: None, untrue, told, in_order: false, cause_id }
    }

    /// Lets the case close by itself if that is due at `now`.
    pub fn close_if_due(&mut self, now: Timestamp) -> Option<Change> {
        self.facts.auto_close_at.filter(|due| *due <= now)?;
        let before = Some(self.facts.clone());
        let mut told = Vec::new();
        close_until(Arc::make_mut(&mut self.facts), now, &mut told);
        self.timers_until = self.timers_until.max(now);
        Some(Change { before, untrue: Vec::new(), told, in_order: true, cause_id: String::new() })
    }

    /// Asks the policies again when the case closes by itself.
    pub fn reschedule(&mut self, policies: &PolicyHistory) {
        if let (Status::Resolved, Some(resolved_at)) = (self.facts.status, self.facts.resolved_at) {
            let at = auto_close_at(policies, resolved_at);
            if at != self.facts.auto_close_at {
                Arc::make_mut(&mut self.facts).auto_close_at = at;
            }
        }
    }

    /// Where the case stands just before `input` acts.
    pub fn standing_at(&self, input: &Input, policies: &PolicyHistory) -> Standing {
        let after_all = self.inputs.last().is_none_or(|last| last.order(input) == Ordering::Less)
            && self.facts.auto_closed_at.is_none_or(|closed| closed < input.at);
        if after_all {
            let by_time = self.facts.auto_close_at.filter(|due| *due < input.at);
            let merged = self.facts.merged_into.is_some();
            return Standing { closed_at: self.facts.closed_at.or(by_time), merged };
        }
        let count = self.inputs.partition_point(|known| known.order(input) == Ordering::Less);
        let earlier = self.inputs.get(..count).unwrap_or_default();
        // where a case stands does not depend on acknowledgements
        let rules = Rules { policies, acknowledgement_id: "", acknowledgement: None };
        let case = fold(self.base.as_deref(), earlier, input.at.plus_ms(-1), &rules, &mut Vec::new());
        Standing {
            closed_at: case.as_ref().and_then(|facts| facts.closed_at),
            merged: case.is_some_and(|facts| facts.merged_into.is_some()),
        }
    }

    /// The inputs kept, in order.
    pub fn inputs(&self) -> &[Arc<Input>] {
        &self.inputs
    }

    /// Bytes of the inputs when they are stored.
    pub fn input_bytes(&self) -> usize {
        self.input_bytes
    }

    /// Keeps of what people wrote the first `most` bytes of each text. All of it has been told; a fact that is told
    /// again has what is kept.
    pub fn cut_texts(&mut self, most: usize) {
        for input in &mut self.inputs {
            if let Some(shorter) = input.shortened(most) {
                *input = Arc::new(shorter);
            }
        }
        self.input_bytes = self.inputs.iter().map(stored).sum();
    }

    /// Makes the older half of the inputs part of the starting point.
    pub fn fold_older_half(&mut self, rules: &Rules<'_>) {
        let older: Vec<Arc<Input>> = self.inputs.drain(..self.inputs.len().div_ceil(2)).collect();
        let until = older.last().map_or(Timestamp::MIN, |last| last.at.plus_ms(-1));
        let rules = Rules { acknowledgement: self.acknowledgement.or(rules.acknowledgement), ..*rules };
        self.base = fold(self.base.as_deref(), &older, until, &rules, &mut Vec::new()).map(Arc::new);
        self.input_bytes = self.inputs.iter().map(stored).sum();
    }
}

/// What is untrue of `old` now that there is `new`, and what of `new` was not told before, or otherwise.
fn difference(old: Vec<Fact>, new: Vec<Fact>, same_channel: bool) -> (Vec<Fact>, Vec<Fact>) {
    let mut old: BTreeMap<String, Fact> = old.into_iter().map(|fact| (fact.id("", ""), fact)).collect();
    let told = new.into_iter().filter(|fact| {
        let known = old.remove(&fact.id("", ""));
        known.is_none_or(|known| !same_channel || !known.tells_as(fact))
    });
    let told = told.collect();
    let mut untrue: Vec<Fact> = old.into_values().collect();
    untrue.sort_by(|one, other| (one.at, one.cause_id(), one.n).cmp(&(other.at, other.cause_id(), other.n)));
    (untrue, told)
}
