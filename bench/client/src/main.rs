//! `bench-client`: what stands around a benchmarked service, be it kefu's or another that reads the same events.
//!
//! Owns topics, the load, and what can be seen at the broker: when a backlog is done, what came out, and how long that
//! took. Each command writes one line of JSON. Which programs run, and what they cost, is the caller's matter.
#![forbid(unsafe_code)]

mod cluster;
mod drained;
mod facts;
mod latency;
mod load;
mod passthrough;
mod stalls;
mod steady;
mod topics;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cluster::{Cluster, Failure};

#[derive(Parser)]
#[command(about = "Load and measurements of the benchmark")]
struct Cli {
    #[command(flatten)]
    cluster: Cluster,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the topics of the benchmark, and those of kefu's service.
    Topics,
    /// Write a backlog of events as fast as it goes.
    Load(load::LoadArgs),
    /// Wait until a group has read everything.
    Drained(drained::DrainedArgs),
    /// Count what came out.
    Verify(verify::Outputs),
    /// Send events at a rate, and measure until what follows from them can be read.
    Latency(latency::LatencyArgs),
    /// Measure until the facts of all six services can be read, while somebody else sends.
    Facts(facts::FactsArgs),
    /// Send events at a rate, and tell how long each partition of the cases stands still.
    Stalls(stalls::StallsArgs),
    /// Move every event to another topic, exactly once, and do nothing else: what the client library alone costs.
    Passthrough(passthrough::PassthroughArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(report) => {
            #[expect(clippy::print_stdout, reason = "the report is the output of this program")]
            {
                println!("{report}");
            }
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("bench-client: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<serde_json::Value, Failure> {
    let cluster = &cli.cluster;
    match &cli.command {
        Command::Topics => topics::make(cluster),
        Command::Load(args) => load::run(cluster, args),
        Command::Drained(args) => drained::wait(cluster, args),
        Command::Verify(outputs) => verify::count(cluster, outputs),
        Command::Latency(args) => latency::measure(cluster, args),
        Command::Facts(args) => facts::measure(cluster, args),
        Command::Stalls(args) => stalls::measure(cluster, args),
        Command::Passthrough(args) => passthrough::run(cluster, args),
    }
}
