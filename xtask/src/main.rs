//! `cargo xtask`: what developers run.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Instant;

use xtask::bench;
use xtask::rebalance;
use xtask::repository;
use xtask::steps::{self, Step};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test          everything: format, lints, tests, then tests against a real Kafka and Redis
  test --fast   the same without Kafka and Redis
  test --traces follows one trace through a real Jaeger, which Go builds first: some minutes, once
  check         what needs no test run: format, lints, dependencies, tidiness
  faults        a long run in which instances, servers and links fail, held against a replay; --help tells its flags
  bench         what the runtime costs and how long an event takes; `bench --help` tells the flags
  rebalance     for how long output stands still while instances come and go; --help tells its flags";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let steps = match args.as_slice() {
        ["test"] => steps::test(),
        ["test", "--fast"] => steps::fast_test(),
        ["test", "--traces"] => steps::trace_test(),
        ["check"] => steps::check(),
        ["faults", args @ ..] => steps::faults(args),
        ["bench", rest @ ..] => return bench::run(rest),
        ["rebalance", rest @ ..] => return rebalance::run(rest),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(64);
        }
    };
    let begun = Instant::now();
    for step in &steps {
        if !run(step) {
            return ExitCode::FAILURE;
        }
    }
    eprintln!("xtask: all {} steps passed in {}", steps.len(), steps::minutes(begun.elapsed()));
    ExitCode::SUCCESS
}

fn run(step: &Step) -> bool {
    eprintln!("xtask: {}", step.title());
    let begun = Instant::now();
    let result = step.run(&repository::root());
    let took = steps::minutes(begun.elapsed());
    match &result {
        Ok(()) => eprintln!("xtask: {} passed in {took}\n", step.name),
        Err(cause) => eprintln!("xtask: {} failed after {took}: {cause}\nxtask: {}", step.name, step.advice),
    }
    result.is_ok()
}
