//! The program `handover`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    kefu_runtime::program::run("handover", |_, codec| Ok(kefu_handover::api::definition(codec)))
}
