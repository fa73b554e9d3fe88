//! All stages in one thread.
//!
//! Owns the order in which records and timers are taken when there is no broker: every record is drained through all
//! stages before the next, and timers fire between records. Replays, tests and the embedded backend run on it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use kefu_contracts::Timestamp;
use kefu_contracts::codec::Codec;
use kefu_contracts::topic::Value;
use kefu_policy::Policies;

use crate::backend::{Sink, StateSource};
use crate::context::{Clock, Environment};
use crate::effects::{Effects, Emission, Encoding};
use crate::running::{Running, StageCounts};
use crate::state::StateError;
use crate::task::{Record, Task};
use crate::timers::{Due, Place, Reached};
use crate::topology::{Stage, Topology};

/// Why a pipeline stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PipelineError {
    /// A stored state cannot be used.
    #[error("{stage}: {error}")]
    State {
        /// The stage.
        stage: String,
        /// What was wrong.
        error: StateError,
    },
    /// The store cannot be read.
    #[error("{stage}: the store cannot be read: {error}")]
    Store {
        /// The stage.
        stage: String,
        /// What was wrong.
        error: String,
    },
}

/// All stages in one thread.
pub struct Pipeline {
    running: Vec<Running>,
    readers: HashMap<&'static str, Arc<[usize]>, foldhash::fast::RandomState>,
    /// What is to be read yet, with its index.
    queue: VecDeque<(Arc<Emission>, usize)>,
    codec: Codec,
    policies: Arc<Policies>,
    clock: Clock,
    encoding: Encoding,
}

impl Pipeline {
    /// A pipeline of `topology`'s stages, without states. It encodes what is written at once.
    pub fn new(topology: &Topology, codec: Codec, policies: Arc<Policies>, clock: Clock) -> Self {
        let mut readers: HashMap<&'static str, Vec<usize>> = HashMap::new();
        for (index, stage) in topology.stages.iter().enumerate() {
            for topic in stage.inputs {
                readers.entry(topic.name).or_default().push(index);
            }
        }
        let running = topology.stages.iter().map(Running::new);
        let (running, encoding) = (running.collect(), Encoding::AtOnce);
        let readers = readers.into_iter().map(|(topic, stages)| (topic, stages.into())).collect();
        Self { running, readers, queue: VecDeque::new(), codec, policies, clock, encoding }
    }

    /// The same, but what is written is encoded on demand.
    #[must_use]
    pub fn encoding_on_demand(self) -> Self {
        Self { encoding: Encoding::OnDemand, ..self }
    }

    /// The wire formats it uses.
    pub fn codec(&self) -> &Codec {
        &self.codec
    }

    /// What time it is.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Sets the time; it never goes back.
    pub fn set_now(&mut self, now: Timestamp) {
        self.clock.now = self.clock.now.max(now);
    }

    /// Takes a record, whose value may be known, and drains what follows from it.
    ///
    /// # Errors
    /// If a stored state cannot be had.
    pub fn push(
        &mut self,
        record: Record<'_>,
        known: Option<Value>,
        states: &dyn StateSource,
        sink: &mut dyn Sink,
    ) -> Result<(), PipelineError> {
        self.deliver(record, known, None, states, sink)?;
        self.drain(states, sink)
    }

    /// As [`Pipeline::push`], for a record that was made here.
    ///
    /// # Errors
    /// If a stored state cannot be had.
    pub fn push_emission(
        &mut self,
        emission: Arc<Emission>,
        states: &dyn StateSource,
        sink: &mut dyn Sink,
    ) -> Result<(), PipelineError> {
        self.queue.push_back((emission, 0));
        self.drain(states, sink)
    }

    /// Whether a stage reads `topic`.
    pub fn reads(&self, topic: &str) -> bool {
        self.readers.contains_key(topic)
    }

    /// Fires the timers due before `until`, or at it too if `inclusive`, and drains what follows.
    ///
    /// # Errors
    /// If a stored state cannot be had.
    pub fn advance(
        &mut self,
        until: Timestamp,
        inclusive: bool,
        states: &dyn StateSource,
        sink: &mut dyn Sink,
    ) -> Result<(), PipelineError> {
        while let Some(due) = self.first_due()
            && (due.at < until || (inclusive && due.at == until))
        {
            self.fire(states, sink)?;
        }
        Ok(())
    }

