//! The processors that only follow, on a thread of their own: nothing that they write leads back.
//!
//! They get everything the others wrote in the order in which it was written, with its place in time, and fire their
//! own timers in between. So they do what they would do among the others, only later, and what comes out is the same
//! whichever thread is quicker. They also pass all output on, so that the files have one order.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use kefu_contracts::Timestamp;
use kefu_processor::{DeadLetter, Due, Emission, NoStates, Pipeline, PipelineError, Place, Record, Sink, Stage};

use super::output::Output;
use super::summary::Overview;

/// What waits between the threads; bounds memory.
const QUEUE_BATCHES: usize = 16;
const BATCH_NEWS: usize = 1024;

/// What happened ahead.
pub(super) enum News {
    /// An input, by the line that it stands in, is taken.
    Input { line: u64, input: Arc<Emission> },
    /// A line was no input.
    BadLine { number: u64, text: String, detail: String },
    /// A timer fired.
    Timer(Due),
    /// A record was written.
    Written(Arc<Emission>),
    /// A record was refused.
    Refused { service: &'static str, topic: String, key: Vec<u8>, payload: Vec<u8>, letter: DeadLetter },
    /// No input follows.
    InputsEnd,
    /// All timers up to an instant, it included, have fired.
    Until(Timestamp),
}

/// The pipeline that follows.
pub(super) struct Behind {
    pub(super) pipeline: Pipeline,
    pub(super) output: Overview<Output>,
}

impl Behind {
    /// Takes in what happened ahead, and what follows from it here.
    pub(super) fn take(&mut self, news: News) -> Result<(), PipelineError> {
        match news {
            News::Input { line, input } => {
                self.output.inner.line = Some(line);
                self.advance_before(Place::of_records(input.at))?;
                self.pipeline.set_now(input.at);
                self.output.inner.now = input.at;
                self.written(input)
            }
            News::BadLine { number, text, detail } => {
                self.output.inner.bad_line(number, &text, &detail);
                Ok(())
            }
            News::Timer(due) => {
                self.advance_before(Place::of(due))?;
                self.pipeline.set_now(due.at);
                Ok(())
            }
            News::Written(emission) => self.written(emission),
            News::Refused { service, topic, key, payload, letter } => {
                let record = Record { topic: &topic, key: &key, payload: &payload, index: 0 };
                self.output.inner.refuse_record(service, &record, &letter);
                Ok(())
            }
            News::InputsEnd => {
                self.output.inner.line = None;
                Ok(())
            }
            News::Until(until) => self.pipeline.advance(until, true, &NoStates, &mut self.output),
        }
    }

    /// Fires the first timer.
    pub(super) fn fire(&mut self) -> Result<(), PipelineError> {
        self.pipeline.fire(&NoStates, &mut self.output)
    }

    /// Emits what would only have been emitted later.
    pub(super) fn end(&mut self) -> Result<(), PipelineError> {
        self.pipeline.end(&NoStates, &mut self.output)
    }

    fn advance_before(&mut self, place: Place) -> Result<(), PipelineError> {
        self.pipeline.advance_before(place, &NoStates, &mut self.output)
    }

    fn written(&mut self, emission: Arc<Emission>) -> Result<(), PipelineError> {
        if emission.topic.public {
            self.output.inner.written(&emission);
        }
        if self.pipeline.reads(emission.topic.name) {
            self.pipeline.push_emission(emission, &NoStates, &mut self.output)?;
            settle(&mut self.pipeline);
        }
        Ok(())
    }
}

/// Lets go of what the services have forgotten.
pub(super) fn settle(pipeline: &mut Pipeline) {
    for (_, task) in pipeline.tasks() {
        task.settle();
    }
}

/// Where the pipeline ahead writes to: batches on their way to the thread behind.
pub(super) struct Ahead {
    batch: Vec<News>,
    thread: Option<Thread>,
    /// Topics that the pipeline behind reads.
    read_behind: BTreeSet<&'static str>,
}

struct Thread {
    sender: SyncSender<Vec<News>>,
    handle: JoinHandle<Result<Behind, PipelineError>>,
}

impl Ahead {
    /// Starts the thread; `read_behind` is what its pipeline reads.
    ///
    /// # Errors
    /// If there can be no more threads.
    pub(super) fn start(behind: Behind, read_behind: BTreeSet<&'static str>) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE_BATCHES);
        let handle =
            std::thread::Builder::new().name("replay-behind".to_owned()).spawn(move || follow(behind, &receiver))?;
        Ok(Self { batch: Vec::with_capacity(BATCH_NEWS), thread: Some(Thread { sender, handle }), read_behind })
    }

    /// Tells what happened; gives whether somebody listens still. [`Ahead::join`] tells why not.
    pub(super) fn tell(&mut self, news: News) -> bool {
        self.batch.push(news);
        self.batch.len() < BATCH_NEWS || self.flush()
    }

