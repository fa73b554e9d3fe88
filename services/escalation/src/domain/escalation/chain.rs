//! The chain that a breach climbs, step by step, each with its repeats.

use kefu_calendar::Calendar;
use kefu_contracts::Timestamp;
use kefu_policy::{EscalationStep, Role};

use super::Origin;
use crate::domain::clock::ClockKey;
use crate::domain::moment::{Moment, Rank};

/// A breach whose steps are not all done. Steps count in the clock's calendar, so that nobody is called at night.
#[derive(Debug)]
pub(super) struct Chain<'p> {
    clock: ClockKey,
    breached_at: Timestamp,
    due_at: Option<Timestamp>,
    steps: &'p [EscalationStep],
    calendar: &'p Calendar,
    /// How often each step was done.
    done: Vec<usize>,
    next: Option<(Timestamp, usize)>,
}

/// A step that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) level: u32,
    pub(super) to: Role,
}

impl<'p> Chain<'p> {
    pub(super) fn new(
        clock: ClockKey,
        breached_at: Timestamp,
        due_at: Option<Timestamp>,
        steps: &'p [EscalationStep],
        calendar: &'p Calendar,
    ) -> Self {
        let done = vec![0; steps.len()];
        let mut chain = Self { clock, breached_at, due_at, steps, calendar, done, next: None };
        chain.plan();
        chain
    }

    pub(super) fn clock(&self) -> ClockKey {
        self.clock
    }

    pub(super) fn origin(&self) -> Origin {
        Origin::Breach { clock: self.clock, at: self.breached_at }
    }

    pub(super) fn due_at(&self) -> Option<Timestamp> {
        self.due_at
    }

    pub(super) fn next(&self) -> Option<Moment> {
        self.next.map(|(at, _)| Moment::new(at, Rank::Step))
    }

    /// Does the step that is next.
    pub(super) fn climb(&mut self) -> Option<Step> {
        let (_, index) = self.next?;
        let step = self.steps.get(index)?;
        *self.done.get_mut(index)? += 1;
        self.plan();
        Some(Step { level: index as u32 + 1, to: step.to })
    }

    /// Somebody took note of a level: it is not repeated. Higher levels still come, until the case is answered.
    pub(super) fn acknowledge(&mut self, level: u32) {
        let step = (level as usize).saturating_sub(1);
        if let Some((step, done)) = self.steps.get(step).zip(self.done.get_mut(step)) {
            *done = step.due_ms().count();
        }
        self.plan();
    }

    fn plan(&mut self) {
        let steps = self.steps.iter().zip(&self.done).enumerate();
        let planned = steps.filter_map(|(index, (step, done))| {
            let after_ms = step.due_ms().nth(*done)?;
            let at = self.calendar.latest_with_elapsed(self.breached_at.ms(), after_ms)?;
            Some((Timestamp::from_ms(at), index))
        });
        self.next = planned.min();
    }
}
