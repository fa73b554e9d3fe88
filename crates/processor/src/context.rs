//! What a processor knows of the world, and how it speaks to it.

use std::sync::Arc;

use kefu_contracts::codec::{Codec, EncodeError};
use kefu_contracts::topic::Topic;
use kefu_contracts::{Code, Timestamp};
use kefu_policy::Policies;

use crate::effects::{DeadLetter, Effects, Emission, Encoding};

/// What time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The wall clock when live; the event time reached in a replay or with the event clock.
    pub now: Timestamp,
    /// Whether `now` is the wall clock.
    pub live: bool,
}

impl Clock {
    /// When the record of what happened at `at` came in: with the wall clock now; with the event clock then, or when
    /// time has come further already. A task that was just taken over may not know yet how far time is.
    pub fn came_in(self, at: Timestamp) -> Timestamp {
        if self.live { self.now } else { at.max(self.now) }
    }

    /// The latest instant that can be over: with the wall clock, now.
    pub(crate) fn limit(self) -> Timestamp {
        if self.live { self.now } else { Timestamp::MAX }
    }
}

/// What is the same for all records of a batch.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    /// The wire formats.
    pub codec: &'a Codec,
    /// Every tenant's policies, with those still to take effect.
    pub policies: &'a Policies,
    /// What time it is.
    pub clock: Clock,
    /// When what is written is encoded.
    pub encoding: Encoding,
}

/// The world as a processor sees it while it handles one record or timer.
pub struct Context<'a> {
    environment: Environment<'a>,
    key: &'a str,
    now: Option<Timestamp>,
    cause: Option<usize>,
    effects: &'a mut Effects,
    duplicate: bool,
    rejected: bool,
    fault: Option<EncodeError>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        environment: Environment<'a>,
        key: &'a str,
        now: Option<Timestamp>,
        cause: Option<usize>,
        effects: &'a mut Effects,
    ) -> Self {
        Self { environment, key, now, cause, effects, duplicate: false, rejected: false, fault: None }
    }

    /// The state's key.
    pub fn key(&self) -> &'a str {
        self.key
    }

    /// The tenant of the state's key.
    pub fn tenant(&self) -> &'a str {
        kefu_contracts::partition::split_key(self.key).0
    }

    /// While a timer is handled, the instant it was due; else what [`Context::clock`] says.
    pub fn now(&self) -> Timestamp {
        self.now.unwrap_or(self.environment.clock.now)
    }

    /// The wall clock when live; the event time reached in a replay.
    pub fn clock(&self) -> Clock {
        self.environment.clock
    }

    /// Every tenant's policies. They are effective-dated: ask for the one in force at an instant.
    pub fn policies(&self) -> &'a Policies {
        self.environment.policies
    }

    /// Writes `value` to `topic` under `key`; `at` is its event time.
    pub fn emit<T: Send + Sync + 'static>(
        &mut self,
        topic: &'static Topic<T>,
        key: impl Into<String>,
        value: impl Into<Arc<T>>,
        at: Timestamp,
    ) {
        let mut emission = Emission::new(topic, key, value.into(), at);
        emission.cause = self.cause;
        let waits = self.environment.encoding == Encoding::OnDemand && topic.info.public;
        match if waits { Ok(()) } else { emission.encode(self.environment.codec) } {
            Ok(()) => self.effects.emissions.push(emission),
            Err(error) => self.fault = Some(error),
        }
    }

    /// Says that the record had been seen before.
    pub fn duplicate(&mut self) {
        self.duplicate = true;
    }

    /// Makes the record a dead letter, but keeps what was done with it.
    pub fn dead_letter(&mut self, code: Code, detail: impl Into<String>) {
        if let Some(cause) = self.cause {
            self.rejected = true;
            self.effects.dead_letters.push(DeadLetter { cause, code, detail: detail.into() });
        }
    }

    pub(crate) fn finish(self) -> (bool, bool, Option<EncodeError>) {
        (self.duplicate, self.rejected, self.fault)
    }
}