    fn flush(&mut self) -> bool {
        let Some(thread) = &self.thread else { return true };
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH_NEWS));
        thread.sender.send(batch).is_ok()
    }

    /// Waits until everything told was taken in, and ends the thread. What is told from now on is for
    /// [`Ahead::drain`].
    ///
    /// # Errors
    /// What stopped the thread.
    pub(super) fn join(&mut self) -> Result<Behind, super::ReplayError> {
        self.flush();
        let gone = || std::io::Error::other("the thread that follows panicked");
        let thread = self.thread.take().ok_or_else(gone)?;
        drop(thread.sender);
        Ok(thread.handle.join().map_err(|_| gone())??)
    }

    /// Gives what was told since [`Ahead::join`].
    pub(super) fn drain(&mut self) -> Vec<News> {
        std::mem::take(&mut self.batch)
    }
}

fn follow(mut behind: Behind, receiver: &Receiver<Vec<News>>) -> Result<Behind, PipelineError> {
    for news in receiver.iter().flatten() {
        behind.take(news)?;
    }
    Ok(behind)
}

impl Sink for Ahead {
    fn emission(&mut self, _: &Stage, emission: &Arc<Emission>) {
        if emission.topic.public || self.read_behind.contains(emission.topic.name) {
            self.tell(News::Written(emission.clone()));
        }
    }

    fn dead_letter(&mut self, stage: &Stage, record: &Record<'_>, letter: &DeadLetter) {
        self.tell(News::Refused {
            service: stage.service,
            topic: record.topic.to_owned(),
            key: record.key.to_vec(),
            payload: record.payload.to_vec(),
            letter: letter.clone(),
        });
    }

    fn timer(&mut self, _: &Stage, due: Due) {
        self.tell(News::Timer(due));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use kefu_contracts::codec::Codec;
    use kefu_processor::{Clock, Topology};

    use super::*;
    use crate::replay::{Inputs, Options, Order, run, write_policies};

    /// Every fifth input of the sample, in a file.
    fn some_inputs(folder: &Path) -> std::path::PathBuf {
        let sample = include_str!("../../sample/events.ndjson");
        let some: Vec<&str> = sample.lines().step_by(5).collect();
        let file = folder.join("inputs.ndjson");
        std::fs::write(&file, some.join("\n")).unwrap();
        file
    }

    /// Replays with all services in one pipeline.
    fn replay_in_one(options: Options) {
        let codec = Codec::single_object();
        let topology = Topology::new(&crate::services::all()).unwrap();
        let mut output = Output::create(&options.out, &options.prefix, codec.clone()).unwrap();
        write_policies(&options.policies, &mut output).unwrap();
        let clock = Clock { now: Timestamp::MIN, live: false };
        let mut pipeline = Pipeline::new(&topology, codec.clone(), Arc::new(options.policies), clock);
        let mut inputs = Inputs::new(options.inputs, options.order, |_| {}).unwrap();
        while let Some(line) = inputs.next().unwrap() {
            let recorded = line.parse().unwrap();
            pipeline.advance(recorded.at(), false, &NoStates, &mut output).unwrap();
            pipeline.set_now(recorded.at());
            (output.line, output.now) = (Some(line.number), recorded.at());
            let input = recorded.to_record(&codec).unwrap();
            output.written(&Arc::new(recorded.into_emission()));
            let record =
                Record { topic: input.topic.name, key: input.key.as_bytes(), payload: &input.payload, index: 0 };
            pipeline.push(record, None, &NoStates, &mut output).unwrap();
            settle(&mut pipeline);
        }
        output.line = None;
        pipeline.run_out(options.until, &NoStates, &mut output).unwrap();
        pipeline.end(&NoStates, &mut output).unwrap();
        output.finish().unwrap();
    }

    /// The lines of each file, in any order.
    fn written(folder: &Path) -> BTreeMap<String, Vec<String>> {
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "ndjson"));
        files
            .map(|path| {
                let text = std::fs::read_to_string(&path).unwrap();
                let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                lines.sort_unstable();
                (path.file_name().unwrap().to_string_lossy().into_owned(), lines)
            })
            .collect()
    }

    #[test]
    fn who_follows_does_what_it_would_do_among_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let inputs = vec![some_inputs(folder.path())];
        let policies = crate::demo::policies().unwrap();
        for (name, until, order) in [
            ("run-out", None, Order::Time),
            ("until", Some("2026-03-06T00:00:00Z".parse().unwrap()), Order::Time),
            ("arrival", None, Order::Arrival),
        ] {
            let [split, one] = ["split", "one"].map(|side| Options {
                inputs: inputs.clone(),
                out: folder.path().join(name).join(side),
                policies: policies.clone(),
                until,
                order,
                prefix: "cs.".to_owned(),
            });
            run(split.clone(), |_| {}).unwrap();
            replay_in_one(one.clone());
            let (split, one) = (written(&split.out), written(&one.out));
            assert!(one["cs.kpi.ndjson"].len() > 1_000 && one["cs.sla-events.ndjson"].len() > 100);
            for (file, lines) in &one {
                assert!(split.get(file) == Some(lines), "{name}: {file} differs");
            }
        }
    }
}
