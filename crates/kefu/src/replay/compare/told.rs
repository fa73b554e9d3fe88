//! What one folder tells wrongly by itself, whatever the other says.
//!
//! Owns what may not be told twice, and what may not be told in two ways.

use std::collections::BTreeMap;

use kefu_contracts::id::hash_64;
use serde_json::Value;

use super::counted::Kind;
use super::rows::{digest, hash_of, text};

/// What is told of a clock: what was done, what was undone, or that its due instant moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Done,
    Undone,
    Moved,
}

/// Looks at the rows of a file one after the other.
#[derive(Debug)]
pub(super) struct Told {
    kind: Kind,
    /// What was told last: a hash, or a revision.
    last: BTreeMap<u64, u64>,
    /// What was told of a clock since something of it was undone, or what undid it.
    clocks: BTreeMap<u64, Vec<(Step, u64)>>,
    /// Facts that stand twice.
    pub(super) doubled: Vec<String>,
    /// What says otherwise than before, and may not.
    pub(super) contradicted: Vec<String>,
}

impl Told {
    pub(super) fn new(kind: Kind) -> Self {
        let (last, clocks) = (BTreeMap::new(), BTreeMap::new());
        Self { kind, last, clocks, doubled: Vec::new(), contradicted: Vec::new() }
    }

    pub(super) fn see(&mut self, key: &str, value: &Value) {
        match self.kind {
            Kind::Snapshot | Kind::Verdict => self.revision(key, value),
            Kind::Fact if text(value, "kind") == "retracted" => drop(self.last.remove(&hash_of(value, "retracts"))),
            // more may be known of it than before
            Kind::Fact => {
                let now = digest(value);
                if self.last.insert(hash_of(value, "event_id"), now) == Some(now) {
                    self.doubled.push(format!("{key} {value}"));
                }
            }
            Kind::Message => {
                let now = digest(value);
                match self.last.insert(hash_of(value, "message_id"), now) {
                    None => {}
                    Some(before) if before == now => self.doubled.push(format!("{key} {value}")),
                    Some(_) => self.contradicted.push(format!("{key} one message with two bodies: {value}")),
                }
            }
            Kind::Clock => self.clock(key, value),
            // the same command gets the same answer again, and the same may come late twice
            Kind::Answer | Kind::Late => {}
        }
    }

    /// A revision grows each time the key is told, also across restarts.
    fn revision(&mut self, key: &str, value: &Value) {
        let Some(revision) = value.get("revision").and_then(Value::as_u64) else { return };
        let before = self.last.insert(hash_64(&[key]), revision);
        if let Some(before) = before.filter(|before| *before >= revision) {
            self.contradicted.push(format!("{key} revision {revision} after {before}"));
        }
    }

    /// A clock may be cancelled and begin again as it began; without something undone nothing is told twice.
    fn clock(&mut self, key: &str, value: &Value) {
        let step = match text(value, "event") {
            "cancelled" | "breach_retracted" => Step::Undone,
            "due_changed" => Step::Moved,
            _ => Step::Done,
        };
        let told = self.clocks.entry(hash_of(value, "clock_id")).or_default();
        told.retain(|(before, _)| (*before == Step::Undone) == (step == Step::Undone));
        let now = digest(value);
        if told.contains(&(step, now)) {
            self.doubled.push(format!("{key} {value}"));
        }
        // it may move to and fro
        told.retain(|(before, _)| step != Step::Moved || *before != Step::Moved);
        told.push((step, now));
    }
}
