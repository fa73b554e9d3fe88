//! What goes to the open transaction: records, the last snapshot of each key, dead letters.

use std::collections::HashMap;
use std::time::Instant;

use kefu_contracts::partition::split_key;
use kefu_contracts::topic::{Cleanup, DEAD_LETTERS, TopicInfo};
use kefu_processor::{DeadLetter, Effects, Emission};

use super::commit::TaskChanges;
use super::{Worker, WorkerError};
use crate::clock;
use crate::dead_letter::{Origin, Refused};
use crate::kafka::fetch::Fetched;
use crate::kafka::produce::{Outgoing, TopicId};
use crate::kafka::tasks::{Owned, partition_of};
use crate::metrics::RefusalLabel;
use crate::refusal_log::RefusedAt;
use crate::trace::span::{self, Doer};
use crate::trace::{self, TraceContext};

/// What led to an emission.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// A record, by its place in the batch.
    Record(usize),
    /// A timer, by the place of its first emission.
    Timer(usize),
    /// New policies.
    Other,
}

/// A transaction that is open.
pub(super) struct Open {
    pub(super) since: Instant,
    /// The same instant in milliseconds since 1970, for the records.
    at_ms: i64,
    pub(super) records: usize,
    pub(super) snapshots: Snapshots,
    pub(super) written: Written,
    /// When its commit began.
    pub(super) committing: Instant,
    /// The changed states that it holds.
    pub(super) changes: Vec<TaskChanges>,
}

impl Open {
    fn new() -> Self {
        let now = clock::monotonic();
        Self {
            since: now,
            at_ms: clock::now().ms(),
            records: 0,
            snapshots: Snapshots::default(),
            written: Written::default(),
            committing: now,
            changes: Vec::new(),
        }
    }
}

