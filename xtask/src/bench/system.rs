//! The two programs that do the same: kefu's service, and the one on Kafka Streams.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Failure;
use super::args::BenchArgs;
use super::process::{Program, service};

/// What a program is to be good at. Kafka Streams has a setting for either that spoils the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    Throughput,
    Latency,
}

/// A program under measurement.
#[derive(Clone, Debug)]
pub(crate) enum System {
    Kefu,
    /// With the folder it was built in.
    Streams(PathBuf),
}

impl System {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Kefu => "kefu",
            Self::Streams(_) => "Kafka Streams",
        }
    }

    pub(crate) fn group(&self) -> &'static str {
        match self {
            Self::Kefu => "pipeline",
            Self::Streams(_) => "bench-peer",
        }
    }

    pub(crate) fn repartition(&self) -> &'static str {
        match self {
            Self::Kefu => "pipeline.changes.repartition",
            Self::Streams(_) => "bench-peer-kpi-repartition",
        }
    }

    /// The flags that tell `bench-client` its outputs.
    pub(crate) fn outputs(&self) -> [&'static str; 6] {
        match self {
            Self::Kefu => {
                ["--cases", "bench.kefu-cases", "--classified", "bench.kefu-classified", "--kpi", "bench.kefu-kpi"]
            }
            Self::Streams(_) => ["--cases", "bench.cases", "--classified", "bench.classified", "--kpi", "bench.kpi"],
        }
    }

    /// Starts it with its data and logs in `folder`.
    pub(crate) fn start(
        &self,
        args: &BenchArgs,
        (kafka, redis): (&str, &str),
        folder: &Path,
        aim: Aim,
    ) -> Result<Program, Failure> {
        let log = folder.join(format!("{}.log", self.group()));
        match self {
            Self::Kefu => {
                let threads = args.threads.to_string();
                let flags = ["--kafka.threads", &threads];
                Program::start(&mut service((kafka, redis), "bench", &flags, &args.common.settings), &log)
            }
            Self::Streams(built_in) => {
                let mut command = Command::new("java");
                command.args([
                    "-Xms1g",
                    "-Xmx1g",
                    "-XX:+UseParallelGC",
                    "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                ]);
                command.args(["-Dpeer.caseCache=true", "-Dpeer.instance=bench"]);
                command.arg(format!("-Dpeer.linger={}", if aim == Aim::Throughput { 100 } else { 10 }));
                let classes = built_in.join("target/classes");
                if !classes.is_dir() {
                    return Err(format!("{} is no folder; build the program first", classes.display()).into());
                }
                let path = format!("{}:{}", classes.display(), built_in.join("target/libs/*").display());
                command.args(["-cp", &path, "peer.App", kafka]).arg(folder.join("state"));
                Program::start(&mut command, &log)
            }
        }
    }
}
