//! `cargo xtask bench`: what kefu's runtime costs, beside the client library alone and beside Kafka Streams.
//!
//! Owns which programs run, in which order, and what they cost. What they are fed with, and what can be seen at the
//! broker, is the matter of `bench-client`; how a figure is told is that of `report`.

pub(crate) mod args;
mod latency;
pub(crate) mod machine;
pub(crate) mod process;
mod report;
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
    let parsed = match BenchArgs::try_parse_from(["cargo xtask bench"].iter().chain(args)) {
        Ok(parsed) => parsed,
        Err(told) => {
            // help is no failure; if nobody reads it, nothing is lost
            told.print().ok();
            return if told.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS };
        }
    };
    match measure(&parsed, args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &BenchArgs, given: &[&str]) -> Result<(), Failure> {
    process::build()?;
    let command = ["cargo xtask bench"].iter().chain(given).copied().collect::<Vec<_>>().join(" ");
    if args.services {
        let mut report = SixReport::new(command, Machine::look()?);
        for _ in 0..args.rounds {
            six::measure(args, &mut report)?;
        }
        report.machine.ended();
        return report::write(args, &report, &report.markdown()?);
    }
    let mut report = Report::new(command, Machine::look()?);
    for number in 0..args.rounds {
        eprintln!("xtask: bench: round {} of {}", number + 1, args.rounds);
        Round::start(args, number)?.run(&mut report)?;
    }
    report.machine.ended();
    report::write(args, &report, &report.markdown()?)
}
