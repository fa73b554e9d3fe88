//! The task of a typed processor.
//!
//! Owns the cache of states and the rule that a refused or panicking record leaves no trace but its dead letter. Where
//! states are stored is the backend's matter.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use kefu_contracts::codec::{Codec, DecodeError};
use kefu_contracts::partition::split_key;
use kefu_contracts::topic::Value;
use kefu_contracts::{Code, Reject, Timestamp};
use kefu_policy::Policies;

use crate::context::{Context, Environment};
use crate::effects::{DeadLetter, Effects, Fired, Outcome};
use crate::input::Input;
use crate::processor::Processor;
use crate::slot::{Cause, Slot, VALUE_BYTES_MAX};
use crate::state::{self, Header, StateError};
use crate::task::{Record, StateChange, Task};
use crate::timers::{Due, Reached, TimerClass, Timers};

struct Queued<I> {
    key: Arc<str>,
    input: I,
    index: usize,
    /// The payload's length.
    bytes: usize,
}

/// By key. Each record looks several times, so the hash is a fast one, seeded at random as the standard one is.
type ByKey<T> = HashMap<Arc<str>, T, foldhash::fast::RandomState>;

pub(crate) struct ProcessorTask<P: Processor> {
    processor: Arc<P>,
    /// Boxed: states are large, and the table moves what it holds when it grows.
    slots: ByKey<Box<Slot<P::State>>>,
    timers: Timers,
    unloaded_timers: ByKey<Due>,
    queue: Vec<Queued<P::Input>>,
    dirty: Vec<Arc<str>>,
    /// Keys whose state may not know its tenant's policies.
    untold: BTreeSet<Arc<str>>,
}

impl<P: Processor> ProcessorTask<P> {
    pub(crate) fn new(processor: Arc<P>) -> Self {
        Self {
            processor,
            slots: ByKey::default(),
            timers: Timers::default(),
            unloaded_timers: ByKey::default(),
            queue: Vec::new(),
            dirty: Vec::new(),
            untold: BTreeSet::new(),
        }
    }

