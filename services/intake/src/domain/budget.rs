//! How large a conversation's state may become.
//!
//! A state is one record of a log that takes no record of more than a megabyte, so it is bounded by bytes. What the
//! rules need least goes first: the ends of long texts, which have been told and which nobody reads that far; then the
//! oldest inputs, which become the point a case starts from; then cases that are over. Owns the numbers and that order.

use kefu_contracts::{Code, Reject};
use postcard::ser_flavors::Size;
use serde::Serialize;

use super::case_record::CaseRecord;
use super::conversation::Conversation;
use super::facts::MAX_FACTS;
use super::input::Input;
use super::limits::MAX_EVENT;

/// Bytes of a stored conversation, beyond which it gives up what it needs least.
pub const STATE_BUDGET: usize = 393_216;
/// Bytes that a stored conversation never exceeds: what would make it larger is refused.
pub const STATE_LIMIT: usize = 655_360;
/// Bytes of all events that wait for their case, or for the answer to a merge.
pub const ASIDE_BUDGET: usize = 131_072;
/// Bytes of a text that stay when texts are cut: more than the classifier counts and the routing looks at.
pub const HEAD: usize = 8_192;
/// The most that the hash of an id takes, in bytes.
const HASH: usize = 10;

/// Bytes that `value` takes when it is stored.
pub fn stored(value: &impl Serialize) -> usize {
    // what cannot be stored is too large for any budget
    postcard::serialize_with_flavor(value, Size::default()).unwrap_or(usize::MAX)
}

/// Whether `more` can be set aside beside what is.
pub fn has_room<'i>(aside: impl Iterator<Item = &'i Input>, more: &'i Input) -> bool {
    aside.chain([more]).map(stored).fold(0, usize::saturating_add) <= ASIDE_BUDGET
}

/// Makes a conversation fit its budget as far as that can be; `fold` gives up the older half of a case's inputs.
///
/// # Errors
/// If it exceeds its limit all the same: what came in last cannot be taken.
pub fn fit(conversation: &mut Conversation, mut fold: impl FnMut(&mut CaseRecord)) -> Result<(), Reject> {
    if is_surely_light(conversation) || is_light(conversation) {
        return Ok(());
    }
    conversation.cases.iter_mut().for_each(|case| case.cut_texts(HEAD));
    for index in 0..conversation.cases.len() {
        while !is_light(conversation)
            && let Some(case) = conversation.cases.get_mut(index).filter(|case| !case.inputs().is_empty())
        {
            fold(case);
        }
    }
    while !is_light(conversation)
        && let Some(index) = over(conversation)
    {
        conversation.cases.remove(index);
    }
    let bytes = stored(conversation);
    if bytes > STATE_LIMIT {
        let detail = format!("the conversation has {bytes} bytes with it, more than {STATE_LIMIT}; close its cases");
        return Err(Reject::new(Code::TooLarge, detail));
    }
    Ok(())
}

fn is_light(conversation: &Conversation) -> bool {
    stored(conversation) <= STATE_BUDGET
}

/// Without looking at every input: most conversations are far from their budget.
fn is_surely_light(conversation: &Conversation) -> bool {
    let cases = conversation.cases.iter().map(|case| {
        let merging = if case.merging.is_some() { 2 * MAX_EVENT } else { 0 };
        case.input_bytes() + 2 * MAX_FACTS + merging
    });
    let aside = if conversation.waiting.is_empty() && conversation.held.is_empty() { 0 } else { 2 * ASIDE_BUDGET };
    cases.sum::<usize>() + aside + conversation.seen.count() * HASH <= STATE_BUDGET
}

/// The oldest case that is over, if another follows it.
fn over(conversation: &Conversation) -> Option<usize> {
    let (_, earlier) = conversation.cases.split_last()?;
    earlier.iter().position(|case| case.merging.is_none() && case.facts.closed_at.is_some())
}

#[cfg(test)]
#[path = "budget_tests.rs"]
mod tests;
