//! The program `bench-service`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use axum::Router;
use kefu_runtime::config::ConfigFaults;
use kefu_runtime::lifecycle::Definition;

fn main() -> ExitCode {
    kefu_runtime::program::run("bench-service", |_, _| {
        let service = kefu_bench::service().map_err(|fault| ConfigFaults(vec![fault]))?;
        let routes = Router::new();
        Ok(Definition { service, routes, paths: serde_json::json!({}), views: Vec::new() })
    })
}
