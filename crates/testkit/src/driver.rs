//! A pipeline on a manual clock, with everything it wrote kept.

use std::sync::Arc;

use kefu_contracts::codec::Codec;
use kefu_contracts::{Code, Timestamp, Topic};
use kefu_policy::Policies;
use kefu_processor::effects::{DeadLetter, Emission};
use kefu_processor::{Clock, NoStates, Pipeline, Record, Service, Sink, Stage, Topology};

/// A record that was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// The topic's name without prefix.
    pub topic: &'static str,
    /// Its key.
    pub key: String,
    /// Its value as on the wire.
    pub payload: Vec<u8>,
    /// Its event time.
    pub at: Timestamp,
}

#[derive(Default)]
struct Kept {
    written: Vec<Written>,
    dead_letters: Vec<(Code, String)>,
}

impl Sink for Kept {
    fn emission(&mut self, _: &Stage, emission: &Arc<Emission>) {
        self.written.push(Written {
            topic: emission.topic.name,
            key: emission.key.clone(),
            payload: emission.payload.clone(),
            at: emission.at,
        });
    }

    fn dead_letter(&mut self, _: &Stage, _: &Record<'_>, letter: &DeadLetter) {
        self.dead_letters.push((letter.code, letter.detail.clone()));
    }
}

/// Services in one thread and in virtual time: time moves only by [`Driver::send_at`] and [`Driver::advance_to`].
pub struct Driver {
    pipeline: Pipeline,
    kept: Kept,
}

impl Driver {
    /// Runs `services` with `policies`, on the event clock.
    pub fn new(services: &[Service], policies: Policies) -> Self {
        let topology = Topology::new(services).unwrap_or_else(|error| panic!("{error}"));
        let clock = Clock { now: Timestamp::MIN, live: false };
        let pipeline = Pipeline::new(&topology, Codec::single_object(), std::sync::Arc::new(policies), clock);
        Self { pipeline, kept: Kept::default() }
    }

    /// Lets the timers due before `at` fire, then gives `value` to its readers and drains what follows.
    pub fn send_at<T>(&mut self, at: Timestamp, topic: &Topic<T>, key: &str, value: &T) {
        self.settle(|pipeline, kept| pipeline.advance(at, false, &NoStates, kept));
        self.pipeline.set_now(at);
        self.send(topic, key, value);
    }

    /// Gives `value` to its readers without moving time, and drains what follows.
    pub fn send<T>(&mut self, topic: &Topic<T>, key: &str, value: &T) {
        let mut payload = Vec::new();
        topic.encode(self.pipeline.codec(), value, &mut payload).unwrap_or_else(|error| panic!("{error}"));
        self.send_bytes(topic.info.name, key, &payload);
    }

    /// Gives raw bytes to the readers of `topic`.
    pub fn send_bytes(&mut self, topic: &str, key: &str, payload: &[u8]) {
        let record = Record { topic, key: key.as_bytes(), payload, index: 0 };
        self.settle(|pipeline, kept| pipeline.push(record, None, &NoStates, kept));
    }

    /// Lets time run to `at`, timers due at `at` included.
    pub fn advance_to(&mut self, at: Timestamp) {
        self.settle(|pipeline, kept| pipeline.advance(at, true, &NoStates, kept));
        self.pipeline.set_now(at);
    }

    /// Lets time run until only recurring timers are left.
    pub fn run_out(&mut self) {
        self.settle(|pipeline, kept| pipeline.run_out(None, &NoStates, kept));
    }

    /// Ends as a replay does.
    pub fn end(&mut self) {
        self.settle(|pipeline, kept| pipeline.end(&NoStates, kept));
    }

    /// The values written to `topic` so far, with their keys.
    pub fn written<T>(&self, topic: &Topic<T>) -> Vec<(String, T)> {
        let of_topic = self.kept.written.iter().filter(|written| written.topic == topic.info.name);
        let decoded = of_topic.map(|written| {
            let value = topic.decode(self.pipeline.codec(), &written.payload);
            (written.key.clone(), value.unwrap_or_else(|error| panic!("{error}")))
        });
        decoded.collect()
    }

    /// What was written to `topic` so far, as it is on the wire.
    pub fn raw<T>(&self, topic: &Topic<T>) -> impl Iterator<Item = &Written> {
        let name = topic.info.name;
        self.kept.written.iter().filter(move |written| written.topic == name)
    }

    /// The last value of each key written to `topic`, by key.
    pub fn snapshot<T>(&self, topic: &Topic<T>) -> std::collections::BTreeMap<String, T> {
        self.written(topic).into_iter().collect()
    }

    /// The records refused so far.
    pub fn dead_letters(&self) -> &[(Code, String)] {
        &self.kept.dead_letters
    }

    fn settle(&mut self, work: impl FnOnce(&mut Pipeline, &mut Kept) -> Result<(), kefu_processor::PipelineError>) {
        work(&mut self.pipeline, &mut self.kept).unwrap_or_else(|error| panic!("{error}"));
        let faults = self.pipeline.timer_faults();
        assert!(faults.is_empty(), "timers failed: {faults:#?}");
    }
}