    /// Fires the timers before `place` in the order of all that happens, and drains what follows.
    ///
    /// # Errors
    /// If a stored state cannot be had.
    pub fn advance_before(
        &mut self,
        place: Place,
        states: &dyn StateSource,
        sink: &mut dyn Sink,
    ) -> Result<(), PipelineError> {
        while self.first_due().is_some_and(|due| Place::of(due) < place) {
            self.fire(states, sink)?;
        }
        Ok(())
    }

    /// Whether a timer is left that is not recurring.
    pub fn has_lasting_timer(&self) -> bool {
        self.running.iter().any(|running| running.task.has_lasting_timer())
    }

    /// Lets time run on until only recurring timers are left, or past `until`.
    ///
    /// # Errors
    /// If a stored state cannot be had.
    pub fn run_out(
        &mut self,
        until: Option<Timestamp>,
        states: &dyn StateSource,
        sink: &mut dyn Sink,
    ) -> Result<(), PipelineError> {
        if let Some(until) = until {
            return self.advance(until, true, states, sink);
        }
        while self.has_lasting_timer() {
            self.fire(states, sink)?;
        }
        Ok(())
    }

    /// Lets each stage emit what it would only have emitted later.
    ///
    /// # Errors
    /// If a stored state cannot be had.
    pub fn end(&mut self, states: &dyn StateSource, sink: &mut dyn Sink) -> Result<(), PipelineError> {
        for index in 0..self.running.len() {
            let mut effects = Effects::default();
            let environment = environment(&self.codec, &self.policies, self.clock, self.encoding);
            self.running[index].task.end(environment, &mut effects);
            self.take(index, None, effects, sink);
            self.drain(states, sink)?;
        }
        Ok(())
    }

    /// The first timer of all stages.
    pub fn first_due(&self) -> Option<Due> {
        self.first_timer().map(|(due, _)| due)
    }

    /// What each stage did.
    pub fn counts(&self) -> impl Iterator<Item = (&Stage, StageCounts)> {
        self.running.iter().map(|running| (&running.stage, running.counts))
    }

    /// Timers that failed, as `stage: key: cause`.
    pub fn timer_faults(&self) -> Vec<String> {
        let faults = self
            .running
            .iter()
            .flat_map(|running| running.faults.iter().map(|fault| format!("{}: {fault}", running.stage.id())));
        faults.collect()
    }

    /// As [`Pipeline::timer_faults`], by stage; those told are forgotten.
    pub fn take_timer_faults(&mut self) -> impl Iterator<Item = (&Stage, Vec<String>)> {
        self.running.iter_mut().map(|running| (&running.stage, std::mem::take(&mut running.faults)))
    }

    /// Every tenant's policies.
    pub fn policies(&self) -> &Arc<Policies> {
        &self.policies
    }