/// The last snapshot of each key, by topic; the emission's own key stands in the map.
#[derive(Default)]
pub(super) struct Snapshots(HashMap<(&'static str, String), (Emission, TraceContext)>);

impl Snapshots {
    fn keep(&mut self, mut emission: Emission, context: TraceContext) {
        let key = std::mem::take(&mut emission.key);
        self.0.insert((emission.topic.name, key), (emission, context));
    }

    pub(super) fn into_values(self) -> impl Iterator<Item = (Emission, TraceContext)> {
        self.0.into_iter().map(|((_, key), (mut emission, context))| {
            emission.key = key;
            (emission, context)
        })
    }
}

/// How many records went to each topic, by its name in the catalogue. A service writes few.
#[derive(Default)]
pub(super) struct Written(Vec<(&'static str, u64)>);

impl Written {
    fn count(&mut self, topic: &'static str) {
        match self.0.iter_mut().find(|(known, _)| is_same(known, topic)) {
            Some((_, count)) => *count += 1,
            None => self.0.push((topic, 1)),
        }
    }
}

impl IntoIterator for Written {
    type Item = (&'static str, u64);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// The topics that this worker has written to, by their names in the catalogue.
#[derive(Default)]
pub(super) struct KnownTopics(Vec<(&'static str, TopicId)>);

impl KnownTopics {
    fn find(&self, name: &'static str) -> Option<TopicId> {
        self.0.iter().find(|(known, _)| is_same(known, name)).map(|(_, id)| *id)
    }
}

/// Compares names of the catalogue, which mostly are the same piece of memory.
fn is_same(known: &'static str, name: &'static str) -> bool {
    std::ptr::eq(known, name) || known == name
}

impl Worker {
    /// Hands what a task wrote to the open transaction.
    pub(super) fn take_effects(
        &mut self,
        owned: &mut Owned,
        effects: Effects,
        fetched: &[Fetched<'_>],
    ) -> Result<(), WorkerError> {
        let label = self.stage_label(owned.stage);
        let doer = Doer { service: label.service, processor: label.processor };
        self.count(owned.stage, &effects);
        let records = usize::try_from(effects.processed + effects.timers).unwrap_or(usize::MAX);
        if effects.emissions.is_empty() && effects.dead_letters.is_empty() && records == 0 {
            return Ok(());
        }
        self.begin()?;
        for letter in &effects.dead_letters {
            let Some(message) = fetched.get(letter.cause) else { continue };
            self.send_dead_letter(label.processor, label.processor, letter, message)?;
        }
        let mut fired = effects.fired.iter().peekable();
        // what one record or timer led to stands together, and is one span
        let mut last: Option<(Lead, TraceContext)> = None;
        for (place, emission) in effects.emissions.into_iter().enumerate() {
            while fired.next_if(|fired| fired.emissions.end <= place).is_some() {}
            let timer = fired.peek().filter(|fired| fired.emissions.contains(&place));
            let lead = match (emission.cause, timer) {
                (Some(cause), _) => Lead::Record(cause),
                (None, Some(fired)) => Lead::Timer(fired.emissions.start),
                (None, None) => Lead::Other,
            };
            let context = match (last.filter(|(same, _)| *same == lead), timer) {
                (Some((_, context)), _) => context,
                (None, Some(fired)) => span::of_timer(doer, &owned.traces.take(&fired.key)),
                (None, None) => {
                    emission.cause.and_then(|cause| fetched.get(cause)).map_or_else(trace::fresh, |message| {
                        span::of_record(doer, message.traceparent(), message.written_ms())
                    })
                }
            };
            last = Some((lead, context));
            self.emit(emission, context)?;
        }
        if let Some(open) = self.open.as_mut() {
            open.records += records;
        }
        Ok(())
    }

    pub(super) fn begin(&mut self) -> Result<(), WorkerError> {
        if self.protocol.begin() {
            self.transaction.begin()?;
            self.open = Some(Open::new());
        }
        Ok(())
    }

    pub(super) fn emit(&mut self, emission: Emission, context: TraceContext) -> Result<(), WorkerError> {
        if emission.topic.cleanup == Cleanup::Compact
            && let Some(open) = self.open.as_mut()
        {
            open.snapshots.keep(emission, context);
            return Ok(());
        }
        self.send(&emission, context)
    }

    pub(super) fn send(&mut self, emission: &Emission, context: TraceContext) -> Result<(), WorkerError> {
        let topic = self.topic(&emission.topic)?;
        let traceparent = context.bytes();
        let headers: [(&str, &[u8]); 3] = [
            ("traceparent", &traceparent),
            ("tenant", split_key(&emission.key).0.as_bytes()),
            ("event-type", emission.event_type.as_bytes()),
        ];
        // the others are for readers that are not this service
        let needed = if emission.topic.public { headers.len() } else { 1 };
        self.transaction.send(&Outgoing {
            topic,
            partition: partition_of(emission.topic.partition_by, &emission.key, self.options.partitions),
            key: emission.key.as_bytes(),
            payload: &emission.payload,
            headers: headers.get(..needed).unwrap_or_default(),
            at_ms: self.at_ms(),
        })?;
        if let Some(open) = self.open.as_mut() {
            open.written.count(emission.topic.name);
        }
        Ok(())
    }

    /// The topic to send to.
    fn topic(&mut self, info: &TopicInfo) -> Result<TopicId, WorkerError> {
        if let Some(known) = self.topics.find(info.name) {
            return Ok(known);
        }
        let id = self.transaction.topic(&self.options.connection.topic(info))?;
        self.topics.0.push((info.name, id));
        Ok(id)
    }

    /// The instant that records of the open transaction bear.
    pub(super) fn at_ms(&self) -> i64 {
        self.open.as_ref().map_or_else(|| clock::now().ms(), |open| open.at_ms)
    }

    /// `processor` counts it; it is sent back to `to`, or to all processors of the service if that is empty.
    pub(super) fn send_dead_letter(
        &mut self,
        processor: &'static str,
        to: &str,
        letter: &DeadLetter,
        message: &Fetched<'_>,
    ) -> Result<(), WorkerError> {
        let service = self.options.service;
        let code = letter.code.as_str();
        self.uncounted.refused(RefusalLabel { service, processor, code });
        let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
        self.refusals.note(RefusedAt { service, processor, topic, partition, offset, code });
        let origin = Origin { topic, partition, offset, service, attempt: 1 };
        let mut refused = self.sent_back(message).unwrap_or(Refused { origin, processor: to, first: None });
        if refused.processor.is_empty() {
            refused.processor = to;
        }
        let doer = Doer { service, processor };
        let context = span::of_refused(doer, message.traceparent(), message.written_ms(), code).header();
        let mut headers = refused.headers(letter);
        headers.push(("traceparent", context));
        let mut headers: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let tenant = message.key().split(|byte| *byte == b'/').next().unwrap_or_default();
        headers.push(("tenant", tenant));
        // records between processors of a service bear none
        headers.push(("event-type", message.header(c"event-type").unwrap_or(b"internal")));
        let topic = self.topic(&DEAD_LETTERS)?;
        self.transaction.send(&Outgoing {
            topic,
            partition: message.partition(),
            key: message.key(),
            payload: message.payload(),
            headers: &headers,
            at_ms: self.at_ms(),
        })?;
        Ok(())
    }
}
