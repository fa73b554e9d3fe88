//! An instance of the benchmark's service.

use std::path::PathBuf;

use super::args::{Grouping, RebalanceArgs};
use crate::bench::Failure;
use crate::bench::process::{Program, service};

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
        let (membership, protocol) = (self.grouping.membership(), self.grouping.protocol());
        let flags = ["--kafka.membership", membership, "--kafka.group_protocol", protocol];
        let mut command = service((&self.kafka, &self.redis), name, &flags, &self.args.common.settings);
        Program::start(&mut command, &log)
    }
}
