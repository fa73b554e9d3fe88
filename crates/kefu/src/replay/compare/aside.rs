//! What depends on how soon services heard each other, and is therefore left out of a comparison.
//!
//! Owns which messages may be there or not, and whose clocks were corrected. What one service decides reaches another
//! a moment later; facts are corrected then, but what was sent meanwhile stays sent.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use kefu_contracts::id::hash_64;
use kefu_contracts::topic::{CASE_EVENTS, ESCALATIONS, SLA_EVENTS, SURVEYS, TopicInfo};
use kefu_contracts::{Status, Timestamp};
use kefu_intake::domain::notices::progress_id;
use serde_json::Value;

use super::rows::{hash_of, rows_with, text};

/// Ids that are left out, as hashes with their tenant.
#[derive(Clone, Debug, Default)]
pub(super) struct Aside {
    /// Messages about moves of a case that a service brought, and about what ended the state that it brought.
    pub(super) messages: BTreeSet<u64>,
    /// Surveys and escalations that were cancelled: whoever heard of it in time wrote nothing.
    pub(super) cancelled: BTreeSet<u64>,
    /// Cases whose clocks were corrected: what was told of the clocks before has other figures.
    pub(super) corrected: BTreeSet<u64>,
}

impl Aside {
    /// Looks through a folder; what one of two folders leaves out, both do.
    ///
    /// # Errors
    /// If a file is missing or no such file.
    pub(super) fn add(&mut self, path_of: impl Fn(&TopicInfo) -> std::path::PathBuf) -> io::Result<()> {
        self.add_moves(&path_of(&CASE_EVENTS.info))?;
        for (topic, id) in [(&SURVEYS.info, "survey_id"), (&ESCALATIONS.info, "escalation_id")] {
            rows_with(&path_of(topic), &["\"cancelled\""], |_, value| {
                if text(&value, "state") == "cancelled" {
                    self.cancelled.insert(hash_of(&value, id));
                }
            })?;
        }
        rows_with(&path_of(&SLA_EVENTS.info), &["\"corrected\""], |_, value| {
            if text(&value, "reason") == "corrected" {
                self.corrected.insert(hash_of(&value, "case_id"));
            }
        })
    }

    fn add_moves(&mut self, path: &Path) -> io::Result<()> {
        let (mut told, mut moves) = (BTreeMap::new(), Vec::new());
        let mut brought = BTreeSet::new();
        rows_with(path, &["\"status_changed\"", "\"retracted\""], |_, value| match text(&value, "kind") {
            "status_changed" => {
                let Some(message) = message_of(&value) else { return };
                let (case, status) = (hash_of(&value, "case_id"), |field| text(&value, field).parse::<Status>().ok());
                told.insert(hash_of(&value, "event_id"), message);
                if is_of_service(text(&value, "cause_id")) {
                    self.messages.insert(message);
                    brought.insert((case, status("to")));
                } else {
                    moves.push((message, (case, status("from"))));
                }
            }
            // it was true when it was told
            "retracted" => self.messages.extend(told.get(&hash_of(&value, "retracts"))),
            _ => {}
        })?;
        let after = moves.into_iter().filter(|(_, from)| brought.contains(from));
        self.messages.extend(after.map(|(message, _)| message));
        Ok(())
    }
}

/// Whether a service caused it: a classification, or an event whose id is a hash of its business identity.
pub(super) fn is_of_service(cause_id: &str) -> bool {
    let is_hash = || cause_id.len() == 32 && cause_id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    cause_id.starts_with(CLASSIFICATION) || is_hash()
}

/// How the cause begins of what a classification brings.
const CLASSIFICATION: char = '~';

/// The message that tells the customer of a move.
fn message_of(fact: &Value) -> Option<u64> {
    let status: Status = text(fact, "to").parse().ok()?;
    let at: Timestamp = text(fact, "at").parse().ok()?;
    let tenant = text(fact, "tenant");
    let id = progress_id(tenant, text(fact, "case_id"), text(fact, "cause_id"), status, at);
    Some(hash_64(&[tenant, &id]))
}
