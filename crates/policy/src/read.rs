//! Reading a tree of values section by section, collecting every fault instead of stopping at the first.
//!
//! A reader of a value returns `None` after it has reported why; the caller goes on with a default, because a document
//! with a fault is refused as a whole in the end.

mod scalar;

use std::collections::BTreeSet;
use std::fmt::Display;

use crate::fault::{Fault, Warning};
use crate::source::{Node, Value};

pub(crate) use scalar::{boolean, date, duration, id, integer, positive_duration, text, time_to, word};

/// What was found so far, and the names that references are checked against.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) faults: Vec<Fault>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) names: Names,
}

/// The names a document declares.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) calendars: BTreeSet<String>,
    pub(crate) teams: BTreeSet<String>,
    /// `None` if the document lists no staff: then any id may be named.
    pub(crate) staff: Option<BTreeSet<String>>,
}

impl Names {
    /// The names declared in `root`, taken before the sections are read so that their order does not matter.
    pub(crate) fn of(root: &Node) -> Names {
        let keys = |section: &str| -> BTreeSet<String> {
            match root.get(section).map(|node| &node.value) {
                Some(Value::Map(entries)) => entries.iter().map(|(key, _)| key.clone()).collect(),
                _ => BTreeSet::new(),
            }
        };
        let staff = match root.get("staff").map(|node| &node.value) {
            Some(Value::List(people)) if !people.is_empty() => Some(people.iter().filter_map(id_of).collect()),
            _ => None,
        };
        let mut calendars = keys("calendars");
        calendars.insert(crate::calendars::ALWAYS.to_owned());
        Names { calendars, teams: keys("teams"), staff }
    }
}

