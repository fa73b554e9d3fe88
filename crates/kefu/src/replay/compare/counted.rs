//! What counts of a row.
//!
//! Owns, for each kind of topic, what a row is known by and which of its fields count; the last row of the same
//! identity stands for all.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use kefu_contracts::id::hash_64;
use kefu_contracts::topic::{
    CASE_EVENTS, CLASSIFICATIONS, COMMAND_RESULTS, Cleanup, KPI_LATE, OUTBOUND, POLICIES, SLA_EVENTS, TopicInfo,
};
use serde_json::{Value, json};

use super::aside::{Aside, is_of_service};
use super::rows::{hash_of, rows_with, text};

/// What the rows of a topic are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The last of a key is what there is.
    Snapshot,
    /// Facts of cases, told again when more is known, and retracted.
    Fact,
    /// Verdicts on cases.
    Verdict,
    /// What happens to clocks.
    Clock,
    /// What customers and staff are sent.
    Message,
    /// Answers to commands.
    Answer,
    /// What came for a row after it was final, bit by bit.
    Late,
}

impl Kind {
    /// None for what came from outside.
    pub(super) fn of(info: &TopicInfo) -> Option<Self> {
        let kinds = [
            (CASE_EVENTS.info, Kind::Fact),
            (CLASSIFICATIONS.info, Kind::Verdict),
            (SLA_EVENTS.info, Kind::Clock),
            (OUTBOUND.info, Kind::Message),
            (COMMAND_RESULTS.info, Kind::Answer),
            (KPI_LATE.info, Kind::Late),
        ];
        let is_snapshot = info.cleanup == Cleanup::Compact && info.name != POLICIES.info.name;
        let kind = kinds.iter().find(|(topic, _)| topic.name == info.name).map(|(_, kind)| *kind);
        kind.or_else(|| is_snapshot.then_some(Kind::Snapshot))
    }
}

/// Takes the rows of a file one after the other.
pub(super) struct Counting<'a> {
    kind: Kind,
    aside: &'a Aside,
    /// Breaches that this file retracts.
    retracted: Vec<String>,
    /// How often staff were told of an escalation.
    told: BTreeMap<u64, u32>,
    /// What came late for each row and figure.
    late: BTreeMap<String, f64>,
}

/// What a row is known by, and what counts of it; none takes back what counted.
pub(super) type Counted = Vec<(String, Option<Value>)>;

impl<'a> Counting<'a> {
    /// # Errors
    /// If the file is missing or no such file.
    pub(super) fn new(kind: Kind, path: &Path, aside: &'a Aside) -> io::Result<Self> {
        let mut retracted = Vec::new();
        if kind == Kind::Clock {
            rows_with(path, &["\"breach_retracted\""], |_, value| {
                retracted.push(format!("{}/{}", text(&value, "tenant"), text(&value, "breach_id")));
            })?;
            retracted.sort_unstable();
        }
        Ok(Self { kind, aside, retracted, told: BTreeMap::new(), late: BTreeMap::new() })
    }

    pub(super) fn take(&mut self, key: String, value: Value) -> Counted {
        match self.kind {
            Kind::Snapshot => vec![(key, snapshot(value))],
            Kind::Fact => vec![fact(&key, value)],
            Kind::Verdict => vec![(format!("{key} {}", text(&value, "at")), Some(without(value, &["revision"])))],
            Kind::Answer => {
                let id = format!("{}/{}", text(&value, "tenant"), text(&value, "command_id"));
                // when it was decided is the live run's matter
                vec![(format!("{id} {}", text(&value, "request")), Some(without(value, &["at"])))]
            }
            Kind::Clock => self.clock(&key, value),
            Kind::Message => self.message(value),
            Kind::Late => self.late(&key, &value),
        }
    }