    /// Lets `work` change the state of `key`; on a refusal or panic the state stays as it was.
    fn step(
        &mut self,
        key: &Arc<str>,
        at: Option<Timestamp>,
        cause: Option<Cause>,
        environment: Environment<'_>,
        effects: &mut Effects,
        work: impl FnOnce(&P, &mut Option<P::State>, &mut Context<'_>) -> Result<(), Reject>,
    ) -> Result<Outcome, Reject> {
        let slot = self.slots.entry(key.clone()).or_insert_with(|| Box::new(Slot::EMPTY));
        if P::HEEDS_POLICIES && slot.state.is_none() {
            slot.policies = environment.policies.mark(split_key(key).0);
        }
        let before = slot.state.clone();
        let marks = (effects.emissions.len(), effects.dead_letters.len());
        let mut context = Context::new(environment, key, at, cause.map(|cause| cause.index), effects);
        let processor = &self.processor;
        let result = catch_unwind(AssertUnwindSafe(|| {
            work(processor, &mut slot.state, &mut context)?;
            Ok(slot.state.as_ref().and_then(|state| processor.due(state)))
        }));
        let (duplicate, rejected, fault) = context.finish();
        let refused = match (result, fault) {
            (Ok(Ok(_)), None) if slot.is_too_large(cause, effects.emissions.get(marks.0..)) => {
                Reject::new(Code::TooLarge, format!("what follows from it is longer than {VALUE_BYTES_MAX} bytes"))
            }
            (Ok(Ok(due)), None) => {
                self.timers.set(key, slot.due, due);
                slot.due = due;
                if !slot.dirty {
                    slot.dirty = true;
                    self.dirty.push(key.clone());
                }
                return Ok(match (rejected, duplicate) {
                    (true, _) => Outcome::Rejected,
                    (false, true) => Outcome::Duplicate,
                    (false, false) => Outcome::Processed,
                });
            }
            (Ok(Ok(_)), Some(fault)) => Reject::new(Code::Panic, fault.to_string()),
            (Ok(Err(reject)), _) => reject,
            (Err(panic), _) => Reject::new(Code::Panic, panic_text(&*panic)),
        };
        slot.state = before;
        effects.emissions.truncate(marks.0);
        effects.dead_letters.truncate(marks.1);
        if slot.state.is_none() && !slot.dirty {
            self.slots.remove(key);
        }
        Err(refused)
    }

    /// Fires the timers of `key` that lie before `at`: its record of that instant follows them, as in a replay, though
    /// the watermark may not have passed them yet.
    fn fire_earlier(&mut self, key: &Arc<str>, at: Timestamp, environment: Environment<'_>, effects: &mut Effects) {
        let earlier = |due: &Due| due.at < at && due.class != TimerClass::Tidy;
        while let Some(due) = self.slots.get(key).and_then(|slot| slot.due).filter(earlier) {
            self.fire_one(key, due, environment, effects);
        }
    }

    fn fire_one(&mut self, key: &Arc<str>, due: Due, environment: Environment<'_>, effects: &mut Effects) {
        self.tell(key, environment, effects);
        if self.slots.get(key).is_none_or(|slot| slot.due != Some(due)) {
            return;
        }
        effects.timers += 1;
        let before = effects.emissions.len();
        let done = self.step(key, Some(due.at), None, environment, effects, |processor, state, context| {
            processor.on_timer(state, context)
        });
        if effects.emissions.len() > before {
            effects.fired.push(Fired { key: key.clone(), emissions: before..effects.emissions.len() });
        }
        let stuck = self.slots.get(key).is_some_and(|slot| slot.due == Some(due));
        if let Err(reject) = done {
            effects.timer_faults.push(format!("{key}: {reject}"));
            self.give_up_timer(key);
        } else if stuck {
            effects.timer_faults.push(format!("{key}: the timer due at {} did not move", due.at));
            self.give_up_timer(key);
        }
    }

    /// Tells a loaded state of its tenant's policies, if it does not know them.
    fn tell(&mut self, key: &Arc<str>, environment: Environment<'_>, effects: &mut Effects) {
        if !P::HEEDS_POLICIES {
            return;
        }
        let mark = environment.policies.mark(split_key(key).0);
        let Some(slot) = self.slots.get_mut(key) else { return };
        if slot.state.is_none() || slot.policies == mark {
            return;
        }
        // also if it fails: it would fail again
        slot.policies = mark;
        let done = self.step(key, None, None, environment, effects, |processor, state, context| {
            processor.on_policies(state, context)
        });
        if let Err(reject) = done {
            effects.timer_faults.push(format!("{key}: {reject}"));
        }
    }

    fn give_up_timer(&mut self, key: &Arc<str>) {
        if let Some(slot) = self.slots.get_mut(key) {
            self.timers.set(key, slot.due.take(), None);
        }
    }

    fn keys(&self) -> Vec<Arc<str>> {
        let mut keys: Vec<Arc<str>> = self.slots.keys().cloned().collect();
        keys.sort_unstable();
        keys
    }
}

impl<P: Processor> Task for ProcessorTask<P> {
    fn accept(&mut self, record: &Record<'_>, known: &mut Option<Value>, codec: &Codec, effects: &mut Effects) {
        let mut refuse = |code, detail| {
            effects.count(Outcome::Rejected);
            effects.dead_letters.push(DeadLetter { cause: record.index, code, detail });
        };
        let key = match std::str::from_utf8(record.key) {
            Ok(key) if key.contains('/') => key,
            Ok(_) => return refuse(Code::BadKey, "the key is not `tenant/id`".to_owned()),
            Err(error) => return refuse(Code::BadKey, format!("the key is no UTF-8: {error}")),
        };
        let read = catch_unwind(AssertUnwindSafe(|| {
            let input = P::Input::read(record.topic, known, codec, record.payload)?;
            Some(input.map(|input| {
                let heeded = self.processor.heeds(&input);
                heeded.then(|| (Arc::from(self.processor.key(key, &input)), input))
            }))
        }));
        match read {
            Ok(Some(Ok(None))) => {}
            Ok(Some(Ok(Some((key, input))))) => {
                self.queue.push(Queued { key, input, index: record.index, bytes: record.payload.len() });
            }
            Ok(Some(Err(error @ DecodeError::UnknownSchema(_)))) => refuse(Code::UnknownSchema, error.to_string()),
            Ok(Some(Err(error))) => refuse(Code::Undecodable, error.to_string()),
            Ok(None) => refuse(Code::Undecodable, format!("`{}` is no input of `{}`", record.topic, P::NAME)),
            Err(panic) => refuse(Code::Panic, panic_text(&*panic)),
        }
    }

    fn queued(&self) -> Vec<(usize, Arc<str>)> {
        self.queue.iter().map(|queued| (queued.index, queued.key.clone())).collect()
    }