fn id_of(person: &Node) -> Option<String> {
    match &person.get("id")?.value {
        Value::Text(id) => Some(id.clone()),
        _ => None,
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct At<'a> {
    pub(crate) node: &'a Node,
    pub(crate) path: String,
}

impl<'a> At<'a> {
    pub(crate) fn root(node: &'a Node) -> Self {
        At { node, path: String::new() }
    }

    fn item(&self, index: usize, node: &'a Node) -> At<'a> {
        At { node, path: format!("{}[{index}]", self.path) }
    }

    fn entry(&self, key: &str, node: &'a Node) -> At<'a> {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        At { node, path }
    }

    /// The value under a key of this section, or this place if it is not written.
    pub(crate) fn below(&self, key: &str) -> At<'a> {
        self.node.get(key).map_or_else(|| self.clone(), |node| self.entry(key, node))
    }
}

impl Report {
    /// Refuses the value at `at`; returns `None` so that a reader can end with it.
    pub(crate) fn refuse<T>(&mut self, at: &At<'_>, message: impl Display) -> Option<T> {
        self.faults.push(Fault { path: at.path.clone(), line: at.node.line, message: message.to_string() });
        None
    }

    pub(crate) fn warn(&mut self, at: &At<'_>, message: impl Display) {
        self.warnings.push(Warning { path: at.path.clone(), line: at.node.line, message: message.to_string() });
    }
}

/// How a value is read.
pub(crate) type Read<T> = fn(&At<'_>, &mut Report) -> Option<T>;

/// The keys of one section. Keys asked for are known; `finish` refuses the rest.
pub(crate) struct Fields<'a> {
    at: At<'a>,
    entries: &'a [(String, Node)],
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The section at `at`, if it is one.
    pub(crate) fn of(at: &At<'a>, report: &mut Report) -> Option<Fields<'a>> {
        match &at.node.value {
            Value::Map(entries) => Some(Fields { at: at.clone(), entries, known: Vec::new() }),
            other => report.refuse(at, format!("{} where a section with keys is expected", other.describe())),
        }
    }

    /// The value of `key`, null included.
    pub(crate) fn written(&mut self, key: &'static str) -> Option<At<'a>> {
        self.known.push(key);
        let (_, node) = self.entries.iter().find(|(name, _)| name == key)?;
        Some(self.at.entry(key, node))
    }

    /// The value of `key`; null counts as missing.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<At<'a>> {
        self.written(key).filter(|at| at.node.value != Value::Null)
    }

    /// The value of `key`, or `None` if it is missing.
    pub(crate) fn optional<T>(&mut self, key: &'static str, report: &mut Report, read: Read<T>) -> Option<T> {
        self.get(key).and_then(|at| read(&at, report))
    }

    /// The value of `key`, or `default` if it is missing.
    pub(crate) fn or<T>(&mut self, key: &'static str, default: T, report: &mut Report, read: Read<T>) -> T {
        self.optional(key, report, read).unwrap_or(default)
    }

    /// The value of `key`: `default` if it is missing, `None` if it is written as null ("off").
    pub(crate) fn or_off<T>(
        &mut self,
        key: &'static str,
        default: Option<T>,
        report: &mut Report,
        read: Read<T>,
    ) -> Option<T> {
        match self.written(key) {
            None => default,
            Some(at) if at.node.value == Value::Null => None,
            Some(at) => read(&at, report),
        }
    }

    /// The value of `key`, which must be there.
    pub(crate) fn required<T>(&mut self, key: &'static str, report: &mut Report, read: Read<T>) -> Option<T> {
        match self.get(key) {
            Some(at) => read(&at, report),
            None => report.refuse(&self.at, format!("`{key}` is missing")),
        }
    }

    /// Refuses keys that nobody asked for and keys that stand twice.
    pub(crate) fn finish(self, report: &mut Report) {
        refuse_repeated_keys(&self.at, self.entries, report);
        for (key, node) in self.entries {
            if !self.known.contains(&key.as_str()) {
                let message = format!("unknown key; use one of {}", self.known.join(", "));
                report.refuse::<()>(&self.at.entry(key, node), message);
            }
        }
    }
}

fn refuse_repeated_keys(at: &At<'_>, entries: &[(String, Node)], report: &mut Report) {
    for (index, (key, node)) in entries.iter().enumerate() {
        if entries.iter().take(index).any(|(earlier, _)| earlier == key) {
            report.refuse::<()>(&at.entry(key, node), "stands twice; keep one");
        }
    }
}

/// A list, each item read by `read` and with its place. An item with a fault is left out.
pub(crate) fn placed_list<'a, T>(at: &At<'a>, report: &mut Report, read: Read<T>) -> Option<Vec<(At<'a>, T)>> {
    let Value::List(items) = &at.node.value else {
        return report.refuse(at, format!("{} where a list is expected; write [..]", at.node.value.describe()));
    };
    let places = items.iter().enumerate().map(|(index, node)| at.item(index, node));
    Some(places.filter_map(|at| read(&at, report).map(|item| (at, item))).collect())
}

/// A list, each item read by `read`. An item with a fault is left out.
pub(crate) fn list<T>(at: &At<'_>, report: &mut Report, read: Read<T>) -> Option<Vec<T>> {
    placed_list(at, report, read).map(without_places)
}

pub(crate) fn without_places<T>(items: Vec<(At<'_>, T)>) -> Vec<T> {
    items.into_iter().map(|(_, item)| item).collect()
}

/// Refuses each item whose identity an earlier one has, at its key `key`; `describe` names the identity.
pub(crate) fn refuse_repeats<T, I: PartialEq>(
    items: &[(At<'_>, T)],
    key: &str,
    identity: impl Fn(&T) -> I,
    describe: impl Fn(&T) -> String,
    report: &mut Report,
) {
    for (index, (at, item)) in items.iter().enumerate() {
        if items.iter().take(index).any(|(_, earlier)| identity(earlier) == identity(item)) {
            report.refuse::<()>(&at.below(key), describe(item));
        }
    }
}

/// A list whose items must differ.
pub(crate) fn distinct<T: PartialEq>(at: &At<'_>, report: &mut Report, read: Read<T>) -> Option<Vec<T>> {
    let mut taken: Vec<T> = Vec::new();
    for (at, item) in placed_list(at, report, read)? {
        if taken.contains(&item) {
            report.refuse::<()>(&at, format!("{} stands twice in the list; keep one", at.node.value.describe()));
        } else {
            taken.push(item);
        }
    }
    Some(taken)
}

/// The entries of a section whose keys are names: each with its key and place.
pub(crate) fn entries<'a>(at: &At<'a>, report: &mut Report) -> Vec<(&'a str, At<'a>)> {
    match &at.node.value {
        Value::Map(entries) => {
            refuse_repeated_keys(at, entries, report);
            entries.iter().map(|(key, node)| (key.as_str(), at.entry(key, node))).collect()
        }
        other => {
            report.refuse::<()>(at, format!("{} where a section with keys is expected", other.describe()));
            Vec::new()
        }
    }
}
