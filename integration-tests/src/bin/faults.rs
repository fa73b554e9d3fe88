//! `cargo xtask faults`: runs with faults, one after the other, each with a seed of its own.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "the outcome is the output of this command")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use kefu_integration_tests::faults::{self, Instances, KINDS, Options, Stage};

/// Plays a recorded load through three instances of each service on a real Kafka and Redis, while instances, servers
/// and links fail; the outcome must be that of a replay. Exit code 1 if it is not.
#[derive(Parser)]
#[command(name = "cargo xtask faults")]
struct Args {
    /// The seed of the load and of what fails when; further runs take the seeds that follow.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Recorded events.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(100..))]
    events: u64,
    /// Events sent in a second, at most.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Faults; by default one for each 1000 events, and no kind left out.
    #[arg(long)]
    faults: Option<usize>,
    /// Runs.
    #[arg(long, default_value_t = 1)]
    runs: u64,
    /// Begin no further run after so many minutes.
    #[arg(long)]
    minutes: Option<u64>,
    /// Seconds for which Redis is away.
    #[arg(long, default_value_t = 20)]
    away: u64,
    /// Hold the outcome against an undisturbed run of the same load, not against a replay.
    #[arg(long)]
    live_reference: bool,
    #[command(flatten)]
    instances: Instances,
    /// Folder for logs and outputs, one for each seed in it.
    #[arg(long, default_value = "target/faults")]
    folder: PathBuf,
    /// Print a line of JSON for each run.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let begun = Instant::now();
    let mut clean = true;
    for seed in args.seed..args.seed + args.runs {
        let is_over = |minutes: u64| begun.elapsed() >= Duration::from_secs(60 * minutes);
        if seed > args.seed && args.minutes.is_some_and(is_over) {
            eprintln!("faults: the time is up; {} of {} runs were made", seed - args.seed, args.runs);
            break;
        }
        clean &= one(&args, seed);
    }
    if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Makes a run; gives whether it was clean.
fn one(args: &Args, seed: u64) -> bool {
    let for_events = usize::try_from(args.events / 1000).unwrap_or(0).max(KINDS);
    let options = Options {
        seed,
        events: args.events,
        rate: args.rate,
        faults: args.faults.unwrap_or(for_events),
        away: Duration::from_secs(args.away),
        live_reference: args.live_reference,
        instances: args.instances,
    };
    let folder = args.folder.join(format!("seed-{seed}"));
    // what an earlier run of the seed left would be taken for this one's
    if let Err(error) = std::fs::remove_dir_all(&folder)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        eprintln!("faults: {}: {error}", folder.display());
        return false;
    }
    let bar = progress(args.events);
    let report = faults::run(&options, &folder, |stage| match stage {
        Stage::Replaying => bar.set_message(format!("seed {seed}: load and replay")),
        Stage::Starting => bar.set_message("starting"),
        Stage::Running(consumed, last) => {
            bar.set_position(consumed.min(args.events));
            bar.set_message(last.to_owned());
        }
        Stage::Comparing => bar.set_message("comparing"),
    });
    bar.finish_and_clear();
    if args.json {
        println!("{}", serde_json::to_string(&report).unwrap_or_default());
    } else {
        print!("{}", report.describe());
    }
    report.is_clean()
}

fn progress(events: u64) -> ProgressBar {
    let bar = ProgressBar::new(events);
    if let Ok(style) = ProgressStyle::with_template("{elapsed} {bar:30} {percent}% of the events  {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
