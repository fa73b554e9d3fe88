//! `kefu load`: recorded or made-up events to Kafka, an intake API or a file.
//!
//! Owns the loop: how many events are due, when it ends, and the summary. What is made up is `crowd`'s matter, where it
//! goes `target`'s.

mod args;
mod crowd;
mod following;
mod line;
mod report;
mod source;
mod target;

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use kefu_processor::Topology;
use kefu_runtime::clock;
use kefu_runtime::interrupt::Interrupt;
use kefu_runtime::kafka::{self, Appending};
use kefu_runtime::sender::Sender;

pub(crate) use self::args::LoadArgs;
use self::following::Following;
use self::report::Report;
use self::source::{Item, Source};
use self::target::{Target, Untaken};
use crate::{Failure, progress, services};

/// Events sent together.
const BATCH: u64 = 500;
/// How long the loader rests while nothing is due: short beside what is measured.
const REST: Duration = Duration::from_millis(2);
/// How often it tells how far it is, if it is to.
const TOLD_EVERY: Duration = Duration::from_millis(200);

pub(crate) fn run(args: &LoadArgs) -> Result<(), Failure> {
    args.check()?;
    let interrupt = Interrupt::listen().map_err(Failure::work)?;
    let (source, seed) = args.source()?;
    let (target, following) = open(args, &interrupt)?;
    let bar = progress::counter("events");
    let mut load = Load {
        source,
        target,
        following,
        interrupt,
        rate: args.rate,
        begun: clock::monotonic(),
        told: args.tell_progress.then(clock::monotonic),
        report: Report { seed, ..Report::default() },
    };
    let mut ended = load.send_all(args, &bar);
    bar.finish_and_clear();
    if ended.is_ok() {
        ended = load.target.flush();
    }
    load.tell_progress(Duration::ZERO);
    let seconds = load.begun.elapsed().as_secs_f64();
    let Load { target, following, mut report, .. } = load;
    report.complete(target.finish()?, seconds);
    tell(args, &report)?;
    ended?;
    if report.failed > 0 {
        return Err(Failure::work(format!("{} events were not confirmed", report.failed)));
    }
    match (args.until, following) {
        (Some(until), Some(mut following)) if !report.interrupted => following.finish(until),
        _ => Ok(()),
    }
}

/// To standard error if the events themselves are on standard output.
fn tell(args: &LoadArgs, report: &Report) -> Result<(), Failure> {
    let text = if args.json { serde_json::to_string(report).map_err(Failure::work)? + "\n" } else { report.describe() };
    if args.out.as_deref() == Some(std::path::Path::new("-")) {
        eprint!("{text}");
    } else {
        say!("{text}");
    }
    Ok(())
}

fn open(args: &LoadArgs, interrupt: &Interrupt) -> Result<(Target, Option<Following>), Failure> {
    if let Some(path) = &args.out {
        return Ok((Target::file(path).map_err(Failure::work)?, None));
    }
    if let Some(url) = &args.url {
        let sender = Sender::new(url, args.tokens(), args.connections, interrupt.clone()).map_err(Failure::usage)?;
        return Ok((Target::http(sender), None));
    }
    let connection = args.cluster.connection();
    let topology = Topology::new(&services::all()).map_err(Failure::work)?;
    let partitions = kafka::check_topics(&connection, &topology).map_err(Failure::work)?;
    let wait = Duration::from_secs(args.wait);
    let following = || Following::new(&connection, &topology, partitions, wait, interrupt.clone());
    let following = args.until.map(|_| following()).transpose()?;
    Ok((Target::kafka(Appending::new(&connection, partitions).map_err(Failure::work)?), following))
}

/// A load on its way.
struct Load {
    source: Source,
    target: Target,
    following: Option<Following>,
    interrupt: Interrupt,
    rate: Option<f64>,
    begun: Instant,
    /// When it last told how far it is; none if nobody wants to know.
    told: Option<Instant>,
    report: Report,
}

