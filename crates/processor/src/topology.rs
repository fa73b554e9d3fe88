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

/// All stages, upstream first.
#[derive(Clone, Debug)]
pub struct Topology {
    /// The stages, each after all that are upstream of it.
    pub stages: Vec<Stage>,
    upstream: Vec<Vec<StageName>>,
}

impl Topology {
    /// Orders the stages of `services`.
    ///
    /// # Errors
    /// If they feed each other in a circle.
    pub fn new(services: &[Service]) -> Result<Self, Circle> {
        let mut waiting: Vec<Stage> = services.iter().flat_map(|service| service.stages.clone()).collect();
        let mut stages: Vec<Stage> = Vec::with_capacity(waiting.len());
        while !waiting.is_empty() {
            let ready = waiting
                .iter()
                .position(|stage| !waiting.iter().any(|other| other.id() != stage.id() && feeds(other, stage)));
            match ready {
                Some(next) => stages.push(waiting.remove(next)),
                None => return Err(Circle(waiting.iter().map(Stage::id).collect())),
            }
        }
        let upstream = stages.iter().map(|stage| upstream(stage, &stages)).collect();
        Ok(Self { stages, upstream })
    }

    /// The stages whose progress the stage at `index` waits for, whether they are among the stages here or not; with
    /// the event clock, in the pass that [`crate::flow::pass_for`] gives.
    pub fn upstream(&self, index: usize) -> &[StageName] {
        self.upstream.get(index).map_or(&[], Vec::as_slice)
    }

    /// The stages in two: those that hear each other, and those of services that nobody else hears. The latter may
    /// follow at a distance.
    pub fn split(self) -> (Self, Self) {
        let is_heard = |stage: &Stage| {
            let mut others = self.stages.iter().filter(|other| other.service != stage.service);
            others.any(|other| stage.outputs.iter().any(|topic| other.reads(topic.name)))
        };
        let heard: BTreeSet<&str> =
            self.stages.iter().filter(|stage| is_heard(stage)).map(|stage| stage.service).collect();
        let all = self.stages.iter().cloned().zip(self.upstream.iter().cloned());
        let (ahead, behind): (Vec<_>, Vec<_>) = all.partition(|(stage, _)| heard.contains(stage.service));
        let of = |part: Vec<(Stage, Vec<StageName>)>| {
            let (stages, upstream) = part.into_iter().unzip();
            Self { stages, upstream }
        };
        (of(ahead), of(behind))
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

/// Those of `stages` that feed `stage`, and those of services that are not among them.
fn upstream(stage: &Stage, stages: &[Stage]) -> Vec<StageName> {
    let here = stages.iter().filter(|other| feeds(other, stage)).map(Stage::stage_name);
    let elsewhere = WRITERS
        .iter()
        .filter(|(topic, writer)| stage.reads(topic) && stages.iter().all(|other| other.service != writer.service))
        .map(|(_, writer)| *writer);
    here.chain(elsewhere).collect::<BTreeSet<_>>().into_iter().collect()
}
