//! The program `classifier`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    kefu_runtime::program::run("classifier", |_, codec| Ok(kefu_classifier::api::definition(codec)))
}