impl Load {
    fn send_all(&mut self, args: &LoadArgs, bar: &ProgressBar) -> Result<(), Failure> {
        loop {
            self.tell_progress(TOLD_EVERY);
            if self.interrupt.is_told() {
                self.report.interrupted = true;
                return Ok(());
            }
            let elapsed = self.begun.elapsed();
            let left = args.events.map_or(BATCH, |events| events.saturating_sub(self.report.sent));
            if left == 0 || args.duration.is_some_and(|duration| elapsed >= duration) {
                return Ok(());
            }
            let wanted = self.due_by(elapsed).min(left).min(BATCH);
            if wanted == 0 {
                clock::rest(REST);
                continue;
            }
            let due = self.next_due();
            let goes_on = self.take(wanted)?;
            self.target.send(due)?;
            bar.set_position(self.report.sent);
            if !goes_on {
                return Ok(());
            }
        }
    }

    /// How many events should have been sent by now and were not.
    fn due_by(&self, elapsed: Duration) -> u64 {
        let Some(rate) = self.rate else { return BATCH };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate above 0 and a time")]
        let due = (elapsed.as_secs_f64() * rate) as u64 + 1;
        due.saturating_sub(self.report.sent + self.report.skipped)
    }

    /// When the next event should be sent: waiting for the target is part of its latency.
    fn next_due(&self) -> Instant {
        #[expect(clippy::cast_precision_loss, reason = "a count of events is below 2^52")]
        let after = self.rate.map(|rate| (self.report.sent + self.report.skipped) as f64 / rate);
        after.map_or_else(clock::monotonic, |seconds| self.begun + Duration::from_secs_f64(seconds))
    }

    /// Takes `wanted` events; gives whether there may be more.
    fn take(&mut self, wanted: u64) -> Result<bool, Failure> {
        let mut taken = 0;
        while taken < wanted {
            match self.source.next().map_err(Failure::work)? {
                None => return Ok(false),
                Some(Err(bad)) => self.bad_line(bad.number, &bad.error),
                Some(Ok(item)) => {
                    self.take_one(&item)?;
                    taken += 1;
                }
            }
        }
        Ok(true)
    }

    fn take_one(&mut self, item: &Item) -> Result<(), Failure> {
        let at = item.recorded.at();
        self.wait_for_services(at)?;
        match self.target.take(item)? {
            Ok(()) => {
                self.report.sent += 1;
                self.report.first = Some(self.report.first.map_or(at, |first| first.min(at)));
                self.report.last = Some(self.report.last.map_or(at, |last| last.max(at)));
            }
            Err(Untaken::Skipped) => self.report.skipped += 1,
            Err(Untaken::Bad(error)) => self.bad_line(self.report.sent + 1, &error),
        }
        Ok(())
    }

    /// With the event clock nothing is sent that lies too far ahead of the services.
    fn wait_for_services(&mut self, at: kefu_contracts::Timestamp) -> Result<(), Failure> {
        let Some(following) = &mut self.following else { return Ok(()) };
        let instants = following.before(at);
        if !instants.is_empty() {
            self.target.send(clock::monotonic())?;
            self.target.flush()?;
            self.tell_progress(Duration::ZERO);
        }
        let Some(following) = &mut self.following else { return Ok(()) };
        instants.into_iter().try_for_each(|instant| following.follow(instant))?;
        following.sent(at);
        Ok(())
    }

    /// Tells how many events are durable, unless it did so less than `pause` ago.
    fn tell_progress(&mut self, pause: Duration) {
        if let Some(told) = self.told.as_mut().filter(|told| told.elapsed() >= pause) {
            *told = clock::monotonic();
            eprintln!("{{\"confirmed\":{}}}", self.target.confirmed());
        }
    }

    fn bad_line(&mut self, number: u64, error: &str) {
        self.report.bad_lines += 1;
        eprintln!("kefu: line {number}: {error}");
    }
}
