//! Taking a batch, loading the states it needs, running the processors on it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kefu_processor::{Effects, Environment, Record};

use super::{Worker, WorkerError};
use crate::kafka::fetch::{Fetched, Kind};
use crate::kafka::hot::HotError;
use crate::kafka::tasks::LoadError;
use crate::{clock, trace};

/// Pause before Redis is tried again.
const HOT_RETRY: Duration = Duration::from_millis(100);

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

    pub(super) fn process(&mut self, fetched: &[Fetched<'_>]) -> Result<(), WorkerError> {
        let mut touched: BTreeMap<(usize, i32), Effects> = BTreeMap::new();
        for (index, message) in fetched.iter().enumerate() {
            let position = match message.kind() {
                Kind::Record => message.offset() + 1,
                Kind::EndOfPartition => message.offset(),
                Kind::Error(error) => {
                    tracing::warn!(topic = message.topic(), error, "kafka consumer");
                    continue;
                }
            };
            let at = (message.topic().to_owned(), message.partition());
            let Some(known) = self.positions.get_mut(&at) else { continue };
            if position <= *known {
                continue;
            }
            *known = position;
            if matches!(message.kind(), Kind::Record) {
                self.accept(index, message, &mut touched);
            }
        }
        for (key, effects) in touched {
            self.run_task(key, effects, fetched)?;
        }
        Ok(())
    }

    pub(super) fn accept(
        &mut self,
        index: usize,
        message: &Fetched<'_>,
        touched: &mut BTreeMap<(usize, i32), Effects>,
    ) {
        let partition = message.partition();
        let topic = self.options.connection.without_prefix(message.topic());
        for (stage, of) in self.options.stages.iter().enumerate() {
            if of.inputs.iter().any(|input| input.name == topic)
                && let Some(owned) = self.owned.get_mut(&(stage, partition))
            {
                let record = Record { topic, key: message.key(), payload: message.payload(), index };
                let effects = touched.entry((stage, partition)).or_default();
                owned.task.accept(&record, &self.options.codec, effects);
            }
        }
    }

    pub(super) fn run_task(
        &mut self,
        key: (usize, i32),
        mut effects: Effects,
        fetched: &[Fetched<'_>],
    ) -> Result<(), WorkerError> {
        let missing = self.owned.get(&key).map(|owned| owned.task.missing()).unwrap_or_default();
        self.load(key, missing)?;
        let Some(mut owned) = self.owned.remove(&key) else { return Ok(()) };
        let policies = self.options.policies.current();
        let clock = self.clock(owned.reached().complete);
        let environment = Environment { codec: &self.options.codec, policies: &policies, clock };
        let traces = trace::begin(&self.options.stages[key.0], fetched);
        owned.task.run(environment, &mut effects);
        let done = self.take_effects(&owned, effects, fetched, &traces);
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
            match owned.load(keys.clone(), &mut self.hot, &stage) {
                Ok(()) => {
                    self.hot_available(true);
                    return Ok(());
                }
                Err(LoadError::Hot(HotError::Redis(error))) => self.wait_for_hot(&error.to_string())?,
                Err(LoadError::Hot(HotError::Lost)) => return Err(self.lost()),
                Err(LoadError::State(error)) => return Err(error.into()),
            }
        }
    }

    /// Gives up the open transaction, so that the tasks can be restored.
    pub(super) fn abort(&mut self, cause: &str) -> WorkerError {
        match self.open.take() {
            Some(_) => self.transaction.abort(cause).into(),
            None => WorkerError::StartOver(cause.to_owned()),
        }
    }

    pub(super) fn lost(&mut self) -> WorkerError {
        self.abort("the hot copy was lost; the states come from the changelog")
    }

    pub(super) fn wait_for_hot(&mut self, cause: &str) -> Result<(), WorkerError> {
        tracing::warn!(service = self.options.service, cause, "redis is away: a state is needed that is not in memory");
        self.hot_available(false);
        self.hot.disconnect();
        if self.options.stop.load(Ordering::Relaxed) {
            return Err(self.abort("stopped while redis was away"));
        }
        // an open transaction would time out meanwhile
        if self.open.is_some() {
            return Err(self.abort("redis is away"));
        }
        clock::rest(HOT_RETRY);
        Ok(())
    }
}
