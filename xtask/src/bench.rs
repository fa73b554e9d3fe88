//! `cargo xtask bench`: what kefu's runtime costs, beside the client library alone and beside Kafka Streams.
//!
//! Owns which programs run, in which order, and what they cost. What they are fed with, and what can be seen at the
//! broker, is the matter of `bench-client`; how a figure is told is that of `report`.

pub(crate) mod args;
mod latency;
pub(crate) mod machine;
pub(crate) mod process;
pub(crate) mod report;
mod round;
mod six;
mod six_report;
pub(crate) mod system;

use std::process::ExitCode;

use clap::Parser;

use self::args::BenchArgs;
use self::machine::Machine;
use self::report::Report;
use self::round::Round;
use self::six_report::SixReport;

/// Why a benchmark did not come to its end.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Runs the benchmark that `args` ask for.
pub fn run(args: &[&str]) -> ExitCode {
    run_as("bench", args, measure)
}

/// Runs `measure` with the flags that were given to the command called `name`, and with the command as it was given.
pub(crate) fn run_as<A: Parser>(
    name: &str,
    given: &[&str],
    measure: impl FnOnce(&A, String) -> Result<(), Failure>,
) -> ExitCode {
    let program = format!("cargo xtask {name}");
    let words: Vec<&str> = [program.as_str()].into_iter().chain(given.iter().copied()).collect();
    let parsed = match A::try_parse_from(&words) {
        Ok(parsed) => parsed,
        Err(told) => {
            // help is no failure; if nobody reads it, nothing is lost
            told.print().ok();
            return if told.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS };
        }
    };
    match process::build().and_then(|()| measure(&parsed, words.join(" "))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {name}: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &BenchArgs, command: String) -> Result<(), Failure> {
    if args.services {
        let mut report = SixReport::new(command, Machine::look()?);
        for _ in 0..args.rounds {
            six::measure(args, &mut report)?;
        }
        report.machine.ended();
        return report::write(&args.common, &report, &report.markdown()?);
    }
    let mut report = Report::new(command, Machine::look()?);
    for number in 0..args.rounds {
        eprintln!("xtask: bench: round {} of {}", number + 1, args.rounds);
        Round::start(args, number)?.run(&mut report)?;
    }
    report.machine.ended();
    report::write(&args.common, &report, &report.markdown()?)
}
