//! A processor made for these tests: a till that adds up, rings at an instant, and can be made to fail.

use std::sync::Arc;

use kefu_contracts::codec::{Codec, DecodeError};
use kefu_contracts::topic::{CHANNEL_EVENTS, TopicInfo, Value};
use kefu_contracts::{Code, Reject, Timestamp};
use kefu_policy::{Policies, Policy};
use kefu_processor::{
    Clock, Context, Due, Effects, Encoding, Environment, Input, Processor, Reached, Record, Service, StateRecord, Task,
    TimerClass,
};
use serde::{Deserialize, Serialize};

/// What it is told, in words: `add 3`, `ring 100`, `keep this`, `refuse`, `panic`, `forget`; it does not
/// heed `chat`.
pub(crate) struct Word(String);

impl Input for Word {
    const TOPICS: &'static [TopicInfo] = &[CHANNEL_EVENTS.info];

    fn event_time(&self) -> Option<Timestamp> {
        None
    }

    fn read(_: &str, _: &mut Option<Value>, _: &Codec, payload: &[u8]) -> Option<Result<Self, DecodeError>> {
        let text = String::from_utf8(payload.to_vec());
        Some(text.map(Word).map_err(|_| DecodeError::UnknownFraming(payload[0])))
    }
}

/// What it remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Till {
    pub(crate) sum: i64,
    pub(crate) ring_at: Option<i64>,
    pub(crate) rung_at: Vec<i64>,
    /// The latest policy version it was told of, each time.
    pub(crate) told: Vec<i64>,
    pub(crate) kept: String,
}

impl StateRecord for Till {
    const VERSION: u8 = 1;
}

struct Tills;

impl Processor for Tills {
    const NAME: &'static str = "tills";
    const OUTPUTS: &'static [TopicInfo] = &[];
    const HEEDS_POLICIES: bool = true;
    type State = Till;
    type Input = Word;

    fn heeds(&self, Word(word): &Word) -> bool {
        !word.starts_with("chat")
    }

    fn on_record(&self, state: &mut Option<Till>, Word(word): Word, _: &mut Context<'_>) -> Result<(), Reject> {
        let till = state.get_or_insert_default();
        let (verb, number) = word.split_once(' ').unwrap_or((&word, "0"));
        if verb == "keep" {
            till.kept.push_str(number);
            return Ok(());
        }
        let number: i64 = number.parse().unwrap();
        till.sum += 1_000_000;
        match verb {
            "refuse" => return Err(Reject::new(Code::NoCase, "it was told to refuse")),
            "panic" => panic!("it was told to panic"),
            "forget" => *state = None,
            "ring" => till.ring_at = Some(number),
            _ => till.sum += number,
        }
        if let Some(till) = state {
            till.sum -= 1_000_000;
        }
        Ok(())
    }

    fn on_timer(&self, state: &mut Option<Till>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let till = state.get_or_insert_default();
        till.ring_at = None;
        till.rung_at.push(ctx.now().ms());
        Ok(())
    }

    fn due(&self, till: &Till) -> Option<Due> {
        till.ring_at.map(|at| Due::once(Timestamp::from_ms(at), TimerClass::Breach))
    }

    fn on_policies(&self, state: &mut Option<Till>, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let till = state.get_or_insert_default();
        till.told.push(ctx.policies().history(ctx.tenant()).latest_version().unwrap_or(0));
        // a version may move an instant
        till.ring_at = till.ring_at.map(|at| at + 50);
        Ok(())
    }
}

/// A task with what it needs around it.
pub(crate) struct Bench {
    task: Box<dyn Task>,
    codec: Codec,
    pub(crate) policies: Policies,
    now: i64,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let service = Service::new("shop").with(Tills);
        let task = service.stages[0].new_task();
        Self { task, codec: Codec::single_object(), policies: Policies::default(), now: 0 }
    }

    /// Adds a version of the demo tenant's policy.
    pub(crate) fn policy(&mut self, version: i64) {
        let mut policy = Policy::default_for("demo");
        policy.version = version;
        self.policies.insert(Arc::new(policy));
    }

    pub(crate) fn task(&mut self) -> &mut dyn Task {
        &mut *self.task
    }

    /// Takes words for keys in one batch.
    pub(crate) fn take(&mut self, words: &[(&str, &[u8])]) -> Effects {
        let mut effects = Effects::default();
        for (index, (key, payload)) in words.iter().enumerate() {
            let record = Record { topic: CHANNEL_EVENTS.info.name, key: key.as_bytes(), payload, index };
            self.task.accept(&record, &mut None, &self.codec, &mut effects);
        }
        for key in self.task.missing() {
            self.task.supply(key, None).unwrap();
        }
        let clock = Clock { now: Timestamp::from_ms(self.now), live: false };
        self.task.run(
            Environment { codec: &self.codec, policies: &self.policies, clock, encoding: Encoding::AtOnce },
            &mut effects,
        );
        effects
    }

    /// Fires everything due up to an instant.
    pub(crate) fn fire(&mut self, until: i64) -> Effects {
        let mut effects = Effects::default();
        let reached = Reached::all(Timestamp::from_ms(until));
        self.now = until;
        let clock = Clock { now: Timestamp::from_ms(until), live: false };
        let environment =
            Environment { codec: &self.codec, policies: &self.policies, clock, encoding: Encoding::AtOnce };
        while self.task.fire(reached, environment, &mut effects) {}
        effects
    }

    /// Tells at most `limit` states of the policies; gives whether none is left.
    pub(crate) fn tell(&mut self, limit: usize) -> bool {
        let mut effects = Effects::default();
        let clock = Clock { now: Timestamp::from_ms(self.now), live: false };
        let environment =
            Environment { codec: &self.codec, policies: &self.policies, clock, encoding: Encoding::AtOnce };
        let done = self.task.tell_policies(limit, environment, &mut effects);
        assert_eq!(effects.timer_faults, Vec::<String>::new());
        done
    }

    /// The changed states as they would be stored.
    pub(crate) fn stored(&mut self) -> Vec<(Arc<str>, Option<Vec<u8>>)> {
        self.task.changes().unwrap()
    }

    /// The changed states, read back.
    pub(crate) fn changed(&mut self) -> Vec<(String, Option<Till>)> {
        let stored = self.stored().into_iter();
        let read = |(key, bytes): (Arc<str>, Option<Vec<u8>>)| {
            let till = bytes.map(|bytes| kefu_processor::state::decode(&key, &bytes).unwrap());
            (key.to_string(), till)
        };
        stored.map(read).collect()
    }
}

/// A till that has only added up.
pub(crate) fn sum(sum: i64) -> Option<Till> {
    Some(Till { sum, ..Till::default() })
}
