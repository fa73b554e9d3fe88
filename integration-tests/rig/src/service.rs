//! One child process with its folder, its log and a watchdog that outlives this process.
//!
//! The watchdog is a shell that reads pids from a pipe held here. The pipe closes when this process ends in whatever
//! way; then the shell kills the last pid, if that process still works in the service's folder, and removes the folder.
//! A parent-death signal would not do: it fires when the starting *thread* ends, and each test has a thread of its own.

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Error, Result};

const POLL: Duration = Duration::from_millis(20);
const LOG_TAIL_BYTES: u64 = 6_000;

const WATCHDOG: &str = r#"trap '' HUP INT TERM
pid=
while read -r next; do pid=$next; done
while [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd")" = "$1" ]; do
  kill -s KILL "$pid" || break
  sleep 0.02
done
rm -rf -- "$1""#;

/// Signals the rig sends, by their names for `kill -s`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    Stop,
    Continue,
    Terminate,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Stop => "STOP",
            Self::Continue => "CONT",
            Self::Terminate => "TERM",
        }
    }
}

/// A supervised process and its private folder. Dropping it kills the process and removes the folder.
#[derive(Debug)]
pub(crate) struct Service {
    name: &'static str,
    folder: PathBuf,
    child: Option<Child>,
    watchdog: Child,
    pids: Option<ChildStdin>,
}

impl Service {
    /// Prepares a service in `folder`, which the service owns from now on; nothing runs yet.
    pub(crate) fn new(name: &'static str, folder: PathBuf) -> Result<Self> {
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "rig-watchdog"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(Error::io(format!("start the watchdog of {name}")))?;
        let pids = watchdog.stdin.take();
        Ok(Self { name, folder, child: None, watchdog, pids })
    }

    /// The service's private folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts the process in the service's folder with a fresh log; it must not run yet.
    pub(crate) fn spawn(&mut self, command: &mut Command) -> Result<()> {
        let doing = format!("start {} ({})", self.name, command.get_program().display());
        let log = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .open(self.log_path())
            .map_err(Error::io(format!("open {}", self.log_path().display())))?;
        let log_too = log.try_clone().map_err(Error::io(doing.clone()))?;
        let child = command
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(log_too)
            .process_group(0)
            .spawn()
            .map_err(Error::io(doing.clone()))?;
        let pid = child.id();
        self.child = Some(child);
        let pids = self.pids.as_mut().ok_or(Error::NotRunning { service: "watchdog" })?;
        writeln!(pids, "{pid}").map_err(Error::io(format!("tell the watchdog of {} its pid", self.name)))
    }

    /// Waits until `ready` holds; fails with the end of the log if the process ends or `limit` passes first.
    pub(crate) fn wait_ready(&mut self, limit: Duration, ready: impl Fn() -> bool) -> Result<()> {
        let start = Instant::now();
        loop {
            let child = self.child.as_mut().ok_or(Error::NotRunning { service: self.name })?;
            if child.try_wait().map_err(Error::io(format!("look after {}", self.name)))?.is_some() {
                self.child = None;
                return Err(Error::Exited { service: self.name, log_tail: self.log_tail() });
            }
            if ready() {
                return Ok(());
            }
            if start.elapsed() > limit {
                return Err(Error::NotReady { service: self.name, waited: limit, log_tail: self.log_tail() });
            }
            thread::sleep(POLL);
        }
    }

    /// Process id, or `None` while the service is down.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Sends a signal to the running process.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.pid().ok_or(Error::NotRunning { service: self.name })?;
        let doing = format!("send SIG{} to {} (pid {pid})", signal.name(), self.name);
        let status = Command::new("sh")
            .args(["-c", r#"kill -s "$1" "$2""#, "rig-signal", signal.name(), &pid.to_string()])
            .stdin(Stdio::null())
            .status()
            .map_err(Error::io(doing))?;
        if status.success() { Ok(()) } else { Err(Error::NotRunning { service: self.name }) }
    }

    /// Kills the process at once, as a crash would; does nothing if it is down.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let doing = format!("kill {}", self.name);
        child.kill().map_err(Error::io(doing.clone()))?;
        child.wait().map(drop).map_err(Error::io(doing))
    }

    /// Asks the process to end and waits; kills it if it has not ended within `limit`.
    pub(crate) fn terminate(&mut self, limit: Duration) -> Result<()> {
        if self.child.is_none() {
            return Ok(());
        }
        self.signal(Signal::Continue)?;
        self.signal(Signal::Terminate)?;
        let start = Instant::now();
        while start.elapsed() < limit {
            let Some(child) = self.child.as_mut() else { return Ok(()) };
            if child.try_wait().map_err(Error::io(format!("wait for {}", self.name)))?.is_some() {
                self.child = None;
                return Ok(());
            }
            thread::sleep(POLL);
        }
        self.kill()
    }

    /// Last part of the output of the latest start.
    pub(crate) fn log_tail(&self) -> String {
        read_tail(&self.log_path()).unwrap_or_else(|error| format!("(no log: {error})"))
    }

    /// File with the output of the latest start.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.folder.join("output.log")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Errors have no reader here; the watchdog kills what is left and removes the folder.
        drop(self.kill());
        drop(self.pids.take());
        drop(self.watchdog.wait());
    }
}

/// True once the file at `path` holds `line_part`.
pub(crate) fn log_contains(path: &Path, line_part: &str) -> bool {
    fs::read(path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(line_part))
}

fn read_tail(path: &Path) -> std::io::Result<String> {
    let mut file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