    /// The tasks with their stages, for a backend that stores states.
    pub fn tasks(&mut self) -> impl Iterator<Item = (&Stage, &mut (dyn Task + 'static))> {
        self.running.iter_mut().map(|running| (&running.stage, &mut *running.task))
    }

    /// Replaces the policies; [`Pipeline::tell_policies`] tells the states that are loaded or were noted.
    pub fn set_policies(&mut self, policies: Arc<Policies>) {
        for running in &mut self.running {
            running.task.policies_changed(&policies);
        }
        self.policies = policies;
    }

    /// Tells at most `limit` states of each stage of their policies and drains what follows; gives whether none is
    /// left to be told.
    ///
    /// # Errors
    /// If a stored state cannot be had.
    pub fn tell_policies(
        &mut self,
        limit: usize,
        states: &dyn StateSource,
        sink: &mut dyn Sink,
    ) -> Result<bool, PipelineError> {
        let mut all = true;
        for index in 0..self.running.len() {
            let running = &mut self.running[index];
            for key in running.task.missing_for_policies(limit) {
                running.supply(key, states)?;
            }
            let mut effects = Effects::default();
            let environment = environment(&self.codec, &self.policies, self.clock, self.encoding);
            all &= running.task.tell_policies(limit, environment, &mut effects);
            self.take(index, None, effects, sink);
            self.drain(states, sink)?;
        }
        Ok(all)
    }

    fn first_timer(&self) -> Option<(Due, usize)> {
        let timers = self.running.iter().enumerate();
        let timers = timers.filter_map(|(index, running)| running.task.first_due().map(|due| (due, index)));
        timers.min_by_key(|(due, index)| (due.at, due.class, *index))
    }

    /// Fires the first timer, if there is one, and drains what follows.
    ///
    /// # Errors
    /// If a stored state cannot be had.
    pub fn fire(&mut self, states: &dyn StateSource, sink: &mut dyn Sink) -> Result<(), PipelineError> {
        let Some((due, index)) = self.first_timer() else { return Ok(()) };
        self.set_now(due.at);
        let running = &mut self.running[index];
        for key in running.task.missing_for_timers(Reached::all(due.at), 1) {
            running.supply(key, states)?;
        }
        let mut effects = Effects::default();
        let environment = environment(&self.codec, &self.policies, self.clock, self.encoding);
        if running.task.fire(Reached::all(due.at), environment, &mut effects) {
            sink.timer(&running.stage, due);
        }
        self.take(index, None, effects, sink);
        self.drain(states, sink)
    }

    fn drain(&mut self, states: &dyn StateSource, sink: &mut dyn Sink) -> Result<(), PipelineError> {
        while let Some((mut emission, index)) = self.queue.pop_front() {
            let known = match Arc::get_mut(&mut emission) {
                Some(own) if !own.is_on_demand() => own.value.take(),
                _ => emission.value.clone(),
            };
            let record =
                Record { topic: emission.topic.name, key: emission.key.as_bytes(), payload: &emission.payload, index };
            self.deliver(record, known, Some(&emission), states, sink)?;
        }
        Ok(())
    }

    fn deliver(
        &mut self,
        record: Record<'_>,
        mut known: Option<Value>,
        emission: Option<&Emission>,
        states: &dyn StateSource,
        sink: &mut dyn Sink,
    ) -> Result<(), PipelineError> {
        let Some(readers) = self.readers.get(record.topic).cloned() else { return Ok(()) };
        let mut told: Vec<&str> = Vec::new();
        for (place, &index) in readers.iter().enumerate() {
            let running = &mut self.running[index];
            let mut effects = Effects::default();
            running.task.accept(&record, &mut known, &self.codec, &mut effects);
            if place + 1 == readers.len() {
                // the last reader has it for itself
                known = None;
            }
            // what one processor of a service cannot read, none of them can
            if !effects.dead_letters.is_empty() {
                if told.contains(&running.stage.service) {
                    effects.dead_letters.clear();
                }
                told.push(running.stage.service);
            }
            if !states.is_nowhere() {
                for key in running.task.missing() {
                    running.supply(key, states)?;
                }
            }
            let environment = environment(&self.codec, &self.policies, self.clock, self.encoding);
            running.task.run(environment, &mut effects);
            if effects.dead_letters.is_empty() {
                self.take(index, Some(&record), effects, sink);
            } else {
                // what does not fit its schema was never sent, and has no bytes to tell
                let payload = emission.and_then(|emission| emission.wire(&self.codec).ok());
                let record = Record { payload: payload.as_deref().unwrap_or(record.payload), ..record };
                self.take(index, Some(&record), effects, sink);
            }
        }
        Ok(())
    }

    fn take(&mut self, index: usize, record: Option<&Record<'_>>, effects: Effects, sink: &mut dyn Sink) {
        let running = &mut self.running[index];
        running.count(&effects);
        if let Some(record) = record {
            for letter in &effects.dead_letters {
                sink.dead_letter(&running.stage, record, letter);
            }
        }
        for emission in effects.emissions.into_iter().map(Arc::new) {
            sink.emission(&running.stage, &emission);
            if self.readers.contains_key(emission.topic.name) {
                self.queue.push_back((emission, sink.last_index()));
            }
        }
    }
}

fn environment<'a>(codec: &'a Codec, policies: &'a Policies, clock: Clock, encoding: Encoding) -> Environment<'a> {
    Environment { codec, policies, clock, encoding }
}
