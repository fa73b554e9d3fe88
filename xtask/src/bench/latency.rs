//! How long an event takes, at a rate that every program keeps up with.

use serde::Serialize;
use serde_json::Value;

use super::Failure;
use super::args::BenchArgs;
use super::machine::load;
use super::process::{Program, client_beside};
use super::system::System;

/// From when an event was to be sent until a reader of committed records has what follows from it, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
}

/// A run at a rate.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Latency {
    pub(crate) system: &'static str,
    pub(crate) cases: Percentiles,
    pub(crate) kpi: Percentiles,
    /// Processor time in a second, warm-up included.
    pub(crate) cores: f64,
    /// How late the sender was at most; the figures contain it.
    pub(crate) sender_late_ms: u64,
    pub(crate) load: f64,
}

const WARM_UP_S: u64 = 10;

pub(crate) fn measure(
    args: &BenchArgs,
    kafka: &str,
    system: &System,
    program: &mut Program,
) -> Result<Latency, Failure> {
    let (rate, seconds, warm_up) = (args.rate.to_string(), args.seconds.to_string(), WARM_UP_S.to_string());
    let traced = args.traced.to_string();
    let mut flags = vec!["latency", "--traced", &traced, "--rate", &rate, "--seconds", &seconds, "--warm-up", &warm_up];
    flags.extend(system.outputs());
    flags.extend(args.plain.then_some("--plain"));
    let before = program.usage()?;
    let told = client_beside(program, kafka, &flags)?;
    let used = program.usage()?.cpu_s - before.cpu_s;
    #[expect(clippy::cast_precision_loss, reason = "seconds of a run are below 2^52")]
    let cores = used / (WARM_UP_S + args.seconds) as f64;
    Ok(Latency {
        system: system.name(),
        cases: percentiles(&told["cases"])?,
        kpi: percentiles(&told["kpi"])?,
        cores,
        sender_late_ms: told["sender_late_ms_max"].as_u64().unwrap_or_default(),
        load: load(),
    })
}

fn percentiles(told: &Value) -> Result<Percentiles, Failure> {
    let at = |name: &str| told["percentiles"][name].as_f64().ok_or("nothing came out while latency was measured");
    Ok(Percentiles { p50: at("p50_ms")?, p95: at("p95_ms")?, p99: at("p99_ms")? })
}
