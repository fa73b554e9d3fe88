//! Recorded inputs through all six services in virtual time.
//!
//! Owns the loop: each input is drained through all services before the next, timers fire between inputs, and the same
//! inputs give the same bytes. What the files look like is `output`'s matter.

mod behind;
mod compare;
mod describe;
mod input;
mod output;
mod read_ahead;
mod summary;
mod what_if;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use kefu_contracts::Timestamp;
use kefu_contracts::codec::Codec;
use kefu_contracts::topic::POLICIES;
use kefu_policy::Policies;
use kefu_processor::{Clock, Emission, NoStates, Pipeline, PipelineError, Place, Topology};

use self::behind::{Ahead, Behind, News, settle};
pub(crate) use compare::compare;
pub(crate) use describe::describe;
pub(crate) use input::{Inputs, Order, Recorded};
pub(crate) use output::Output;
use read_ahead::{BadLine, Parsed, ReadAhead};
pub(crate) use summary::{Overview, Rows, Summary};
pub(crate) use what_if::what_if;

use crate::services;

/// What to replay, and how.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Recorded inputs; `-` is standard input.
    pub inputs: Vec<PathBuf>,
    /// Where the files go.
    pub out: PathBuf,
    /// Tenants' policies.
    pub policies: Policies,
    /// How far time runs on after the last input.
    pub until: Option<Timestamp>,
    /// In which order inputs are taken.
    pub order: Order,
    /// Prefix of the topics' names.
    pub prefix: String,
}

/// Why a replay stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    /// A file could not be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The services could not go on.
    #[error("{0}")]
    Pipeline(#[from] PipelineError),
    /// The services do not fit together.
    #[error("{0}")]
    Topology(#[from] kefu_processor::topology::Circle),
}

/// How far a replay is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stage {
    /// Lines read for sorting.
    Reading(u64),
    /// Inputs taken.
    Playing(u64),
    /// Time runs on after the last input.
    RunningOut,
}

/// Runs a replay. `progress` is called now and then.
///
/// # Errors
/// See [`ReplayError`]; a bad line is no error but a dead letter.
pub(crate) fn run(options: Options, mut progress: impl FnMut(Stage)) -> Result<Summary, ReplayError> {
    // the classifier's model is trained when it is first asked for: here that is beside the reading
    std::thread::Builder::new().spawn(kefu_classifier::model::Model::standard).ok();
    let codec = Codec::single_object();
    let (ahead, behind) = Topology::new(&services::all())?.split();
    let clock = Clock { now: Timestamp::MIN, live: false };
    let policies = Arc::new(options.policies);
    let pipeline = |topology| Pipeline::new(topology, codec.clone(), policies.clone(), clock).encoding_on_demand();
    let mut output = Output::create(&options.out, &options.prefix, codec.clone())?;
    write_policies(&policies, &mut output)?;
    let read_behind = behind.stages.iter().flat_map(|stage| stage.inputs).map(|topic| topic.name).collect();
    let behind = Behind { pipeline: pipeline(&behind), output: Overview::new(output) };
    let mut replay =
        Replay { pipeline: pipeline(&ahead), ahead: Ahead::start(behind, read_behind)?, inputs: 0, bad_lines: 0 };
    let inputs = Inputs::new(options.inputs, options.order, |lines| {
        if lines.is_multiple_of(4096) {
            progress(Stage::Reading(lines));
        }
    })?;
    let mut inputs = ReadAhead::start(inputs)?;
    while let Some(parsed) = inputs.next()? {
        if !replay.take(parsed)? {
            break;
        }
        if replay.inputs.is_multiple_of(1024) {
            progress(Stage::Playing(replay.inputs));
        }
    }
    progress(Stage::RunningOut);
    replay.finish(options.until, &options.out)
}

struct Replay {
    /// The processors that lead back to earlier ones; the others are behind.
    pipeline: Pipeline,
    ahead: Ahead,
    inputs: u64,
    bad_lines: u64,
}

impl Replay {
    /// Takes a line; gives whether to go on.
    fn take(&mut self, Parsed { number, input }: Parsed) -> Result<bool, ReplayError> {
        match input {
            Ok(input) => {
                self.inputs += 1;
                self.play(number, input)
            }
            Err(BadLine { text, detail }) => {
                self.bad_lines += 1;
                Ok(self.ahead.tell(News::BadLine { number, text, detail }))
            }
        }
    }

