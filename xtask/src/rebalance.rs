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

use self::args::RebalanceArgs;
use self::report::Report;
use self::round::Round;
use crate::bench::machine::Machine;
use crate::bench::{Failure, report::write, run_as};

/// Runs the measurement that `args` ask for.
pub fn run(args: &[&str]) -> ExitCode {
    run_as("rebalance", args, measure)
}

fn measure(args: &RebalanceArgs, command: String) -> Result<(), Failure> {
    let mut report = Report::new(command, Machine::look()?);
    for number in 0..args.rounds {
        for grouping in args.groupings() {
            eprintln!("xtask: rebalance: round {} of {}, {grouping}", number + 1, args.rounds);
            report.stalls.extend(Round::start(args, grouping)?.run()?);
        }
    }
    report.machine.ended();
    write(&args.common, &report, &report.markdown()?)
}
