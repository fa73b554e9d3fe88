//! What of a replay's outcome is news, given what was told before.
//!
//! In order of time the news is the outcome's tail. When a late event changed the past, what is new is told, a breach
//! that is no longer true is retracted, and each clock concerned is left standing as it stands.

use std::collections::{BTreeMap, BTreeSet};

use kefu_contracts::Timestamp;
use kefu_contracts::sla_event::SlaEventKind as Kind;
use kefu_policy::PolicyHistory;
use serde::{Deserialize, Serialize};

use super::terms::Terms;
use super::{ClockEvent, ClockKey, Reason};

/// What was told of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The clock.
    pub clock: ClockKey,
    /// What happened.
    pub kind: Kind,
    /// When.
    pub at: Timestamp,
    /// When it was due.
    pub due_at: Option<Timestamp>,
    /// Time used, in milliseconds.
    pub elapsed_ms: i64,
}

impl Told {
    fn of(event: &ClockEvent<'_>) -> Self {
        let ClockEvent { clock, kind, at, due_at, elapsed_ms, .. } = *event;
        Self { clock, kind, at, due_at, elapsed_ms }
    }

    fn identity(&self) -> (ClockKey, Kind, Timestamp) {
        (self.clock, self.kind, self.at)
    }
}

/// How a clock stands after an event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Runs,
    Rests,
    Ended,
}

fn standing(kind: Kind) -> Standing {
    match kind {
        Kind::Started | Kind::Resumed | Kind::DueChanged | Kind::Warned | Kind::Breached => Standing::Runs,
        Kind::BreachRetracted => Standing::Runs,
        Kind::Paused => Standing::Rests,
        Kind::Met | Kind::EndedLate | Kind::Cancelled => Standing::Ended,
    }
}

/// What is news in `events`, the whole story of a case's clocks; `told` becomes that story.
pub fn difference<'p>(
    told: &mut Vec<Told>,
    events: &[ClockEvent<'p>],
    history: &'p PolicyHistory,
) -> Vec<ClockEvent<'p>> {
    let continues = told.len() <= events.len() && told.iter().zip(events).all(|(old, new)| *old == Told::of(new));
    if continues {
        let news = events.get(told.len()..).unwrap_or_default();
        told.extend(news.iter().map(Told::of));
        return news.to_vec();
    }
    let story: Vec<Told> = events.iter().map(Told::of).collect();
    let before = std::mem::replace(told, story);
    corrections(&before, events, history)
}

fn corrections<'p>(before: &[Told], events: &[ClockEvent<'p>], history: &'p PolicyHistory) -> Vec<ClockEvent<'p>> {
    let old: BTreeMap<_, &Told> = before.iter().map(|told| (told.identity(), told)).collect();
    let true_now: BTreeSet<_> = events.iter().map(|event| Told::of(event).identity()).collect();
    let untrue = before.iter().filter(|told| told.kind == Kind::Breached && !true_now.contains(&told.identity()));
    let mut news: Vec<ClockEvent<'p>> = untrue
        .filter_map(|told| {
            let breach = correction(told, Kind::BreachRetracted, events, history)?;
            Some(ClockEvent { breach_at: Some(told.at), ..breach })
        })
        .collect();
    news.extend(events.iter().filter(|event| {
        let new = Told::of(event);
        // A due instant that moved without anything else is told below, once for the clock.
        old.get(&new.identity()).is_none_or(|old| standing(new.kind) == Standing::Ended && **old != new)
    }));
    let last_before = last_of_each(before.iter().copied());
    let last_now = last_of_each(events.iter().map(Told::of));
    let last_said = last_of_each(news.iter().filter(|said| said.kind != Kind::BreachRetracted).map(Told::of));
    let clocks: BTreeSet<ClockKey> = last_before.keys().chain(last_now.keys()).copied().collect();
    for clock in clocks {
        let believed = last_said.get(&clock).or(last_before.get(&clock));
        if let (Some(believed), now) = (believed, last_now.get(&clock)) {
            news.extend(settle(believed, now, events, history));
        }
    }
    news
}

/// What must still be said so that a clock is believed to stand as it does.
fn settle<'p>(
    believed: &Told,
    now: Option<&Told>,
    events: &[ClockEvent<'p>],
    history: &'p PolicyHistory,
) -> Option<ClockEvent<'p>> {
    let Some(now) = now else {
        // The clock never was: whatever was said of it does not count.
        let taken_back = believed.kind == Kind::Cancelled;
        return if taken_back { None } else { correction(believed, Kind::Cancelled, events, history) };
    };
    match (standing(believed.kind), standing(now.kind)) {
        _ if believed == now => None,
        (Standing::Runs, Standing::Runs) if believed.due_at == now.due_at => None,
        (Standing::Runs, Standing::Runs) => correction(now, Kind::DueChanged, events, history),
        (_, Standing::Runs) => {
            // In event time the clock runs again from the stop that is not true.
            let resumed = correction(now, Kind::Resumed, events, history)?;
            let at = now.at.max(believed.at);
            let elapsed_ms = now.elapsed_ms.saturating_add(resumed.terms.open_between(now.at, at));
            Some(ClockEvent { at, elapsed_ms, ..resumed })
        }
        (Standing::Rests, Standing::Rests) => None,
        (_, Standing::Rests | Standing::Ended) => events.iter().rev().find(|event| Told::of(event) == *now).copied(),
    }
}

/// An event that only corrects what was told, with the clock's latest terms.
fn correction<'p>(
    told: &Told,
    kind: Kind,
    events: &[ClockEvent<'p>],
    history: &'p PolicyHistory,
) -> Option<ClockEvent<'p>> {
    let latest = events.iter().rev().find(|event| event.clock == told.clock);
    let terms = match latest {
        Some(event) => event.terms,
        None => Terms::none(history.in_force(told.at.ms()), told.clock.metric)?,
    };
    Some(ClockEvent {
        clock: told.clock,
        kind,
        at: told.at,
        due_at: told.due_at,
        elapsed_ms: told.elapsed_ms,
        terms,
        breach_at: latest.and_then(|event| event.breach_at),
        reason: Some(Reason::Corrected),
    })
}

fn last_of_each(story: impl Iterator<Item = Told>) -> BTreeMap<ClockKey, Told> {
    story.map(|told| (told.clock, told)).collect()
}
