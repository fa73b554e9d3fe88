//! Firing the timers that the horizons allow.

use kefu_processor::{Effects, Reached};

use super::{Worker, WorkerError};
use crate::clock;

/// Timers of a task fired before the next commit: few enough for its transaction to be over long before the broker
/// gives it up.
const TIMERS_AT_ONCE: usize = 1_000;

impl Worker {
    /// Fires the timers that the horizons allow, and moves the tasks' progress. After an outage many tasks have many
    /// timers due: what they wrote is committed on the way. A transaction of all of them could last longer than the
    /// broker lets it, and the next attempt as long.
    pub(super) fn fire_timers(&mut self) -> Result<(), WorkerError> {
        let keys: Vec<(usize, i32)> = self.owned.keys().copied().collect();
        for key in keys {
            let passes = self.owned.get(&key).map_or(0, |owned| owned.reached.len());
            for pass in 0..passes {
                if self.is_full() {
                    self.commit()?;
                }
                self.pass(key, pass)?;
            }
        }
        Ok(())
    }

    /// Moves a task's progress in a pass to its horizon, once its inputs are consumed up to the ends observed then.
    pub(super) fn pass(&mut self, key: (usize, i32), pass: usize) -> Result<(), WorkerError> {
        let Some(stage) = self.options.stages.get(key.0) else { return Ok(()) };
        let Some(horizon) = self.options.horizons.of(&stage.id(), pass) else { return Ok(()) };
        let Some(owned) = self.owned.get(&key) else { return Ok(()) };
        if owned.reached.get(pass).is_none_or(|reached| horizon.reached <= *reached) {
            return Ok(());
        }
        let caught_up = owned.inputs.iter().all(|topic| {
            let at = (topic.clone(), key.1);
            let end = horizon.ends.get(&at).copied().unwrap_or(0);
            self.protocol.position(topic.as_str(), key.1).is_some_and(|position| position >= end)
        });
        if !caught_up {
            return Ok(());
        }
        let mut until = owned.reached();
        if pass == 0 {
            until.complete = horizon.reached;
        }
        if pass + 1 == owned.reached.len() {
            until.settled = horizon.reached;
        }
        if self.fire_until(key, until)?
            && let Some(reached) = self.owned.get_mut(&key).and_then(|owned| owned.reached.get_mut(pass))
        {
            *reached = horizon.reached;
        }
        Ok(())
    }

    /// Fires the timers that may fire; gives whether none is left.
    pub(super) fn fire_until(&mut self, key: (usize, i32), until: Reached) -> Result<bool, WorkerError> {
        let missing =
            self.owned.get(&key).map(|owned| owned.task.missing_for_timers(until, TIMERS_AT_ONCE)).unwrap_or_default();
        self.load(key, missing)?;
        let Some(mut owned) = self.owned.remove(&key) else { return Ok(true) };
        let policies = self.options.policies.current();
        let mut effects = Effects::default();
        let label = self.stage_label(key.0);
        for _ in 0..TIMERS_AT_ONCE {
            let Some(due) = owned.task.next_due(until) else { break };
            let clock = self.clock(due.at);
            let environment = self.environment(&policies, clock);
            if !owned.task.fire(until, environment, &mut effects) {
                break;
            }
            if self.options.live {
                let late_ms = clock::now().ms_since(due.at).max(0);
                #[expect(clippy::cast_precision_loss, reason = "a lateness in milliseconds is far below 2^52")]
                self.options.metrics.timer_lateness.get_or_create(&label).observe(late_ms as f64 / 1000.0);
            }
        }
        let none_left = owned.task.next_due(until).is_none();
        let done = self.take_effects(&mut owned, effects, &[]);
        self.owned.insert(key, owned);
        done.map(|()| none_left)
    }
}
