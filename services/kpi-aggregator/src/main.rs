//! The program `kpi-aggregator`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    kefu_runtime::program::run("kpi-aggregator", |_, codec| Ok(kefu_kpi_aggregator::api::definition(codec)))
}
