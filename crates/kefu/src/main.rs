//! The `kefu` program: all six services in one process, and what operators do.
//!
//! Owns the command line. Each command is a module of its own; none holds a rule of a service.
#![forbid(unsafe_code)]

#[macro_use]
mod output;

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
use kefu_runtime::config::LogFormat;
use kefu_runtime::telemetry;

/// Exit code of a bad configuration or policy, as in sysexits(3).
const EX_USAGE: u8 = 64;

/// Why a command failed, and the exit code that says so.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    text: String,
    format: LogFormat,
}

impl Failure {
    fn new(code: u8, text: impl ToString) -> Self {
        Self { code, text: text.to_string(), format: LogFormat::Text }
    }

    /// As the log of the process is written, of which this is the last line.
    fn told_as(self, format: LogFormat) -> Self {
        Self { format, ..self }
    }

    /// What was given is wrong: a flag, a file, a policy.
    pub(crate) fn usage(text: impl ToString) -> Self {
        Self::new(EX_USAGE, text)
    }

    /// It was right, but did not work.
    pub(crate) fn work(text: impl ToString) -> Self {
        Self::new(1, text)
    }

    /// It worked, with findings that `--strict` forbids.
    pub(crate) fn findings(text: impl ToString) -> Self {
        Self::new(2, text)
    }
}

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => {
            // help and version are no failures; if nobody reads them, nothing is lost
            told.print().ok();
            return if told.use_stderr() { ExitCode::from(EX_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match cli::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            telemetry::tell_fatal(failure.format, "kefu", &failure.text);
            ExitCode::from(failure.code)
        }
    }
}
