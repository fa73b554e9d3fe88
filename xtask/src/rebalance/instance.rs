//! An instance of the benchmark's service.

use std::path::PathBuf;
use std::process::Command;

use super::args::{Grouping, RebalanceArgs};
use crate::bench::Failure;
use crate::bench::process::{Program, built};

/// How instances are started.
pub(crate) struct Instances<'a> {
    pub(crate) args: &'a RebalanceArgs,
    pub(crate) grouping: Grouping,
    pub(crate) kafka: String,
    pub(crate) redis: String,
    /// Where their logs go.
    pub(crate) folder: PathBuf,
    /// How many were started; each has a log of its own.
    pub(crate) started: u32,
}

impl Instances<'_> {
    /// Starts the instance called `name`.
    pub(crate) fn start(&mut self, name: &str) -> Result<Program, Failure> {
        let log = self.folder.join(format!("{}-{name}.log", self.started));
        self.started += 1;
        let mut command = Command::new(built("bench-service"));
        command.args(["--backend", "kafka", "--kafka.prefix=", "--kafka.instance", name]);
        command.args(["--kafka.bootstrap", &self.kafka, "--redis.url", &self.redis, "--http.listen", "127.0.0.1:0"]);
        command.args(["--kafka.membership", self.grouping.membership()]);
        command.args(["--kafka.group_protocol", self.grouping.protocol()]);
        command.args(self.args.settings.iter().map(|(name, value)| format!("--{name}={value}")));
        Program::start(&mut command, &log)
    }
}
