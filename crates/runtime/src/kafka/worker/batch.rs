//! Taking a batch, loading the states it needs, running the processors on it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kefu_contracts::Code;
use kefu_contracts::topic::Value;
use kefu_processor::{DeadLetter, Effects, Record};

use super::hot_copy::lost;
use super::{Worker, WorkerError};
use crate::clock;
use crate::dead_letter::Refused;
use crate::kafka::fetch::{Fetched, Kind};
use crate::kafka::hot::HotError;
use crate::kafka::retry::retry_topic;
use crate::kafka::tasks::LoadError;

/// A batch of so many messages says that more have come than the last commit took.
const BACKLOG: usize = 2_000;

/// What was taken of a batch.
#[derive(Default)]
struct Taken<'f> {
    /// The tasks that got records, by stage and partition, and the dead letters of those they cannot read.
    touched: BTreeMap<(usize, i32), Effects>,
    /// Next offsets.
    ahead: HashMap<(&'f str, i32), i64>,
    /// Records that were sent back, and that no processor takes.
    orphans: Vec<usize>,
}

impl Worker {
    pub(super) fn take_batch(&mut self) -> Result<(), WorkerError> {
        let Some(mut queue) = self.queue.take() else { return Ok(()) };
        let done = {
            let most = self.batch_size.most();
            let batch = queue.take(10, most);
            self.has_backlog = batch.len() >= BACKLOG.min(most);
            let begun = clock::monotonic();
            let fetched: Vec<Fetched<'_>> = batch.iter().collect();
            let done = self.process(&fetched);
            self.batch_size.took(batch.len(), begun.elapsed());
            done
        };
        self.queue = Some(queue);
        done
    }

    fn process(&mut self, fetched: &[Fetched<'_>]) -> Result<(), WorkerError> {
        let mut taken = Taken::default();
        let mut begin = 0;
        // librdkafka gives the records of a partition in a row
        for run in fetched.chunk_by(Fetched::is_beside) {
            self.take_run(begin, run, &mut taken);
            begin += run.len();
        }
        let Taken { mut touched, ahead, orphans } = taken;
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

    /// Queues those records of a partition that are not consumed yet with the tasks that read them.
    fn take_run<'f>(&mut self, begin: usize, run: &[Fetched<'f>], taken: &mut Taken<'f>) {
        let Some(first) = run.first() else { return };
        let (topic, partition) = (first.topic(), first.partition());
        let known = taken.ahead.get(&(topic, partition)).copied();
        let known = known.or_else(|| self.protocol.position(topic, partition));
        // what no task takes is not consumed
        let mut position = known.filter(|_| self.owned.contains_key(&(0, partition)));
        let mut records = Vec::with_capacity(run.len());
        for (index, message) in (begin..).zip(run) {
            let next = match message.kind() {
                Kind::Record => message.offset() + 1,
                Kind::EndOfPartition => message.offset(),
                Kind::Error(error) => {
                    tracing::warn!(topic, error, "kafka consumer");
                    continue;
                }
            };
            if position.is_some_and(|position| next > position) {
                position = Some(next);
                if matches!(message.kind(), Kind::Record) {
                    records.push((index, message));
                }
            }
        }
        taken.ahead.extend(position.map(|position| ((topic, partition), position)));
        if self.is_sent_back(first) {
            for (index, message) in records {
                self.accept_sent_back(index, message, taken);
            }
        } else {
            let topic = self.options.connection.without_prefix(topic);
            self.accept(topic, partition, &records, None, taken);
        }
    }

    fn accept_sent_back(&mut self, index: usize, message: &Fetched<'_>, taken: &mut Taken<'_>) {
        let back = self.sent_back(message);
        let origin = back.map_or(message.topic(), |refused| refused.origin.topic);
        let topic = self.options.connection.without_prefix(origin).to_owned();
        if !self.accept(&topic, message.partition(), &[(index, message)], back, taken) {
            taken.orphans.push(index);
        }
    }

    /// Queues records of a topic with the tasks that read it; gives whether there was one.
    fn accept(
        &mut self,
        topic: &str,
        partition: i32,
        records: &[(usize, &Fetched<'_>)],
        back: Option<Refused<'_>>,
        taken: &mut Taken<'_>,
    ) -> bool {
        let mut is_taken = false;
        // decoded once, by the first that reads it
        let mut values: Vec<Option<Value>> = records.iter().map(|_| None).collect();
        for (stage, of) in self.options.stages.iter().enumerate() {
            if !records.is_empty()
                && of.inputs.iter().any(|input| input.name == topic)
                && back.is_none_or(|refused| refused.is_for(of.name))
                && let Some(owned) = self.owned.get_mut(&(stage, partition))
            {
                let effects = taken.touched.entry((stage, partition)).or_default();
                for ((index, message), value) in records.iter().zip(&mut values) {
                    let record = Record { topic, key: message.key(), payload: message.payload(), index: *index };
                    owned.task.accept(&record, value, &self.options.codec, effects);
                }
                is_taken = true;
            }
        }
        is_taken
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
        let environment = self.environment(&policies, clock);
        let traces = owned.queued_traces(fetched);
        owned.task.run(environment, &mut effects);
        let done = self.take_effects(&mut owned, effects, fetched);
        // after timers that fired before these records
        owned.remember_traces(traces);
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
                Err(LoadError::Hot(HotError::Lost)) => return Err(lost()),
                Err(LoadError::Hot(error)) => self.wait_for_hot(&error)?,
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
