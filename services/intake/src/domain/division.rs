//! Which case of its conversation an input belongs to.
//!
//! Decided when the input comes in, and never again. An input joins the case alive at its time, else the latest before
//! it; what cannot join a closed case begins the next.

use kefu_contracts::{Channel, Timestamp};
use kefu_policy::PolicyHistory;

use super::case_record::{CaseRecord, Standing};
use super::event::Event;
use super::input::{Content, Input};

/// Where an input goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// To the case at this position.
    Joins(usize),
    /// To the case at this position, which is closed and cannot take it: it is refused, but counts if a late event
    /// shows that the case was not closed.
    Refused(usize),
    /// To a new case.
    Opens,
    /// Nowhere yet: no case has begun.
    NoCase,
}

/// Finds the place of `input` among `cases`, which are in the order of their ordinals.
pub fn place(cases: &[CaseRecord], input: &Input, reopen_ms: i64, policies: &PolicyHistory) -> Place {
    let begun = cases.iter().rposition(|case| case.began_at <= input.at);
    let Some(index) = begun else {
        return match (opens(input), cases.is_empty()) {
            (true, true) => Place::Opens,
            (true, false) => Place::Joins(0),
            (false, _) => Place::NoCase,
        };
    };
    let Some(case) = cases.get(index) else { return Place::NoCase };
    match case.standing_at(input, policies) {
        Standing { closed_at: None, .. } => Place::Joins(index),
        Standing { closed_at: Some(closed_at), merged } => match after_closing(input, closed_at, merged, reopen_ms) {
            After::Joins => Place::Joins(index),
            After::Refused => Place::Refused(index),
            After::Next if index + 1 < cases.len() => Place::Joins(index + 1),
            After::Next => Place::Opens,
        },
    }
}

/// Whether an input begins a case if none lives.
pub fn opens(input: &Input) -> bool {
    let Content::Event(event) = &input.content else { return false };
    match event {
        Event::Message { .. } | Event::Call(_) | Event::AfterSalesRequested(_) | Event::CaseOpened { .. } => true,
        Event::Review { .. } => event.is_low_review() || is_formal(input.channel),
        Event::Merged { .. } | Event::Delivered { .. } | Event::ChannelHeartbeat { .. } => false,
        _ => is_formal(input.channel),
    }
}

/// Whatever comes by letter, in person or from a regulator asks for a case.
fn is_formal(channel: Channel) -> bool {
    matches!(channel, Channel::Letter | Channel::Visit | Channel::Regulator)
}

enum After {
    Joins,
    Refused,
    Next,
}

fn after_closing(input: &Input, closed_at: Timestamp, merged: bool, reopen_ms: i64) -> After {
    let within = input.at.ms_since(closed_at) <= reopen_ms;
    let Content::Event(event) = &input.content else { return After::Joins };
    match event {
        // a case that went into another never lives again
        Event::Message { .. } | Event::Call(_) if within && !(merged && input.is_customer_message()) => After::Joins,
        Event::Message { .. } | Event::Call(_) => After::Next,
        Event::Dissatisfied { .. } if within && !merged => After::Joins,
        Event::Dissatisfied { .. } => After::Next,
        Event::AfterSalesRequested(_) | Event::CaseOpened { .. } => After::Next,
        Event::Review { .. } if event.is_low_review() => After::Next,
        Event::Reopened { .. } if merged => After::Refused,
        Event::Merged { .. } => After::Refused,
        Event::InfoRequested { .. } | Event::DepartmentConsulted { .. } | Event::DepartmentAnswered { .. } => {
            if is_formal(input.channel) {
                After::Next
            } else {
                After::Refused
            }
        }
        _ => After::Joins,
    }
}