    fn play(&mut self, line: u64, input: Arc<Emission>) -> Result<bool, ReplayError> {
        self.pipeline.advance(input.at, false, &NoStates, &mut self.ahead)?;
        self.pipeline.set_now(input.at);
        let goes_on = self.ahead.tell(News::Input { line, input: input.clone() });
        self.pipeline.push_emission(input, &NoStates, &mut self.ahead)?;
        settle(&mut self.pipeline);
        Ok(goes_on)
    }

    fn finish(mut self, until: Option<Timestamp>, out: &std::path::Path) -> Result<Summary, ReplayError> {
        self.ahead.tell(News::InputsEnd);
        self.pipeline.run_out(until, &NoStates, &mut self.ahead)?;
        if let Some(until) = until {
            self.ahead.tell(News::Until(until));
        }
        let mut behind = self.ahead.join()?;
        if until.is_none() {
            self.run_out_together(&mut behind)?;
        }
        self.pipeline.end(&NoStates, &mut self.ahead)?;
        self.pass_on(&mut behind)?;
        behind.end()?;
        self.summary(behind, out)
    }

    /// Lets time run on, in step, until only recurring timers are left.
    fn run_out_together(&mut self, behind: &mut Behind) -> Result<(), ReplayError> {
        let place = |pipeline: &Pipeline| pipeline.first_due().map(Place::of);
        while self.pipeline.has_lasting_timer() || behind.pipeline.has_lasting_timer() {
            match (place(&self.pipeline), place(&behind.pipeline)) {
                (Some(here), there) if there.is_none_or(|there| here <= there) => {
                    self.pipeline.fire(&NoStates, &mut self.ahead)?;
                    self.pass_on(behind)?;
                }
                _ => behind.fire()?,
            }
        }
        Ok(())
    }

    fn pass_on(&mut self, behind: &mut Behind) -> Result<(), ReplayError> {
        for news in self.ahead.drain() {
            behind.take(news)?;
        }
        Ok(())
    }

    fn summary(self, behind: Behind, out: &std::path::Path) -> Result<Summary, ReplayError> {
        let pipelines = [&self.pipeline, &behind.pipeline];
        let faults = pipelines.iter().flat_map(|pipeline| pipeline.timer_faults()).collect();
        let stages = pipelines.iter().flat_map(|pipeline| pipeline.counts());
        let stages = stages.map(|(stage, counts)| (stage.id(), counts)).collect();
        let totals = behind.output.rows.totals();
        let output = behind.output.inner;
        // freeing millions of states takes a while, and nobody waits for it
        let states = (self.pipeline, behind.pipeline);
        std::thread::Builder::new().spawn(move || drop(states)).ok();
        let refused = output.refused.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect();
        let topics = output.finish()?;
        let summary =
            Summary { inputs: self.inputs, bad_lines: self.bad_lines, topics, refused, stages, faults, totals };
        let mut text = serde_json::to_string_pretty(&summary).map_err(io::Error::other)?;
        text.push('\n');
        std::fs::write(out.join("summary.json"), text)?;
        Ok(summary)
    }
}

fn write_policies(policies: &Policies, output: &mut Output) -> Result<(), ReplayError> {
    for policy in policies.tenants().flat_map(|tenant| policies.history(tenant).versions()) {
        let record = policy.to_record().map_err(io::Error::other)?;
        let at = policy.effective_from.unwrap_or(Timestamp::from_ms(0));
        let key = format!("{}/{}", record.tenant, record.version);
        output.written(&Arc::new(Emission::new(&POLICIES, key, Arc::new(record), at)));
    }
    Ok(())
}

/// As [`run`], with a progress bar.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_with_progress(options: Options) -> Result<Summary, ReplayError> {
    let bar = crate::progress::counter("events");
    let summary = run(options, |stage| match stage {
        Stage::Reading(lines) => {
            bar.set_message("lines read");
            bar.set_position(lines);
        }
        Stage::Playing(inputs) => {
            bar.set_message("events");
            bar.set_position(inputs);
        }
        Stage::RunningOut => bar.set_message("timers after the last event"),
    });
    bar.finish_and_clear();
    summary
}