    /// The sum of each figure: how it was divided is the live run's matter.
    fn late(&mut self, key: &str, value: &Value) -> Counted {
        let metrics = value.get("metrics").and_then(Value::as_object).into_iter().flatten();
        // of a distribution the sum and the count are exact
        let figures = metrics.flat_map(|(name, figure)| match figure {
            Value::Object(of) => ["count", "sum"].map(|part| (format!("{name}.{part}"), of.get(part))).to_vec(),
            figure => vec![(name.clone(), Some(figure))],
        });
        let figures = figures.filter_map(|(name, figure)| Some((format!("{key} {name}"), figure?.as_f64()?)));
        let mut counted = Counted::new();
        for (identity, figure) in figures {
            let sum = self.late.entry(identity.clone()).or_default();
            *sum += figure;
            counted.push((identity, (*sum != 0.0).then(|| json!(*sum))));
        }
        counted
    }

    /// What was corrected, and breaches that were retracted, do not count.
    fn clock(&self, key: &str, value: Value) -> Counted {
        let event = text(&value, "event");
        let is_retracted = || {
            let breach = format!("{}/{}", text(&value, "tenant"), text(&value, "breach_id"));
            self.retracted.binary_search(&breach).is_ok()
        };
        if matches!(event, "due_changed" | "breach_retracted") || (event == "breached" && is_retracted()) {
            return Vec::new();
        }
        let identity = format!("{key} {} {event} {}", text(&value, "clock_id"), text(&value, "at"));
        let is_corrected = self.aside.corrected.contains(&hash_of(&value, "case_id"));
        // its end tells the figures that hold
        let ends = matches!(event, "met" | "ended_late" | "cancelled");
        let left_out: &[&str] = if is_corrected && !ends { &["due_at", "elapsed_ms"] } else { &[] };
        vec![(identity, Some(without(value, left_out)))]
    }

    fn message(&mut self, value: Value) -> Counted {
        let tenant = text(&value, "tenant").to_owned();
        let data = value.get("data").cloned().unwrap_or_default();
        let is_cancelled = |id: &str| self.aside.cancelled.contains(&hash_64(&[&tenant, id]));
        let kind = text(&value, "kind");
        // who is told, and what is gathered in a minute, goes by who was responsible then
        if let Some(escalations) = data.get("escalation_ids").and_then(Value::as_array) {
            let ids = escalations.iter().filter_map(Value::as_str).filter(|id| !is_cancelled(id));
            let mut counted = Counted::new();
            for id in ids {
                let times = self.told.entry(hash_64(&[&tenant, id])).or_default();
                *times += 1;
                counted.push((format!("{tenant} notice {times} of escalation {id}"), Some(json!(kind))));
            }
            return counted;
        }
        // the question goes out when the verdict comes, unless the case has been settled by then
        let is_left_out = kind == "info_request"
            || is_cancelled(text(&data, "survey_id"))
            || self.aside.messages.contains(&hash_of(&value, "message_id"));
        if is_left_out {
            return Vec::new();
        }
        // before the verdict the customer's language is a guess
        let words: &[&str] =
            if matches!(kind, "progress" | "expected_time") { &["language", "subject", "text"] } else { &[] };
        vec![(format!("{tenant} {kind} {}", text(&value, "message_id")), Some(without(value, words)))]
    }
}

/// Revisions count how often it was told; a row without figures is as good as none.
fn snapshot(value: Value) -> Option<Value> {
    let is_empty = value.get("metrics").and_then(Value::as_object).is_some_and(serde_json::Map::is_empty);
    (!is_empty && !value.is_null()).then(|| without(value, &["revision"]))
}

fn fact(key: &str, mut value: Value) -> (String, Option<Value>) {
    if text(&value, "kind") == "retracted" {
        return (format!("{key} {}", text(&value, "retracts")), None);
    }
    let identity = format!("{key} {}", text(&value, "event_id"));
    // what a service says is in the language that was known when it said it
    if value.get("actor").is_some_and(|actor| text(actor, "kind") == "system") {
        if let Some(data) = value.get_mut("data").and_then(Value::as_object_mut) {
            data.remove("text");
        }
        value = without(value, &["text"]);
    }
    // nor does it know what else is known at the same instant
    let left_out: &[&str] = if is_of_service(text(&value, "cause_id")) { &["context"] } else { &[] };
    (identity, Some(without(value, left_out)))
}

fn without(mut value: Value, fields: &[&str]) -> Value {
    if let Some(of) = value.as_object_mut() {
        fields.iter().for_each(|field| drop(of.remove(*field)));
    }
    value
}
