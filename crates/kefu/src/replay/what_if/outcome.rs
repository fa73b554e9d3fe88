//! What a folder of topic files says of promises, escalations, routes, decisions and messages in the end.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use kefu_contracts::topic::{CASES, CHANNEL_EVENTS, ESCALATIONS, OUTBOUND, SLA_EVENTS, TopicInfo};
use serde_json::Value;

use crate::replay::compare::rows::{rows, rows_with, text};

/// What became of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not decided.
    Open,
    /// Kept.
    InTime,
    /// Broken.
    Late,
    /// It did not count any more.
    Cancelled,
}

/// A clock as it stood in the end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clock {
    pub(super) case_id: String,
    pub(super) metric: String,
    pub(super) standing: Standing,
    /// The rule of the policy.
    pub(super) policy: String,
    /// Time used, in milliseconds of the rule's calendar.
    pub(super) elapsed_ms: i64,
    /// Time promised, in milliseconds; none for an instant that was promised.
    pub(super) target_ms: Option<i64>,
}

/// An output as a supervisor looks at it. Keys are unique within all tenants.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub(super) clocks: BTreeMap<String, Clock>,
    /// Team and department of each case.
    pub(super) cases: BTreeMap<String, String>,
    /// Who was told, and why.
    pub(super) escalations: BTreeMap<String, (String, String)>,
    /// The order and what was decided, by the event that told it.
    pub(super) decisions: BTreeMap<String, (String, String)>,
    /// The kind of each message.
    pub(super) messages: BTreeMap<String, String>,
}

impl Outcome {
    /// Reads a folder that `replay` wrote.
    ///
    /// # Errors
    /// If a file is missing or no such file.
    pub(super) fn read(folder: &Path, prefix: &str) -> io::Result<Self> {
        let path = |info: &TopicInfo| folder.join(format!("{prefix}{}.ndjson", info.name));
        let mut outcome = Self::default();
        rows(&path(&SLA_EVENTS.info), |_, event| outcome.turn(&event))?;
        rows(&path(&CASES.info), |key, case| {
            let words = [text(&case, "team"), text(&case, "department")];
            outcome
                .cases
                .insert(key, words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" / "));
        })?;
        rows(&path(&ESCALATIONS.info), |key, told| {
            outcome.escalations.insert(key, (text(&told, "to").to_owned(), text(&told, "reason").to_owned()));
        })?;
        rows_with(&path(&CHANNEL_EVENTS.info), &["after_sales_decided"], |_, event| {
            if text(&event, "type") == "after_sales_decided" {
                outcome.decide(&event);
            }
        })?;
        rows(&path(&OUTBOUND.info), |_, message| {
            let id = format!("{}/{}", text(&message, "tenant"), text(&message, "message_id"));
            outcome.messages.insert(id, text(&message, "kind").to_owned());
        })?;
        Ok(outcome)
    }

    /// A clock's standing after one more event.
    fn turn(&mut self, event: &Value) {
        let id = format!("{}/{}", text(event, "tenant"), text(event, "clock_id"));
        let before = self.clocks.get(&id).map_or(Standing::Open, |clock| clock.standing);
        let standing = match text(event, "event") {
            "met" => Standing::InTime,
            "breached" | "ended_late" => Standing::Late,
            "breach_retracted" => Standing::Open,
            "cancelled" if before != Standing::Late => Standing::Cancelled,
            // a kept promise that is revived is open again
            "resumed" if before == Standing::InTime => Standing::Open,
            _ => before,
        };
        let number = |field: &str| event.get(field).and_then(Value::as_i64);
        let clock = Clock {
            case_id: text(event, "case_id").to_owned(),
            metric: text(event, "metric").to_owned(),
            standing,
            policy: text(event, "policy").to_owned(),
            elapsed_ms: number("elapsed_ms").unwrap_or_default(),
            target_ms: number("target_ms"),
        };
        self.clocks.insert(id, clock);
    }

    fn decide(&mut self, event: &Value) {
        let Some(data) = event.get("data") else { return };
        let reasons = data.get("reasons").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let said = reasons.collect::<Vec<_>>().join(", ");
        let id = format!("{}/{}", text(event, "tenant"), text(event, "event_id"));
        self.decisions.insert(id, (text(data, "order_id").to_owned(), said));
    }
}