    fn missing(&self) -> Vec<Arc<str>> {
        let absent = self.queue.iter().map(|queued| &queued.key).filter(|key| !self.slots.contains_key(*key));
        let mut keys: Vec<Arc<str>> = absent.cloned().collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn missing_for_timers(&self, reached: Reached, limit: usize) -> Vec<Arc<str>> {
        let due = self.timers.due(reached).take(limit);
        due.filter(|(_, key)| !self.slots.contains_key(*key)).map(|(_, key)| key.clone()).collect()
    }

    fn supply(&mut self, key: Arc<str>, bytes: Option<&[u8]>) -> Result<(), StateError> {
        let state = bytes.map(|bytes| state::decode::<P::State>(&key, bytes)).transpose()?;
        let header = bytes.map(|bytes| state::decode_header(&key, bytes)).transpose()?.unwrap_or_default();
        let due = state.as_ref().and_then(|state| self.processor.due(state));
        let length = bytes.map_or(0, <[u8]>::len);
        let noted = self.unloaded_timers.remove(&key);
        self.timers.set(&key, noted, due);
        let slot = Slot { state, due, policies: header.policies, bytes: length, dirty: false };
        self.slots.insert(key, Box::new(slot));
        Ok(())
    }

    fn note(&mut self, key: Arc<str>, bytes: &[u8], policies: &Policies) -> Result<(), StateError> {
        if self.slots.contains_key(&key) {
            return Ok(());
        }
        let header = state::decode_header(&key, bytes)?;
        if P::HEEDS_POLICIES && header.policies != policies.mark(split_key(&key).0) {
            self.untold.insert(key.clone());
        }
        let old = match header.due {
            Some(due) => self.unloaded_timers.insert(key.clone(), due),
            None => self.unloaded_timers.remove(&key),
        };
        self.timers.set(&key, old, header.due);
        Ok(())
    }

    fn heeds_policies(&self) -> bool {
        P::HEEDS_POLICIES
    }

    fn has_untold(&self) -> bool {
        !self.untold.is_empty()
    }

    fn policies_changed(&mut self, policies: &Policies) {
        if P::HEEDS_POLICIES {
            let untold = self.slots.iter().filter(|(key, slot)| slot.policies != policies.mark(split_key(key).0));
            self.untold.extend(untold.map(|(key, _)| key.clone()));
        }
    }

    fn missing_for_policies(&self, limit: usize) -> Vec<Arc<str>> {
        self.untold.iter().take(limit).filter(|key| !self.slots.contains_key(*key)).cloned().collect()
    }

    fn tell_policies(&mut self, limit: usize, environment: Environment<'_>, effects: &mut Effects) -> bool {
        for _ in 0..limit {
            let Some(key) = self.untold.pop_first() else { return true };
            self.tell(&key, environment, effects);
        }
        self.untold.is_empty()
    }

    fn run(&mut self, environment: Environment<'_>, effects: &mut Effects) {
        for Queued { key, input, index, bytes } in std::mem::take(&mut self.queue) {
            self.tell(&key, environment, effects);
            if P::EAGER
                && let Some(at) = input.event_time()
            {
                self.fire_earlier(&key, at.min(environment.clock.limit()), environment, effects);
            }
            let done = self.step(
                &key,
                None,
                Some(Cause { index, bytes }),
                environment,
                effects,
                |processor, state, context| processor.on_record(state, input, context),
            );
            let outcome = done.unwrap_or_else(|reject| {
                effects.dead_letters.push(DeadLetter { cause: index, code: reject.code, detail: reject.detail });
                Outcome::Rejected
            });
            effects.count(outcome);
        }
    }

    fn fire(&mut self, reached: Reached, environment: Environment<'_>, effects: &mut Effects) -> bool {
        let first = self.timers.first_due(reached).map(|(due, key)| (due, key.clone()));
        let Some((due, key)) = first.filter(|(_, key)| self.slots.contains_key(key)) else { return false };
        self.fire_one(&key, due, environment, effects);
        true
    }

    fn next_due(&self, reached: Reached) -> Option<Due> {
        self.timers.first_due(reached).map(|(due, _)| due)
    }

    fn first_due(&self) -> Option<Due> {
        self.timers.first().map(|(due, _)| due)
    }

    fn has_lasting_timer(&self) -> bool {
        self.timers.has_lasting()
    }

    fn end(&mut self, environment: Environment<'_>, effects: &mut Effects) {
        let keys = if P::HEEDS_END { self.keys() } else { Vec::new() };
        for key in keys {
            let done = self.step(&key, None, None, environment, effects, |processor, state, context| {
                processor.on_end(state, context);
                Ok(())
            });
            if let Err(reject) = done {
                effects.timer_faults.push(format!("{key}: {reject}"));
            }
        }
    }

    fn changes(&mut self) -> Result<Vec<StateChange>, StateError> {
        let mut keys = std::mem::take(&mut self.dirty);
        keys.sort_unstable();
        let mut changes = Vec::with_capacity(keys.len());
        for key in keys {
            let Some(slot) = self.slots.get_mut(&key) else { continue };
            slot.dirty = false;
            let header = Header { due: slot.due, policies: slot.policies };
            let bytes = slot.state.as_ref().map(|state| state::encode(&key, state, header)).transpose()?;
            slot.bytes = bytes.as_ref().map_or(0, Vec::len);
            if bytes.is_none() {
                self.slots.remove(&key);
            }
            changes.push((key, bytes));
        }
        Ok(changes)
    }

    fn settle(&mut self) {
        for key in std::mem::take(&mut self.dirty) {
            if let Some(slot) = self.slots.get_mut(&key) {
                slot.dirty = false;
                if slot.state.is_none() {
                    self.slots.remove(&key);
                }
            }
        }
    }

    fn shrink(&mut self, keep: usize) {
        let surplus = self.slots.len().saturating_sub(keep);
        let spare: Vec<Arc<str>> =
            self.slots.iter().filter(|(_, slot)| !slot.dirty).take(surplus).map(|(key, _)| key.clone()).collect();
        for key in spare {
            if let Some(slot) = self.slots.remove(&key)
                && let Some(due) = slot.due
            {
                self.unloaded_timers.insert(key, due);
            }
        }
    }

    fn loaded(&self) -> usize {
        self.slots.len()
    }

    fn timers(&self) -> usize {
        self.timers.len()
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
