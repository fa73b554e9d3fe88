//! From the inputs of a case to its facts.
//!
//! Owns the order in which inputs act: theirs, with automatic closings between them, and with one exception for clocks
//! that disagree. A pure function: the same inputs give the same facts in whatever order they arrived.

use std::sync::Arc;

use kefu_contracts::Timestamp;

use super::case_fact::Fact;
use super::facts::Facts;
use super::input::Input;
use super::status;
use super::step::{self, Rules};

/// How much earlier than the customer's first message a reply to it may seem to be, in milliseconds.
pub const SKEW_MS: i64 = 5_000;

/// Lets `inputs`, which are in order, act on what `base` says of earlier ones; automatic closings due at `until` or
/// before happen. Adds the facts to `out`.
pub fn fold(
    base: Option<&Facts>,
    inputs: &[Arc<Input>],
    until: Timestamp,
    rules: &Rules<'_>,
    out: &mut Vec<Fact>,
) -> Option<Facts> {
    let mut case = base.cloned();
    let skew = if base.is_none() { Skew::find(inputs) } else { None };
    for turn in turns(inputs.len(), skew.as_ref()) {
        let Some(input) = inputs.get(turn) else { continue };
        let (at, skewed) = skew.as_ref().map_or((input.at, false), |skew| skew.instant(turn, input));
        if let Some(facts) = &mut case {
            close_before(facts, at, out);
        }
        step::step(&mut case, input, at, skewed, rules, out);
    }
    if let Some(facts) = &mut case {
        close_until(facts, until, out);
    }
    case
}

/// Closes a case by time if that comes before an input at `at`: at one instant the input comes first.
pub fn close_before(facts: &mut Facts, at: Timestamp, out: &mut Vec<Fact>) {
    if let Some(due) = facts.auto_close_at.filter(|due| *due < at) {
        status::close_by_time(facts, due, out);
    }
}

/// Closes a case by time if that is due at `until` or before.
pub fn close_until(facts: &mut Facts, until: Timestamp, out: &mut Vec<Fact>) {
    if let Some(due) = facts.auto_close_at.filter(|due| *due <= until) {
        status::close_by_time(facts, due, out);
    }
}

/// Whether `input`, after `earlier` ones that made `facts`, is a customer's first message that shows that a reply
/// before it was stamped by a clock that is ahead. Asks what [`fold`] asks, of the inputs: a reply may have changed
/// nothing.
pub fn shows_skew(facts: &Facts, earlier: &[Arc<Input>], input: &Input) -> bool {
    let near = |known: &&Arc<Input>| known.at >= input.at.plus_ms(-SKEW_MS);
    input.is_customer_message()
        && facts.customer_messages == 0
        && earlier.iter().rev().take_while(near).any(|known| known.is_reply_by_person())
}

/// Replies stamped up to five seconds before the customer's first message, which they answer.
struct Skew {
    /// The customer's first message.
    contact: usize,
    at: Timestamp,
    /// The replies stamped before it; if the case begins within those seconds, everything before it.
    moved: Vec<usize>,
}

impl Skew {
    fn find(inputs: &[Arc<Input>]) -> Option<Self> {
        let contact = inputs.iter().position(|input| input.is_customer_message())?;
        let at = inputs.get(contact)?.at;
        let before = inputs.get(..contact)?;
        let is_near = |input: &Input| input.at >= at.plus_ms(-SKEW_MS);
        let replies = before.iter().enumerate().filter(|(_, input)| is_near(input) && input.is_reply_by_person());
        let replies: Vec<usize> = replies.map(|(index, _)| index).collect();
        if replies.is_empty() {
            return None;
        }
        let begins_near = before.first().is_some_and(|input| is_near(input));
        Some(Self { contact, at, moved: if begins_near { (0..contact).collect() } else { replies } })
    }

    fn instant(&self, turn: usize, input: &Input) -> (Timestamp, bool) {
        if self.moved.contains(&turn) { (self.at, true) } else { (input.at, false) }
    }
}

/// The order in which inputs take their turn.
fn turns(count: usize, skew: Option<&Skew>) -> Vec<usize> {
    let Some(skew) = skew else { return (0..count).collect() };
    let mut turns: Vec<usize> = (0..=skew.contact).filter(|turn| !skew.moved.contains(turn)).collect();
    turns.extend(&skew.moved);
    turns.extend(skew.contact + 1..count);
    turns
}
