//! Which processors a service has, and how records flow between all of them.
//!
//! Owns the order of stages and who is upstream of whom, services that are not given included. Topics that carry
//! decisions back to the first stage are feedback: they order nothing.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use kefu_contracts::topic::{CHANNEL_EVENTS, CLASSIFICATIONS, COMMANDS, POLICIES, TopicInfo};

use crate::flow::{StageName, WRITERS};
use crate::input::Input;
use crate::processor::Processor;
use crate::processor_task::ProcessorTask;
use crate::task::Task;

/// A processor of a service, whatever its types are.
#[derive(Clone)]
pub struct Stage {
    /// The service it belongs to.
    pub service: &'static str,
    /// Its name within the service.
    pub name: &'static str,
    /// The topics it reads, co-partitioned.
    pub inputs: &'static [TopicInfo],
    /// The topics it may write to.
    pub outputs: &'static [TopicInfo],
    new_task: Arc<dyn Fn() -> Box<dyn Task> + Send + Sync>,
}

impl Stage {
    /// A task for one partition, without states.
    pub fn new_task(&self) -> Box<dyn Task> {
        (self.new_task)()
    }

    /// The name across services: `service/processor`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.service, self.name)
    }

    /// The name in two parts.
    pub fn stage_name(&self) -> StageName {
        StageName { service: self.service, processor: self.name }
    }

    fn reads(&self, topic: &str) -> bool {
        self.inputs.iter().any(|input| input.name == topic)
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stage").field(&self.id()).finish()
    }
}

/// A service: a name and its processors.
#[derive(Clone, Debug)]
pub struct Service {
    /// The name, as in `cs.<service>.<store>.changelog`.
    pub name: &'static str,
    /// Its processors.
    pub stages: Vec<Stage>,
}

impl Service {
    /// A service without processors.
    pub fn new(name: &'static str) -> Self {
        Self { name, stages: Vec::new() }
    }

    /// Adds a processor.
    #[must_use]
    pub fn with<P: Processor>(mut self, processor: P) -> Self {
        let processor = Arc::new(processor);
        self.stages.push(Stage {
            service: self.name,
            name: P::NAME,
            inputs: P::Input::TOPICS,
            outputs: P::OUTPUTS,
            new_task: Arc::new(move || Box::new(ProcessorTask::new(processor.clone()))),
        });
        self
    }
}

/// Processors that wait for each other in a circle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("these processors feed each other in a circle: {}", .0.join(", "))]
pub struct Circle(Vec<String>);

/// All stages, upstream first; those that lead back to earlier ones come before those that only follow.
#[derive(Clone, Debug)]
pub struct Topology {
    /// The stages, each after all that are upstream of it.
    pub stages: Vec<Stage>,
    upstream: Vec<Vec<StageName>>,
    /// How many of the first stages lead back to earlier ones.
    ahead: usize,
}

impl Topology {
    /// Orders the stages of `services`.
    ///
    /// # Errors
    /// If they feed each other in a circle.
    pub fn new(services: &[Service]) -> Result<Self, Circle> {
        let all: Vec<Stage> = services.iter().flat_map(|service| service.stages.clone()).collect();
        let leads_back = leading_back(&all);
        let mut waiting: Vec<(Stage, bool)> = all.into_iter().zip(leads_back.iter().copied()).collect();
        let (mut stages, mut leading) = (Vec::with_capacity(waiting.len()), Vec::with_capacity(waiting.len()));
        while !waiting.is_empty() {
            let is_ready = |stage: &Stage| !waiting.iter().any(|(other, _)| feeds(other, stage));
            let place = |back: bool| waiting.iter().position(|(stage, leads)| *leads == back && is_ready(stage));
            let Some(next) = place(true).or_else(|| place(false)) else {
                return Err(Circle(waiting.iter().map(|(stage, _)| stage.id()).collect()));
            };
            let (stage, leads) = waiting.remove(next);
            stages.push(stage);
            leading.push(leads);
        }
        let upstream = stages.iter().map(|stage| upstream(stage, &stages)).collect();
        let ahead = leading.iter().filter(|leads| **leads).count();
        Ok(Self { stages, upstream, ahead })
    }

    /// The stages whose progress the stage at `index` waits for, whether they are among the stages here or not; with
    /// the event clock, in the pass that [`crate::flow::pass_for`] gives.
    pub fn upstream(&self, index: usize) -> &[StageName] {
        self.upstream.get(index).map_or(&[], Vec::as_slice)
    }

    /// The stages in two: those that what is decided comes back to, or that lead there, and those that only follow. The
    /// latter may do so at a distance.
    pub fn split(self) -> (Self, Self) {
        let Self { mut stages, mut upstream, ahead } = self;
        let (behind, behind_upstream) = (stages.split_off(ahead), upstream.split_off(ahead));
        (Self { stages, upstream, ahead }, Self { stages: behind, upstream: behind_upstream, ahead: 0 })
    }

    /// Every topic that is read or written, once.
    pub fn topics(&self) -> Vec<TopicInfo> {
        let mut seen = BTreeSet::new();
        let all = self.stages.iter().flat_map(|stage| stage.inputs.iter().chain(stage.outputs));
        all.filter(|topic| seen.insert(topic.name)).copied().collect()
    }
}

/// Topics that carry decisions back to an earlier stage.
const FEEDBACK: [&str; 4] =
    [CHANNEL_EVENTS.info.name, CLASSIFICATIONS.info.name, COMMANDS.info.name, POLICIES.info.name];

/// Whether `upstream` writes what `stage` reads, feedback excepted.
fn feeds(upstream: &Stage, stage: &Stage) -> bool {
    upstream.outputs.iter().any(|topic| !FEEDBACK.contains(&topic.name) && stage.reads(topic.name))
        && upstream.id() != stage.id()
}

/// For each of `stages`, whether something that it writes, or that follows from that, comes back to an earlier one.
fn leading_back(stages: &[Stage]) -> Vec<bool> {
    let is_feedback = |topic: &&TopicInfo| FEEDBACK.contains(&topic.name);
    let comes_back = |stage: &Stage| {
        let mut back = stage.outputs.iter().filter(is_feedback);
        back.any(|topic| stages.iter().any(|reader| reader.reads(topic.name)))
    };
    let mut leads: Vec<bool> = stages.iter().map(comes_back).collect();
    loop {
        let more: Vec<bool> = stages
            .iter()
            .zip(&leads)
            .map(|(stage, known)| *known || stages.iter().zip(&leads).any(|(other, back)| *back && feeds(stage, other)))
            .collect();
        if more == leads {
            return leads;
        }
        leads = more;
    }
}

/// Those of `stages` that feed `stage`, and those of services that are not among them.
fn upstream(stage: &Stage, stages: &[Stage]) -> Vec<StageName> {
    let here = stages.iter().filter(|other| feeds(other, stage)).map(Stage::stage_name);
    let elsewhere = WRITERS
        .iter()
        .filter(|(topic, writer)| stage.reads(topic) && stages.iter().all(|other| other.service != writer.service))
        .map(|(_, writer)| *writer);
    here.chain(elsewhere).collect::<BTreeSet<_>>().into_iter().collect()
}
