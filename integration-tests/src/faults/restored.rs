//! What instances said of themselves: states restored, transactions given up, panics.
//!
//! Owns reading their logs: a metric goes with the process that counted it, and most of these are killed.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

/// Partitions that were taken over or gone back to, and the states that were read for that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// Partitions of a processor.
    pub partitions: u64,
    /// States read from the changelog.
    pub states: u64,
}

/// What the logs of a run say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Told {
    /// By what Redis still had: `all from the changelog`, or `from redis' mark on`.
    pub restored: BTreeMap<String, Restored>,
    /// How often tasks were restored because a transaction was given up, by cause.
    pub given_up: BTreeMap<String, u64>,
    /// Panics, by what they said; a processor's is a dead letter beside.
    pub panics: BTreeMap<String, u64>,
}

impl Told {
    /// Reads the logs of a folder.
    pub(super) fn read(folder: &Path) -> Self {
        let mut told = Self::default();
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "log") {
                let log = std::fs::read_to_string(entry.path()).unwrap_or_default();
                log.lines().for_each(|line| told.take(line));
            }
        }
        told
    }

    fn take(&mut self, line: &str) {
        if line.contains("partition taken over") {
            let whole = field(line, "whole").is_some_and(|whole| whole == "true");
            let from = if whole { "all from the changelog" } else { "from redis' mark on" };
            let restored = self.restored.entry(from.to_owned()).or_default();
            restored.partitions += 1;
            restored.states += field(line, "restored").and_then(|states| states.parse().ok()).unwrap_or(0);
        } else if line.contains("tasks are restored") {
            let cause = line.split_once("cause=").map_or("?", |(_, cause)| cause.trim_matches('"'));
            *self.given_up.entry(kind_of(cause)).or_default() += 1;
        } else if line.contains(" panicked at ") {
            *self.panics.entry(line.to_owned()).or_default() += 1;
        }
    }
}

/// Characters of a cause that tell its kind.
const KIND: usize = 120;

/// A cause without numbers, names of instances and topics, so that equal ones can be counted.
pub(super) fn kind_of(cause: &str) -> String {
    let is_name = |word: &&str| word.contains(|c: char| c.is_ascii_digit() || c == '`') || word.starts_with("cs.");
    let words: Vec<&str> = cause.split_whitespace().map(|word| if is_name(&word) { "…" } else { word }).collect();
    words.join(" ").chars().take(KIND).collect()
}

/// The value of a field of a log line, without quotes.
fn field<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (_, rest) = line.split_once(&format!(" {name}="))?;
    rest.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takeovers_and_restarts_are_counted() {
        let mut told = Told::default();
        let taken =
            |fields: &str| format!("2026-03-02T00:00:00Z  INFO kefu: partition taken over partition=3 {fields}");
        for line in [
            taken("restored=7 whole=true"),
            taken("restored=2 whole=false"),
            taken("restored=0 whole=false"),
            r#"2026-03-02T00:00:02Z  WARN kefu: tasks are restored service="intake" cause="the broker said no""#
                .to_owned(),
            "2026-03-02T00:00:02Z  WARN kefu: something else".to_owned(),
            "thread 'worker' (7) panicked at src/lib.rs:1:1:".to_owned(),
        ] {
            told.take(&line);
        }
        let of = |from: &str| told.restored[from];
        assert_eq!(of("all from the changelog"), Restored { partitions: 1, states: 7 });
        assert_eq!(of("from redis' mark on"), Restored { partitions: 2, states: 2 });
        assert_eq!(told.given_up, BTreeMap::from([("the broker said no".to_owned(), 1)]));
        assert_eq!(told.panics.len(), 1, "{told:?}");
    }

    #[test]
    fn causes_of_one_kind_are_counted_together() {
        let of =
            |number: u32| kind_of(&format!("{number} messages to cs.cases-{number} from `intake-{number}` failed"));
        assert_eq!((of(1), of(27)), ("… messages to … from … failed".to_owned(), of(1)));
    }
}
