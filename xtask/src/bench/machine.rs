//! The machine that figures come from.

use std::fmt;

use serde::Serialize;

use super::Failure;

/// What is to be known of it; the load tells whether something else ran.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: u64,
    /// Processes that wanted to run, on average over a minute.
    pub(crate) load_before: f64,
    pub(crate) load_after: f64,
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { load_before, load_after, .. } = self;
        writeln!(f, "{}", self.parts())?;
        write!(f, "Load of the machine {load_before:.1} before, {load_after:.1} after.")
    }
}

impl Machine {
    pub(crate) fn look() -> Result<Self, Failure> {
        let of = |file: &str, name: &str| -> Result<String, Failure> {
            let text = std::fs::read_to_string(file)?;
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            Ok(line.map(|value| value.trim_matches([':', ' ', '\t']).to_owned()).unwrap_or_default())
        };
        let memory = of("/proc/meminfo", "MemTotal")?;
        let kib = memory.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok());
        Ok(Self {
            processor: of("/proc/cpuinfo", "model name")?,
            cores: std::thread::available_parallelism()?.get(),
            memory_gib: kib.unwrap_or_default().div_ceil(1 << 20),
            load_before: load(),
            load_after: 0.0,
        })
    }

    /// What it is made of, and what runs on it.
    pub(crate) fn parts(&self) -> String {
        let Self { processor, cores, memory_gib, .. } = self;
        format!("{processor}, {cores} cores, {memory_gib} GiB; Kafka, Redis and the load on the same machine.")
    }

    pub(crate) fn ended(&mut self) {
        self.load_after = load();
    }
}

/// The load average of the last minute.
pub(crate) fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|load| load.parse().ok()).unwrap_or_default()
}
