//! What differs between two outputs.
//!
//! Owns what a difference is and how it is told: what one of two folders has and the other has not, and what either
//! tells twice or in two ways. What counts of a row is `counted`'s matter, what is left out `aside`'s, what a folder
//! tells wrongly by itself `told`'s.

mod aside;
mod counted;
pub(in crate::replay) mod rows;
mod told;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use kefu_contracts::topic::{self, TopicInfo};
use serde::Serialize;
use serde_json::Value;

use self::aside::Aside;
use self::counted::{Counting, Kind};
use self::told::Told;

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
    /// Facts and messages that stand twice in one of the folders, byte by byte.
    pub doubled: Vec<String>,
    /// What one of the folders tells in two ways: a message with two bodies, a revision that does not grow.
    pub contradicted: Vec<String>,
}

/// Fields that differ, with both values.
pub(crate) type FieldChanges = BTreeMap<String, (Value, Value)>;

impl TopicDifference {
    fn is_empty(&self) -> bool {
        let is_told_well = self.doubled.is_empty() && self.contradicted.is_empty();
        is_told_well && self.only_left.is_empty() && self.only_right.is_empty() && self.changed.is_empty()
    }
}

/// The differences by topic; topics without any are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Comparison {
    /// The differences.
    pub topics: BTreeMap<String, TopicDifference>,
    /// How many keys, facts and messages were compared.
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
            let TopicDifference { only_left, only_right, changed, doubled, contradicted } = difference;
            let counts = [only_left.len(), only_right.len(), changed.len(), doubled.len(), contradicted.len()];
            let words = ["gone", "new", "changed", "doubled", "contradicted"];
            let told: Vec<String> = counts.iter().zip(words).map(|(count, word)| format!("{count} {word}")).collect();
            text.push_str(&format!("{topic}: {}\n", told.join(", ")));
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
            for told in contradicted.iter().take(EXAMPLES) {
                text.push_str(&format!("  ! {}\n", cut(told)));
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

/// Compares two folders of topic files.
///
/// # Errors
/// If a file is missing or no such file.
pub(crate) fn compare(left: &Path, right: &Path, prefix: &str) -> io::Result<Comparison> {
    let path_of = |folder: &Path, info: &TopicInfo| folder.join(format!("{prefix}{}.ndjson", info.name));
    let mut aside = Aside::default();
    for folder in [left, right] {
        aside.add(|info| path_of(folder, info))?;
    }
    let mut comparison = Comparison::default();
    for info in topic::PUBLIC {
        let Some(kind) = Kind::of(info) else { continue };
        let [left, right] = [left, right].map(|folder| path_of(folder, info));
        let (before, after) = (digests(kind, &left, &aside)?, digests(kind, &right, &aside)?);
        comparison.compared += before.last.len().max(after.last.len());
        let other = |key: &&String| before.last.get(*key) != after.last.get(*key);
        let keys: BTreeSet<String> = before.last.keys().chain(after.last.keys()).filter(other).cloned().collect();
        let mut difference = difference(&values(kind, &left, &aside, &keys)?, &values(kind, &right, &aside, &keys)?);
        for told in [before.told, after.told] {
            difference.doubled.extend(told.doubled);
            difference.contradicted.extend(told.contradicted);
        }
        if !difference.is_empty() {
            comparison.topics.insert(info.name.to_owned(), difference);
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

/// A file by hashes: there may be millions of keys.
struct Digests {
    /// Of what counts of each.
    last: BTreeMap<String, u64>,
    told: Told,
}

fn digests(kind: Kind, path: &Path, aside: &Aside) -> io::Result<Digests> {
    let mut counting = Counting::new(kind, path, aside)?;
    let mut digests = Digests { last: BTreeMap::new(), told: Told::new(kind) };
    rows::rows(path, |key, value| {
        digests.told.see(&key, &value);
        for (identity, counted) in counting.take(key, value) {
            match counted {
                Some(value) => digests.last.insert(identity, rows::digest(&value)),
                None => digests.last.remove(&identity),
            };
        }
    })?;
    Ok(digests)
}

/// What counts of some keys.
fn values(kind: Kind, path: &Path, aside: &Aside, keys: &BTreeSet<String>) -> io::Result<Values> {
    let mut last = Values::new();
    if keys.is_empty() {
        return Ok(last);
    }
    let mut counting = Counting::new(kind, path, aside)?;
    rows::rows(path, |key, value| {
        let counted = counting.take(key, value).into_iter();
        for (identity, value) in counted.filter(|(identity, _)| keys.contains(identity)) {
            match value {
                Some(value) => last.insert(identity, value),
                None => last.remove(&identity),
            };
        }
    })?;
    Ok(last)
}
