//! `cargo xtask rebalance`: for how long output stands still while instances come and go.
//!
//! Owns which instances run and what happens to them. What is sent, and how long each partition stands still, is seen
//! by `bench-client`; here it is held against the instants at which something happened.

mod args;
mod instance;
mod report;
mod round;
mod stall;

use std::process::ExitCode;

use clap::Parser;

use self::args::RebalanceArgs;
use self::report::Report;
use self::round::Round;
use crate::bench::machine::Machine;
use crate::bench::{Failure, process};

/// Runs the measurement that `args` ask for.
pub fn run(args: &[&str]) -> ExitCode {
    let parsed = match RebalanceArgs::try_parse_from(["cargo xtask rebalance"].iter().chain(args)) {
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
            eprintln!("xtask: rebalance: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &RebalanceArgs, given: &[&str]) -> Result<(), Failure> {
    process::build()?;
    let command = ["cargo xtask rebalance"].iter().chain(given).copied().collect::<Vec<_>>().join(" ");
    let mut report = Report::new(command, Machine::look()?);
    for number in 0..args.rounds {
        for grouping in args.groupings() {
            eprintln!("xtask: rebalance: round {} of {}, {grouping}", number + 1, args.rounds);
            report.stalls.extend(Round::start(args, grouping)?.run()?);
        }
    }
    report.machine.ended();
    report.write(args)
}
