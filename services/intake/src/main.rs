//! The program `intake`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    kefu_runtime::program::run("intake", |_, codec| Ok(kefu_intake::api::definition(codec)))
}
