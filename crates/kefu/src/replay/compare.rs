//! What differs between two outputs.
//!
//! Owns what counts as a difference: the last value of each key of a snapshot topic without its revision, and the set
//! of SLA events without moved due instants and without breaches that were retracted. The order in which services
//! happened to take each other's records is none. Policies are given, not made, and a row of key figures that holds no
//! figure is as good as none.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use kefu_contracts::id::hash_64;
use kefu_contracts::topic::{self, CASE_EVENTS, Cleanup, OUTBOUND, POLICIES, SLA_EVENTS};
use serde::Serialize;
use serde_json::Value;

/// Differences of a topic that are shown to people.
const EXAMPLES: usize = 10;

/// A difference in one topic.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct TopicDifference {
    /// What only the first has: the key and the value.
    pub only_left: Vec<(String, Value)>,
    /// What only the second has.
    pub only_right: Vec<(String, Value)>,
    /// Keys in both with other values: the key, and the fields that differ with both values.
    pub changed: Vec<(String, FieldChanges)>,
    /// Facts that stand twice in one of the folders, byte by byte.
    pub doubled: Vec<String>,
}

/// Fields that differ, with both values.
pub(crate) type FieldChanges = BTreeMap<String, (Value, Value)>;

impl TopicDifference {
    fn is_empty(&self) -> bool {
        self.only_left.is_empty() && self.only_right.is_empty() && self.changed.is_empty() && self.doubled.is_empty()
    }
}

/// The differences by topic; topics without any are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Comparison {
    /// The differences.
    pub topics: BTreeMap<String, TopicDifference>,
    /// How many keys and events were compared.
    pub compared: usize,
}

impl Comparison {
    /// Whether there is no difference.
    pub(crate) fn is_same(&self) -> bool {
        self.topics.is_empty()
    }

    /// The differences for people, or as JSON.
    pub(crate) fn describe(&self, json: bool) -> String {
        if json {
            return serde_json::to_string_pretty(self).unwrap_or_default();
        }
        if self.is_same() {
            return format!("no difference in {} keys and events", self.compared);
        }
        let mut text = format!("differences in {} keys and events compared:\n", self.compared);
        for (topic, difference) in &self.topics {
            let TopicDifference { only_left, only_right, changed, doubled } = difference;
            let counts = (only_left.len(), only_right.len(), changed.len(), doubled.len());
            let (gone, new, changes, twice) = counts;
            text.push_str(&format!("{topic}: {gone} gone, {new} new, {changes} changed, {twice} doubled\n"));
            for (key, value) in only_left.iter().take(EXAMPLES) {
                text.push_str(&format!("  - {key} {}\n", short(value)));
            }
            for (key, value) in only_right.iter().take(EXAMPLES) {
                text.push_str(&format!("  + {key} {}\n", short(value)));
            }
            for (key, fields) in changed.iter().take(EXAMPLES) {
                for (field, (left, right)) in fields {
                    text.push_str(&format!("  ~ {key} {field}: {} -> {}\n", short(left), short(right)));
                }
            }
            for fact in doubled.iter().take(EXAMPLES) {
                text.push_str(&format!("  = {}\n", cut(fact)));
            }
        }
        text
    }
}

/// Characters of a value that are shown to people; `--json` has all.
const SHOWN: usize = 160;

fn short(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Facts, each of which is told once; a repetition is a fault of whoever wrote it.
const TOLD_ONCE: [&str; 3] = [CASE_EVENTS.info.name, SLA_EVENTS.info.name, OUTBOUND.info.name];

/// Compares two folders of topic files.
///
/// # Errors
/// If a file is missing or no such file.
pub(crate) fn compare(left: &Path, right: &Path, prefix: &str) -> io::Result<Comparison> {
    let mut comparison = Comparison::default();
    for info in topic::PUBLIC {
        let name = format!("{prefix}{}.ndjson", info.name);
        if TOLD_ONCE.contains(&info.name) {
            let doubled = [doubled(&left.join(&name))?, doubled(&right.join(&name))?].concat();
            if !doubled.is_empty() {
                comparison.topics.entry(info.name.to_owned()).or_default().doubled = doubled;
            }
        }
        let (left, right) = (left.join(&name), right.join(&name));
        let (before, after) = if info.name == SLA_EVENTS.info.name {
            let (before, after) = (sla_events(&left)?, sla_events(&right)?);
            comparison.compared += before.len().max(after.len());
            (before, after)
        } else if info.cleanup == Cleanup::Compact && info.name != POLICIES.info.name {
            let (before, after) = (digests(&left)?, digests(&right)?);
            comparison.compared += before.len().max(after.len());
            let other = |key: &&String| before.get(*key) != after.get(*key);
            let keys: BTreeSet<String> = before.keys().chain(after.keys()).filter(other).cloned().collect();
            (snapshots(&left, &keys)?, snapshots(&right, &keys)?)
        } else {
            continue;
        };
        let difference = difference(&before, &after);
        if !difference.is_empty() {
            let doubled = comparison.topics.remove(info.name).map(|of_topic| of_topic.doubled).unwrap_or_default();
            comparison.topics.insert(info.name.to_owned(), TopicDifference { doubled, ..difference });
        }
    }
    Ok(comparison)
}

type Values = BTreeMap<String, Value>;

fn difference(left: &Values, right: &Values) -> TopicDifference {
    let mut difference = TopicDifference::default();
    for (key, value) in left {
        match right.get(key) {
            None => difference.only_left.push((key.clone(), value.clone())),
            Some(other) if other != value => difference.changed.push((key.clone(), fields(value, other))),
            Some(_) => {}
        }
    }
    let new = right.iter().filter(|(key, _)| !left.contains_key(*key));
    difference.only_right.extend(new.map(|(key, value)| (key.clone(), value.clone())));
    difference
}

/// What differs, by its place: `metrics.next_reply_ms.count`.
fn fields(left: &Value, right: &Value) -> BTreeMap<String, (Value, Value)> {
    let mut found = BTreeMap::new();
    differing("", left, right, &mut found);
    found
}

fn differing(place: &str, left: &Value, right: &Value, found: &mut BTreeMap<String, (Value, Value)>) {
    if left == right {
        return;
    }
    let (Some(before), Some(after)) = (left.as_object(), right.as_object()) else {
        found.insert(place.to_owned(), (left.clone(), right.clone()));
        return;
    };
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let inner = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        let get = |object: &serde_json::Map<String, Value>| object.get(name).cloned().unwrap_or(Value::Null);
        differing(&inner, &get(before), &get(after), found);
    }
}

