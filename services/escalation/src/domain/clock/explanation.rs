//! How a clock came to stand where it does: when it ran and when it rested.

use std::collections::BTreeMap;

use kefu_contracts::Timestamp;
use kefu_contracts::sla_event::SlaEventKind as Kind;

use super::{ClockEvent, ClockKey};

/// A clock with its story.
#[derive(Debug)]
pub struct Explained<'e, 'p> {
    /// What happened to it, in order; never empty.
    pub events: Vec<&'e ClockEvent<'p>>,
    last: &'e ClockEvent<'p>,
}

/// A time in which the clock did the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it; none while it lasts.
    pub until: Option<Timestamp>,
    /// Whether open time counted.
    pub counts: bool,
}

/// The clocks in `events`, by metric and number.
pub fn explain<'e, 'p>(events: &'e [ClockEvent<'p>]) -> Vec<Explained<'e, 'p>> {
    let mut clocks: BTreeMap<ClockKey, Explained<'e, 'p>> = BTreeMap::new();
    for event in events {
        let clock = clocks.entry(event.clock).or_insert_with(|| Explained { events: Vec::new(), last: event });
        clock.events.push(event);
        clock.last = event;
    }
    clocks.into_values().collect()
}

impl<'e, 'p> Explained<'e, 'p> {
    /// The latest of its events.
    pub fn last(&self) -> &'e ClockEvent<'p> {
        self.last
    }

    /// When it ran and when it rested, in order; the time after it ended is neither, until it is resumed.
    pub fn stretches(&self) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for event in &self.events {
            let counts = match event.kind {
                // a clock that starts while its case rests has no due instant
                Kind::Started => Some(event.due_at.is_some()),
                Kind::Resumed => Some(true),
                Kind::Paused => Some(false),
                Kind::Met | Kind::EndedLate | Kind::Cancelled => None,
                Kind::DueChanged | Kind::Warned | Kind::Breached | Kind::BreachRetracted => continue,
            };
            if let Some(open) = stretches.last_mut().filter(|stretch| stretch.until.is_none()) {
                open.until = Some(event.at);
            }
            if let Some(counts) = counts {
                stretches.push(Stretch { from: event.at, until: None, counts });
            }
        }
        stretches.retain(|stretch| stretch.until != Some(stretch.from));
        stretches
    }
}
