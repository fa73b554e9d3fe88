//! `kefu dlq replay`: dead letters back to the services that refused them.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use indicatif::ProgressBar;
use kefu_runtime::interrupt::Interrupt;
use kefu_runtime::kafka::{Connection, Letter, Resender, SentBack, read_letters};
use serde::Serialize;

use super::{Filter, in_words, position};
use crate::topics::ClusterArgs;
use crate::{Failure, progress, services};

/// Letters sent back in one transaction, and held in memory.
const BATCH: usize = 100;

/// Flags of `kefu dlq replay`.
#[derive(Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    filter: Filter,
    /// Only the letter at this `partition:offset`, as `list` prints it; may be given more than once.
    #[arg(long = "position", value_parser = position)]
    positions: Vec<(i32, i64)>,
    /// Send back all that were not sent back before.
    #[arg(long)]
    all: bool,
    /// Leave out records that were tried so often.
    #[arg(long, default_value_t = 5)]
    max_attempts: u32,
    /// Only say what would be sent back.
    #[arg(long)]
    dry_run: bool,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// What became of the letters.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Summary {
    /// Letters that were meant.
    matched: u64,
    /// Sent back now, by service; with a dry run what would be.
    sent: BTreeMap<String, u64>,
    /// Sent back by an earlier run.
    sent_before: u64,
    /// Tried too often.
    exhausted: u64,
    /// Letters that do not say where they came from.
    incomplete: u64,
    dry_run: bool,
    interrupted: bool,
}

/// What is to be done with a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Send,
    SentBefore,
    Exhausted,
    Incomplete,
}

pub(super) fn run(args: &ReplayArgs) -> Result<(), Failure> {
    if args.filter.is_empty() && args.positions.is_empty() && !args.all {
        return Err(Failure::usage("say which letters to send back, such as --service and --code, or give --all"));
    }
    let connection = args.cluster.connection();
    let known = services::all().into_iter().map(|service| service.name).collect();
    // a resender first: what an earlier one still had under way is decided by then
    let resender = if args.dry_run { None } else { Some(Resender::new(&connection).map_err(Failure::work)?) };
    let mut replay = Replay {
        args,
        connection: connection.clone(),
        known,
        resender,
        sent_back: SentBack::default(),
        batch: Vec::new(),
        summary: Summary { dry_run: args.dry_run, ..Summary::default() },
        bar: progress::counter("dead letters"),
        interrupt: Interrupt::listen().map_err(Failure::work)?,
    };
    let read = read_letters(&connection, |letter| replay.take(letter).map_err(std::io::Error::other));
    let done = read.map_err(Failure::work).and_then(|()| replay.send().map_err(Failure::work));
    replay.bar.finish_and_clear();
    tell(&replay.summary, args.json)?;
    done
}

struct Replay<'a> {
    args: &'a ReplayArgs,
    connection: Connection,
    known: BTreeSet<&'static str>,
    resender: Option<Resender>,
    sent_back: SentBack,
    batch: Vec<Letter>,
    summary: Summary,
    bar: ProgressBar,
    interrupt: Interrupt,
}

impl Replay<'_> {
    fn take(&mut self, letter: Letter) -> Result<(), String> {
        self.bar.inc(1);
        self.summary.interrupted |= self.interrupt.is_told();
        if self.summary.interrupted || !self.is_meant(&letter) {
            return Ok(());
        }
        self.summary.matched += 1;
        match self.fate(&letter)? {
            Fate::SentBefore => self.summary.sent_before += 1,
            Fate::Exhausted => self.summary.exhausted += 1,
            Fate::Incomplete => self.summary.incomplete += 1,
            Fate::Send => {
                self.batch.push(letter);
                if self.batch.len() >= BATCH {
                    return self.send();
                }
            }
        }
        Ok(())
    }

    fn is_meant(&self, letter: &Letter) -> bool {
        let at = (letter.record().partition, letter.record().offset);
        (self.args.positions.is_empty() || self.args.positions.contains(&at)) && self.args.filter.takes(letter)
    }

    fn fate(&mut self, letter: &Letter) -> Result<Fate, String> {
        let is_known = letter.header("service").is_some_and(|service| self.known.contains(service));
        Ok(match letter.attempt() {
            Some(attempt) if is_known && letter.is_complete() => {
                if self.sent_back.contains(&self.connection, letter).map_err(|error| error.to_string())? {
                    Fate::SentBefore
                } else if attempt >= self.args.max_attempts {
                    Fate::Exhausted
                } else {
                    Fate::Send
                }
            }
            _ => Fate::Incomplete,
        })
    }

    /// Sends what was collected; with a dry run only counts and shows it.
    fn send(&mut self) -> Result<(), String> {
        if let Some(resender) = &mut self.resender {
            resender.send(&self.batch).map_err(|error| error.to_string())?;
        }
        for letter in self.batch.drain(..) {
            if self.args.dry_run && !self.args.json {
                say_line!("{}", in_words(&letter));
            }
            let service = letter.header("service").unwrap_or_default();
            *self.summary.sent.entry(service.to_owned()).or_default() += 1;
        }
        Ok(())
    }
}

fn tell(summary: &Summary, json: bool) -> Result<(), Failure> {
    if json {
        say_line!("{}", serde_json::to_string(summary).map_err(Failure::work)?);
    } else {
        say_line!("{}", describe(summary));
    }
    Ok(())
}

fn describe(summary: &Summary) -> String {
    let verb = if summary.dry_run { "would be sent back" } else { "sent back" };
    let mut parts: Vec<String> =
        summary.sent.iter().map(|(service, count)| format!("{count} {verb} to {service}")).collect();
    if parts.is_empty() {
        parts.push(format!("none {verb}"));
    }
    for (count, what) in [
        (summary.sent_before, "sent back before"),
        (summary.exhausted, "tried too often, see --max-attempts"),
        (summary.incomplete, "without the headers that say where they came from"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    if summary.interrupted {
        parts.push("ended by Ctrl-C".to_owned());
    }
    format!("{} dead letters match: {}", summary.matched, parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_what_was_left_out() {
        let sent = BTreeMap::from([("handover".to_owned(), 2), ("intake".to_owned(), 1)]);
        let summary = Summary { matched: 7, sent, sent_before: 3, exhausted: 1, ..Summary::default() };
        assert_eq!(
            describe(&summary),
            "7 dead letters match: 2 sent back to handover, 1 sent back to intake, 3 sent back before, 1 tried too \
             often, see --max-attempts"
        );
        let none = Summary { dry_run: true, ..Summary::default() };
        assert_eq!(describe(&none), "0 dead letters match: none would be sent back");
    }
}