fn rows(path: &Path, mut each: impl FnMut(String, Value)) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    for line in BufReader::new(std::fs::File::open(path).map_err(named)?).lines() {
        let mut row: Value = serde_json::from_str(&line.map_err(named)?)?;
        let key = row.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
        each(key, row.get_mut("value").map(Value::take).unwrap_or_default());
    }
    Ok(())
}

fn doubled(path: &Path) -> io::Result<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut doubled = Vec::new();
    rows(path, |key, value| {
        let fact = format!("{key} {value}");
        if !seen.insert(hash_64(&[&fact])) {
            doubled.push(fact);
        }
    })?;
    Ok(doubled)
}

/// What counts of a snapshot; none if it is as good as none.
fn counted(mut value: Value) -> Option<Value> {
    value.as_object_mut().map(|fields| fields.remove("revision"));
    let is_empty = value.get("metrics").and_then(Value::as_object).is_some_and(serde_json::Map::is_empty);
    (!is_empty).then_some(value)
}

/// A hash of the last value of each key: there may be millions of them.
fn digests(path: &Path) -> io::Result<BTreeMap<String, u64>> {
    let mut last = BTreeMap::new();
    rows(path, |key, value| {
        match counted(value) {
            Some(value) => last.insert(key, hash_64(&[&value.to_string()])),
            None => last.remove(&key),
        };
    })?;
    Ok(last)
}

/// The last values of some keys.
fn snapshots(path: &Path, keys: &BTreeSet<String>) -> io::Result<Values> {
    let mut last = Values::new();
    if keys.is_empty() {
        return Ok(last);
    }
    rows(path, |key, value| {
        if keys.contains(&key) {
            match counted(value) {
                Some(value) => last.insert(key, value),
                None => last.remove(&key),
            };
        }
    })?;
    Ok(last)
}

fn sla_events(path: &Path) -> io::Result<Values> {
    let mut events = Vec::new();
    rows(path, |key, value| events.push((key, value)))?;
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    let retracted: BTreeSet<Option<String>> = events
        .iter()
        .filter(|(_, value)| text(value, "event").as_deref() == Some("breach_retracted"))
        .map(|(_, value)| text(value, "breach_id"))
        .collect();
    let counted = events.into_iter().filter(|(_, value)| match text(value, "event").as_deref() {
        Some("due_changed" | "breach_retracted") => false,
        Some("breached") => !retracted.contains(&text(value, "breach_id")),
        _ => true,
    });
    Ok(counted.map(|(key, value)| (format!("{key} {value}"), value)).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A folder with these rows, and with empty files of all other topics.
    fn folder(rows: &[(&str, &str, Value)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for info in topic::PUBLIC {
            let of_topic = rows.iter().filter(|(topic, ..)| *topic == info.name);
            let lines = of_topic.map(|(_, key, value)| format!("{}\n", json!({"key": key, "value": value})));
            std::fs::write(folder.path().join(format!("cs.{}.ndjson", info.name)), lines.collect::<String>()).unwrap();
        }
        folder
    }

    fn compared(left: &[(&str, &str, Value)], right: &[(&str, &str, Value)]) -> Comparison {
        compare(folder(left).path(), folder(right).path(), "cs.").unwrap()
    }

    #[test]
    fn the_last_value_of_a_key_counts_without_its_revision() {
        let case = |state: &str, revision: u32| ("cases", "t/c#1", json!({"state": state, "revision": revision}));
        let same = compared(&[case("open", 1), case("closed", 2)], &[case("closed", 7)]);
        assert!(same.is_same() && same.compared == 1, "{same:?}");
        let other = compared(&[case("closed", 1), case("open", 2)], &[case("closed", 2)]);
        let changed = &other.topics["cases"].changed;
        assert_eq!(changed[0].1, FieldChanges::from([("state".to_owned(), (json!("open"), json!("closed")))]));
    }

    #[test]
    fn a_row_without_figures_is_as_good_as_none() {
        let row = |key: &'static str, metrics: Value| ("kpi", key, json!({"metrics": metrics}));
        let (full, empty) = (json!({"backlog": 1}), json!({}));
        assert!(compared(&[row("a", full.clone()), row("a", empty.clone())], &[row("b", empty)]).is_same());
        let gone = compared(&[row("a", full.clone())], &[]);
        assert_eq!(gone.topics["kpi"].only_left, [("a".to_owned(), json!({"metrics": full}))]);
    }

    #[test]
    fn a_fact_told_twice_is_found() {
        let fact = || ("case-events", "t/c#1", json!({"kind": "opened"}));
        let twice = compared(&[fact()], &[fact(), fact()]);
        assert_eq!(twice.topics["case-events"].doubled.len(), 1, "{twice:?}");
    }
}
