//! The program `satisfaction-survey`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    kefu_runtime::program::run("satisfaction-survey", kefu_satisfaction_survey::api::from_config)
}
