//! A process of kefu: started, asked where it listens, ended in either way.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::http::Client;
use crate::program::kefu;
use crate::wait_until;

const STARTED_WITHIN: Duration = Duration::from_secs(60);
const ENDED_WITHIN: Duration = Duration::from_secs(30);

/// A process that serves.
pub struct Running {
    name: String,
    child: Child,
    said: PathBuf,
    log: PathBuf,
}

impl Running {
    /// Starts `kefu serve` with `args`; what it logs goes to `<name>.log` of `folder`, after what is there.
    pub fn start(name: &str, folder: &Path, args: &[String]) -> Self {
        Self::start_with(name, folder, args, &[])
    }

    /// The same, with further variables in its environment.
    pub fn start_with(name: &str, folder: &Path, args: &[String], variables: &[(String, String)]) -> Self {
        let (said, log) = (folder.join(format!("{name}.out")), folder.join(format!("{name}.log")));
        let out = File::create(&said).unwrap_or_else(|error| panic!("{}: {error}", said.display()));
        let append = OpenOptions::new().create(true).append(true).open(&log);
        let append = append.unwrap_or_else(|error| panic!("{}: {error}", log.display()));
        let child = Command::new(kefu())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(args)
            .envs(variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(append)
            .spawn();
        Self { name: name.to_owned(), child: child.unwrap_or_else(|error| panic!("{error}")), said, log }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it says that it is ready.
    pub fn is_ready(&self) -> bool {
        let client = self.address().map(|address| Client::new(&address, ""));
        client.is_some_and(|client| client.try_get("/readyz").is_ok_and(|answer| answer.status == 200))
    }

    /// Waits until it listens and says that it is ready; gives what speaks with it, with the key `token`.
    pub fn ready(&mut self, token: &str) -> Client {
        wait_until(&format!("{} is ready", self.name), STARTED_WITHIN, || {
            self.must_run();
            self.is_ready()
        });
        Client::new(&self.address().unwrap_or_default(), token)
    }

    /// `host:port`, once it listens.
    pub fn address(&self) -> Option<String> {
        let said = std::fs::read_to_string(&self.said).unwrap_or_default();
        let line = said.lines().find_map(|line| line.split_once(" listens at http://"));
        line.map(|(_, address)| address.trim().to_owned())
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&mut self) {
        // it may have ended already
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Tells it to end and waits for that; gives how it ended, also if it had ended before.
    pub fn terminate(&mut self) -> ExitStatus {
        if let Ok(Some(status)) = self.child.try_wait() {
            return status;
        }
        self.signal("TERM");
        let mut ended = None;
        wait_until(&format!("{} ends when told", self.name), ENDED_WITHIN, || {
            ended = self.child.try_wait().unwrap_or_else(|error| panic!("{error}"));
            ended.is_some()
        });
        ended.unwrap_or_else(|| panic!("{} has not ended", self.name))
    }

    /// Sends it a signal, by its name for `kill -s`.
    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("sh").args(["-c", r#"kill -s "$1" "$2""#, "signal", signal, &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{} does not take SIG{signal}", self.name);
    }

    /// How it ended; none while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The last line of its log that is no news of the usual, and the one before.
    pub fn last_words(&self) -> (String, String) {
        let log = self.log();
        let mut last = log.lines().rev().filter(|line| !line.contains(" INFO ") && !line.trim().is_empty());
        let mut next = || last.next().unwrap_or("nothing").to_owned();
        (next(), next())
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Panics if it has ended.
    pub fn must_run(&mut self) {
        if let Ok(Some(status)) = self.child.try_wait() {
            panic!("{} ended with {status}:\n{}", self.name, self.log());
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().filter(|line| !line.contains(" INFO ")).take(20).collect();
            eprintln!("== {} logged, beside the usual\n{}", self.name, lines.join("\n"));
        }
    }
}
