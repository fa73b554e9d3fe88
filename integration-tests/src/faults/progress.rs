//! How far the load is.
//!
//! Owns how events are counted: what the loader says is durable, less what lies before intake. Offsets would count what
//! services send back to intake, and the markers of its transactions.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

/// How far the load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// Events of the load that intake has consumed, at least.
    pub(super) consumed: u64,
    /// Whether it has consumed all of them.
    pub(super) is_over: bool,
}

/// Follows the load.
pub(super) struct Following {
    log: PathBuf,
    reader: Option<BufReader<File>>,
    line: String,
    /// Events that are durable.
    confirmed: u64,
    progress: Progress,
}

impl Following {
    /// `log` is what the loader says on standard error.
    pub(super) fn new(log: PathBuf) -> Self {
        let progress = Progress { consumed: 0, is_over: false };
        Self { log, reader: None, line: String::new(), confirmed: 0, progress }
    }

    /// Where it is now, with so many records before intake. It never goes back: what services send to intake later
    /// is not the load's.
    pub(super) fn look(&mut self, intake_lag: Option<u64>, all_sent: bool) -> Progress {
        self.read();
        let Some(lag) = intake_lag else { return self.progress };
        self.progress.consumed = self.progress.consumed.max(self.confirmed.saturating_sub(lag));
        self.progress.is_over |= all_sent && lag == 0;
        self.progress
    }

    /// Reads on. A line that is not complete yet is read on later.
    fn read(&mut self) {
        if self.reader.is_none() {
            self.reader = File::open(&self.log).ok().map(BufReader::new);
        }
        let Some(reader) = &mut self.reader else { return };
        while reader.read_line(&mut self.line).is_ok_and(|read| read > 0) && self.line.ends_with('\n') {
            let told: Option<serde_json::Value> = serde_json::from_str(&self.line).ok();
            let confirmed = told.and_then(|told| told.get("confirmed").and_then(serde_json::Value::as_u64));
            self.confirmed = confirmed.unwrap_or(self.confirmed);
            self.line.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_is_durable_and_not_before_intake_is_consumed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("load.log");
        let mut following = Following::new(path.clone());
        let at = |consumed: u64, is_over: bool| Progress { consumed, is_over };
        assert_eq!(following.look(Some(0), false), at(0, false));
        let mut log = File::create(&path).unwrap();
        let mut say = |text: &str| log.write_all(text.as_bytes()).unwrap();
        say("{\"confirmed\":10}\nkefu: the broker is away\n{\"confirm");
        assert_eq!(following.look(None, false), at(0, false));
        assert_eq!(following.look(Some(3), false), at(7, false));
        say("ed\":20}\n");
        // what comes back to intake does not take anything back
        assert_eq!(following.look(Some(15), false), at(7, false));
        assert_eq!(following.look(Some(1), true), at(19, false));
        assert_eq!(following.look(Some(0), true), at(20, true));
        assert_eq!(following.look(Some(5), true), at(20, true));
    }
}
