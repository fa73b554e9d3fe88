//! The flags of `cargo xtask bench`.

use std::path::PathBuf;

use clap::{Args, Parser};

/// Measures kefu's runtime with the benchmark's service, on a Kafka and a Redis of its own.
#[derive(Parser, Clone, Debug)]
pub(crate) struct BenchArgs {
    /// Rounds, each with a new broker; medians are told. The order of programs alternates.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: u32,
    /// Conversations of ten events each that a program drains.
    #[arg(long, default_value_t = 200_000)]
    pub(crate) conversations: u64,
    /// Events a second while latency is measured.
    #[arg(long, default_value_t = 5_000)]
    pub(crate) rate: u32,
    /// Seconds for which latency is measured, after ten of warm-up; 0 leaves it out.
    #[arg(long, default_value_t = 40)]
    pub(crate) seconds: u64,
    /// Measure all six services, on Kafka and Redis and on one file, instead of the benchmark's one.
    #[arg(long)]
    pub(crate) services: bool,
    /// Events that all six services work off.
    #[arg(long, default_value_t = 50_000)]
    pub(crate) events: u64,
    /// Events a second that all six services get while their latency is measured.
    #[arg(long, default_value_t = 300)]
    pub(crate) live_rate: u32,
    /// Worker threads of kefu's service.
    #[arg(long, default_value_t = 1)]
    pub(crate) threads: u32,
    /// A folder with the built Kafka Streams program, which then runs beside kefu's.
    #[arg(long)]
    pub(crate) peer: Option<PathBuf>,
    /// Write events without headers: then only kefu writes any.
    #[arg(long)]
    pub(crate) plain: bool,
    /// The share of the events whose traces are exported, to a Jaeger that is built first if need be.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) traced: f64,
    /// What every measurement takes.
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What every measurement takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Common {
    /// A setting of kefu's service, `name=value`, such as `telemetry.log=debug`. Those of librdkafka go by variables,
    /// such as `KEFU__KAFKA__PROPERTIES__LINGER__MS=20`.
    #[arg(long = "set", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// A setting of the broker, `name=value`, such as `transaction.partition.verification.enable=false`.
    #[arg(long = "broker", value_parser = setting)]
    pub(crate) broker: Vec<(String, String)>,
    /// Where the report goes as JSON.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// Where the report goes as Markdown, instead of standard output.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}
