//! What goes to the open transaction: records, the last snapshot of each key, dead letters.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use kefu_contracts::partition::split_key;
use kefu_contracts::topic::{Cleanup, DEAD_LETTERS};
use kefu_processor::{DeadLetter, Effects, Emission};

use super::commit::TaskChanges;
use super::{Worker, WorkerError};
use crate::clock;
use crate::dead_letter::{Origin, Refused};
use crate::kafka::fetch::Fetched;
use crate::kafka::tasks::{Owned, partition_of};
use crate::kafka::transaction::Outgoing;
use crate::metrics::RefusalLabel;
use crate::refusal_log::RefusedAt;
use crate::trace::{self, TraceContext};

/// A transaction that is open.
pub(super) struct Open {
    pub(super) since: Instant,
    pub(super) records: usize,
    /// The last snapshot of each key, by full topic name.
    pub(super) snapshots: HashMap<(&'static str, String), (Emission, TraceContext)>,
    pub(super) written: BTreeMap<&'static str, u64>,
    /// When its commit began.
    pub(super) committing: Instant,
    /// The changed states that it holds.
    pub(super) changes: Vec<TaskChanges>,
}

impl Worker {
    /// Hands what a task wrote to the open transaction.
    pub(super) fn take_effects(
        &mut self,
        owned: &Owned,
        effects: Effects,
        fetched: &[Fetched<'_>],
    ) -> Result<(), WorkerError> {
        let label = self.stage_label(owned.stage);
        self.count(&label, &effects);
        let records = usize::try_from(effects.processed + effects.timers).unwrap_or(usize::MAX);
        if effects.emissions.is_empty() && effects.dead_letters.is_empty() && records == 0 {
            return Ok(());
        }
        self.begin()?;
        for letter in &effects.dead_letters {
            let Some(message) = fetched.get(letter.cause) else { continue };
            self.send_dead_letter(label.processor, label.processor, letter, message)?;
        }
        let mut traces: HashMap<usize, TraceContext> = HashMap::new();
        for emission in effects.emissions {
            let context = match emission.cause.and_then(|cause| fetched.get(cause).map(|message| (cause, message))) {
                Some((cause, message)) => *traces
                    .entry(cause)
                    .or_insert_with(|| trace::follow(label.service, label.processor, message.traceparent())),
                None => trace::fresh(),
            };
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
            let now = clock::monotonic();
            self.open = Some(Open {
                since: now,
                records: 0,
                snapshots: HashMap::new(),
                written: BTreeMap::new(),
                committing: now,
                changes: Vec::new(),
            });
        }
        Ok(())
    }

    pub(super) fn emit(&mut self, emission: Emission, context: TraceContext) -> Result<(), WorkerError> {
        if emission.topic.cleanup == Cleanup::Compact
            && let Some(open) = self.open.as_mut()
        {
            open.snapshots.insert((emission.topic.name, emission.key.clone()), (emission, context));
            return Ok(());
        }
        self.send(&emission, context)
    }

    pub(super) fn send(&mut self, emission: &Emission, context: TraceContext) -> Result<(), WorkerError> {
        let topic = self.options.connection.topic(&emission.topic);
        let traceparent = context.header();
        self.transaction.send(&Outgoing {
            topic: &topic,
            partition: partition_of(emission.topic.partition_by, &emission.key, self.options.partitions),
            key: emission.key.as_bytes(),
            payload: Some(&emission.payload),
            headers: &[
                ("traceparent", traceparent.as_bytes()),
                ("tenant", split_key(&emission.key).0.as_bytes()),
                ("event-type", emission.event_type.as_bytes()),
            ],
        })?;
        if let Some(open) = self.open.as_mut() {
            *open.written.entry(emission.topic.name).or_default() += 1;
        }
        Ok(())
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
        self.options.metrics.records_refused.get_or_create(&RefusalLabel { service, processor, code }).inc();
        let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
        self.refusals.note(RefusedAt { service, processor, topic, partition, offset, code });
        let origin = Origin { topic, partition, offset, service, attempt: 1 };
        let mut refused = self.sent_back(message).unwrap_or(Refused { origin, processor: to, first: None });
        if refused.processor.is_empty() {
            refused.processor = to;
        }
        let context = trace::follow(service, processor, message.traceparent()).header();
        let mut headers = refused.headers(letter);
        headers.push(("traceparent", context));
        let mut headers: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let tenant = message.key().split(|byte| *byte == b'/').next().unwrap_or_default();
        headers.push(("tenant", tenant));
        headers.extend(message.header(c"event-type").map(|value| ("event-type", value)));
        self.transaction.send(&Outgoing {
            topic: &self.options.connection.topic(&DEAD_LETTERS),
            partition: message.partition(),
            key: message.key(),
            payload: Some(message.payload()),
            headers: &headers,
        })?;
        Ok(())
    }
}
