//! Taking a batch, loading the states it needs, running the processors on it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kefu_contracts::Code;
use kefu_processor::{DeadLetter, Effects, Environment, Record};

use super::hot_copy::lost;
use super::{Worker, WorkerError};
use crate::dead_letter::Refused;
use crate::kafka::fetch::{Fetched, Kind};
use crate::kafka::hot::HotError;
use crate::kafka::retry::retry_topic;
use crate::kafka::tasks::LoadError;

impl Worker {
    pub(super) fn take_batch(&mut self) -> Result<(), WorkerError> {
        let Some(mut queue) = self.queue.take() else { return Ok(()) };
        let done = {
            let batch = queue.take(10);
            let fetched: Vec<Fetched<'_>> = batch.iter().collect();
            self.process(&fetched)
        };
        self.queue = Some(queue);
        done
    }

    fn process(&mut self, fetched: &[Fetched<'_>]) -> Result<(), WorkerError> {
        let mut touched: BTreeMap<(usize, i32), Effects> = BTreeMap::new();
        let mut ahead: HashMap<(&str, i32), i64> = HashMap::new();
        let mut orphans = Vec::new();
        for (index, message) in fetched.iter().enumerate() {
            let next = match message.kind() {
                Kind::Record => message.offset() + 1,
                Kind::EndOfPartition => message.offset(),
                Kind::Error(error) => {
                    tracing::warn!(topic = message.topic(), error, "kafka consumer");
                    continue;
                }
            };
            // what no task takes is not consumed
            if !self.owned.contains_key(&(0, message.partition())) {
                continue;
            }
            let at = (message.topic(), message.partition());
            let known = ahead.get(&at).copied().or_else(|| self.protocol.position(at.0, at.1));
            if known.is_none_or(|known| next <= known) {
                continue;
            }
            ahead.insert(at, next);
            if matches!(message.kind(), Kind::Record) {
                let taken = self.accept(index, message, &mut touched);
                if !taken && self.is_sent_back(message) {
                    orphans.push(index);
                }
            }
        }
        let mut unread = unread(&mut touched);
        for index in orphans {
            let detail = "it was sent back, and no processor of this service takes it".to_owned();
            unread.insert(index, (0, DeadLetter { cause: index, code: Code::Undecodable, detail }));
        }
        // all states first: while one is waited for, what was done before can be committed
        for key in touched.keys() {
            let missing = self.owned.get(key).map(|owned| owned.task.missing()).unwrap_or_default();
            self.load(*key, missing)?;
        }
        for ((topic, partition), next) in ahead {
            self.protocol.consumed(topic, partition, next);
        }
        for (index, (stage, letter)) in unread {
            let Some(message) = fetched.get(index) else { continue };
            self.begin()?;
            self.send_dead_letter(self.stage_label(stage).processor, "", &letter, message)?;
        }
        for (key, effects) in touched {
            self.run_task(key, effects, fetched)?;
        }
        Ok(())
    }

    /// Queues a record with the tasks that read it; gives whether there was one.
    fn accept(&mut self, index: usize, message: &Fetched<'_>, touched: &mut BTreeMap<(usize, i32), Effects>) -> bool {
        let mut taken = false;
        let mut value = None;
        let partition = message.partition();
        let back = self.sent_back(message);
        let topic = self.options.connection.without_prefix(message.topic());
        let topic = back.map_or(topic, |refused| self.options.connection.without_prefix(refused.origin.topic));
        for (stage, of) in self.options.stages.iter().enumerate() {
            if of.inputs.iter().any(|input| input.name == topic)
                && back.is_none_or(|refused| refused.is_for(of.name))
                && let Some(owned) = self.owned.get_mut(&(stage, partition))
            {
                let record = Record { topic, key: message.key(), payload: message.payload(), index };
                let effects = touched.entry((stage, partition)).or_default();
                owned.task.accept(&record, &mut value, &self.options.codec, effects);
                taken = true;
            }
        }
        taken
    }

    fn is_sent_back(&self, message: &Fetched<'_>) -> bool {
        self.options.connection.without_prefix(message.topic()) == retry_topic(self.options.service)
    }

    /// What a record of this service's retry topic was; none for a record of any other topic.
    pub(super) fn sent_back<'b>(&self, message: &Fetched<'b>) -> Option<Refused<'b>> {
        if !self.is_sent_back(message) {
            return None;
        }
        Refused::sent_back(|name| message.header(name))
    }

    pub(super) fn run_task(
        &mut self,
        key: (usize, i32),
        mut effects: Effects,
        fetched: &[Fetched<'_>],
    ) -> Result<(), WorkerError> {
        let Some(mut owned) = self.owned.remove(&key) else { return Ok(()) };
        let policies = self.options.policies.current();
        let clock = self.clock(owned.reached().complete);
        let environment = Environment { codec: &self.options.codec, policies: &policies, clock };
        owned.task.run(environment, &mut effects);
        let done = self.take_effects(&owned, effects, fetched);
        self.owned.insert(key, owned);
        done
    }

    /// Loads states, waiting for Redis if need be.
    pub(super) fn load(&mut self, key: (usize, i32), keys: Vec<Arc<str>>) -> Result<(), WorkerError> {
        if keys.is_empty() {
            return Ok(());
        }
        let stage = self.stage_id(key.0);
        loop {
            let Some(owned) = self.owned.get_mut(&key) else { return Ok(()) };
            match owned.load(&keys, owned.mark(&self.protocol), &mut self.hot, &stage) {
                Ok(()) => {
                    self.hot_is_back();
                    return Ok(());
                }
                Err(LoadError::Hot(HotError::Redis(error))) => self.wait_for_hot(&error.to_string())?,
                Err(LoadError::Hot(HotError::Lost)) => return Err(lost()),
                Err(LoadError::State(error)) => return Err(error.into()),
            }
        }
    }
}

/// One dead letter for each record that cannot be read, however many processors of the service would have read it; with
/// the first of them.
fn unread(touched: &mut BTreeMap<(usize, i32), Effects>) -> BTreeMap<usize, (usize, DeadLetter)> {
    let mut unread = BTreeMap::new();
    for ((stage, _), effects) in touched {
        for letter in effects.dead_letters.drain(..) {
            unread.entry(letter.cause).or_insert((*stage, letter));
        }
    }
    unread
}
