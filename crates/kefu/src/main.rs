//! The `kefu` program: all six services in one process, and what operators do.
//!
//! Owns the command line. Each command is a module of its own; none holds a rule of a service.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command's result is written to standard output")]

mod cli;
mod demo;
mod dlq;
mod export;
mod load;
mod policy;
mod progress;
mod replay;
mod serve;
mod services;
mod topics;

use std::process::ExitCode;

use clap::Parser;

/// Exit code of a bad configuration or policy, as in sysexits(3).
const EX_USAGE: u8 = 64;

/// Why a command failed, and the exit code that says so.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    /// What was given is wrong: a flag, a file, a policy.
    pub(crate) fn usage(text: impl ToString) -> Self {
        Self { code: EX_USAGE, text: text.to_string() }
    }

    /// It was right, but did not work.
    pub(crate) fn work(text: impl ToString) -> Self {
        Self { code: 1, text: text.to_string() }
    }

    /// It worked, with findings that `--strict` forbids.
    pub(crate) fn findings(text: impl ToString) -> Self {
        Self { code: 2, text: text.to_string() }
    }
}

fn main() -> ExitCode {
    match cli::run(cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("kefu: {}", failure.text);
            ExitCode::from(failure.code)
        }
    }
}
