//! Programs that are measured: started, watched, stopped.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kefu_test_rig::{Kafka, KafkaOptions};
use serde_json::Value;

use super::Failure;
use super::system::System;
use crate::repository;

const HEAP_MIB: u32 = 1_024;
const ENDED_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);
/// Ticks a second in which the kernel counts a process' time.
const TICKS: f64 = 100.0;

/// Builds what is measured, as it is shipped.
pub(crate) fn build() -> Result<(), Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--release", "--package", "kefu", "--package", "kefu-bench", "--package", "kefu-bench-client"])
        .current_dir(repository::root())
        .status()?;
    if status.success() { Ok(()) } else { Err("the benchmark's programs do not build".into()) }
}

/// A broker that nothing disturbs.
pub(crate) fn broker(properties: Vec<(String, String)>) -> Result<Kafka, Failure> {
    Ok(Kafka::start(KafkaOptions { heap_mib: HEAP_MIB, properties, ..KafkaOptions::default() })?)
}

/// An empty folder in the target folder.
pub(crate) fn empty_folder(name: &str) -> Result<PathBuf, Failure> {
    let folder = repository::root().join("target").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The benchmark's service as `instance`, with its own flags before further settings, which may overrule them.
pub(crate) fn service(
    (kafka, redis): (&str, &str),
    instance: &str,
    flags: &[&str],
    settings: &[(String, String)],
) -> Command {
    let mut command = Command::new(built("bench-service"));
    command.args(["--backend", "kafka", "--kafka.prefix=", "--kafka.instance", instance]);
    command.args(["--kafka.bootstrap", kafka, "--redis.url", redis, "--http.listen", "127.0.0.1:0"]);
    command.args(flags).args(settings.iter().map(|(name, value)| format!("--{name}={value}")));
    command
}

/// A program that was built.
pub(crate) fn built(name: &str) -> PathBuf {
    repository::target().join("release").join(name)
}

/// Runs `bench-client` to its end and gives its report.
pub(crate) fn client(kafka: &str, args: &[&str]) -> Result<Value, Failure> {
    report_of(start_client(kafka, args)?, args)
}

/// Waits for `seconds` at most until `program`, which is `system`, has drained its inputs; gives what that took.
pub(crate) fn drained(system: &System, program: &mut Program, kafka: &str, seconds: u32) -> Result<Value, Failure> {
    let (group, repartition, limit) = (system.group(), system.repartition(), seconds.to_string());
    let args = ["drained", "--group", group, "--repartition", repartition, "--limit", &limit];
    client_beside(program, kafka, &args)
}

/// The same, for a report that never comes once `program` has ended.
pub(crate) fn client_beside(program: &mut Program, kafka: &str, args: &[&str]) -> Result<Value, Failure> {
    let mut client = start_client(kafka, args)?;
    while client.try_wait()?.is_none() {
        if let Some(status) = program.child.try_wait()? {
            client.kill()?;
            client.wait()?;
            return Err(program.explain(&format!("a program ended by itself with {status}").into()));
        }
        std::thread::sleep(POLL);
    }
    report_of(client, args).map_err(|failure| program.explain(&failure))
}

fn start_client(kafka: &str, args: &[&str]) -> Result<Child, Failure> {
    let mut command = Command::new(built("bench-client"));
    command.args(["--kafka", kafka]).args(args).stdin(Stdio::null()).stdout(Stdio::piped());
    Ok(command.spawn()?)
}

/// Its report is a line, so it never waits for somebody to read it.
fn report_of(client: Child, args: &[&str]) -> Result<Value, Failure> {
    let output = client.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("bench-client {} ended with {}", args.join(" "), output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What a process has used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Seconds of processor time, its own and the kernel's for it.
    pub(crate) cpu_s: f64,
    /// The most memory it had, in MiB.
    pub(crate) peak_mib: u64,
}

impl Usage {
    pub(crate) fn of(pid: u32) -> Result<Self, Failure> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // the name, in brackets, may have spaces
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
        let ticks: f64 = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|peak| peak.split_whitespace().next()).and_then(|kib| kib.parse::<u64>().ok());
        Ok(Self { cpu_s: ticks / TICKS, peak_mib: kib.unwrap_or_default() >> 10 })
    }
}

/// A running program; it is killed if it is let go.
pub(crate) struct Program {
    child: Child,
    log: PathBuf,
    pub(crate) begun: Instant,
}

impl Program {
    /// Starts it; what it says goes to `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self, Failure> {
        let file = File::create(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", command.get_program().display()))?;
        Ok(Self { child, log: log.to_owned(), begun: Instant::now() })
    }

    pub(crate) fn usage(&self) -> Result<Usage, Failure> {
        Usage::of(self.child.id())
    }

    /// Adds the end of its log to a failure of something that waited for it.
    pub(crate) fn explain(&self, failure: &Failure) -> Failure {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.get(lines.len().saturating_sub(5)..).unwrap_or_default();
        format!("{failure}; the program said last:\n{}", last.join("\n")).into()
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let begun = Instant::now();
        while self.child.try_wait()?.is_none() {
            if begun.elapsed() > ENDED_WITHIN {
                return Err(self.explain(&"a program does not end".into()));
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // it may have ended
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_works_uses_time_and_memory() {
        let me = std::process::id();
        let before = Usage::of(me).unwrap();
        let begun = Instant::now();
        let mut sum = 0_u64;
        while Usage::of(me).unwrap().cpu_s < before.cpu_s + 0.02 {
            sum = std::hint::black_box(sum.wrapping_add(1));
            assert!(begun.elapsed() < Duration::from_secs(20), "no time is counted");
        }
        assert!(before.peak_mib > 0);
    }
}
