//! The program `escalation`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    kefu_runtime::program::run("escalation", |_, codec| Ok(kefu_escalation::api::definition(codec)))
}
