//! Where settings come from: the file, the environment, flags.
//!
//! Owns what each source says, their merge by weight, and the name of the source that a value was taken from. What a
//! value means is not known here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use figment::providers::{Format, Toml};
use figment::value::{Dict, Empty, Tag, Value};

use super::reading::Fault;

/// Begins the name of a variable that holds a setting.
const PREFIX: &str = "KEFU__";
/// librdkafka's names have dots, which TOML and the flags read as tables.
const DOTTED: [&str; 2] = ["kafka", "properties"];

/// The way to a value from the root: names, and indices of lists.
pub(super) type At = Vec<String>;

/// The way to the value that `dotted` names, such as `keys.0.token`.
pub(super) fn at(dotted: &str) -> At {
    dotted.split('.').map(str::to_owned).collect()
}

/// A way as people write it, such as `keys[0].token`.
pub(super) fn shown(at: &[String]) -> String {
    let mut text = String::new();
    for name in at {
        if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
            text.push_str(&format!("[{name}]"));
        } else {
            let dot = if text.is_empty() { "" } else { "." };
            text.push_str(&format!("{dot}{name}"));
        }
    }
    text
}

/// A setting given by a flag.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    /// As it is written, such as `--listen`.
    pub name: String,
    /// The setting, such as `http.listen`.
    pub key: String,
    /// Its value.
    pub value: Value,
}

#[derive(Clone, Debug)]
enum Source {
    File(PathBuf),
    Variable(String),
    Flag(String),
    Program,
}

/// What one source says.
struct Given {
    source: Source,
    /// The setting that it names; none if it holds many.
    key: At,
    tree: Value,
}

/// All sources, each weighing more than those before.
#[derive(Default)]
pub(super) struct Sources {
    given: Vec<Given>,
}

impl Sources {
    /// Adds a TOML file; gives the fault if it cannot be read.
    pub(super) fn add_file(&mut self, file: &Path) -> Result<(), String> {
        let fault = |problem: &dyn std::fmt::Display| format!("{}: {problem}", file.display());
        let text = std::fs::read_to_string(file).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => fault(&"no such file"),
            _ => fault(&error),
        })?;
        let dict: Dict =
            Toml::from_str(&text).map_err(|error| fault(&format!("no TOML: {}", error.to_string().trim())))?;
        self.add(Source::File(file.to_owned()), At::new(), dict.into());
        Ok(())
    }

    /// Adds the variables whose names begin as a setting's do; gives the faults of those that are no text.
    pub(super) fn add_variables(&mut self, variables: impl Iterator<Item = (OsString, OsString)>) -> Vec<String> {
        let mut faults = Vec::new();
        let named = variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let is_ours = |name: &str| name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
        let mut ours: Vec<(String, OsString)> = named.filter(|(name, _)| is_ours(name)).collect();
        ours.sort();
        for (name, value) in ours {
            let key = name.get(PREFIX.len()..).unwrap_or_default().to_ascii_lowercase();
            let key: At = key.split("__").map(str::to_owned).collect();
            match value.to_str() {
                Some(text) => self.add(Source::Variable(name), key, read(text)),
                None => faults.push(format!("environment variable {name}: the value is no UTF-8")),
            }
        }
        faults
    }

    pub(super) fn add_flag(&mut self, flag: Flag) {
        self.add(Source::Flag(flag.name), at(&flag.key), flag.value);
    }

    /// Adds what the program itself sets.
    pub(super) fn add_program(&mut self, tree: Value) {
        self.add(Source::Program, At::new(), tree);
    }

    fn add(&mut self, source: Source, mut key: At, value: Value) {
        if key.starts_with(&DOTTED.map(str::to_owned)) && key.len() > DOTTED.len() {
            let name = key.split_off(DOTTED.len()).join(".");
            key.push(name);
        }
        let mut tree = key.iter().rev().fold(value, |value, name| Dict::from([(name.clone(), value)]).into());
        if let Some(properties) = found_mut(&mut tree, &DOTTED.map(str::to_owned)) {
            flatten(properties);
        }
        self.given.push(Given { source, key, tree });
    }

    /// What all sources say together.
    pub(super) fn merged(&self) -> Value {
        let mut merged = Value::from(Dict::new());
        for given in &self.given {
            merge(&mut merged, &given.tree);
        }
        merged
    }

    /// A fault as people are told it, once for each source at fault.
    pub(super) fn told(&self, fault: &Fault) -> Vec<String> {
        // what is missing is at fault where the rest of its table is
        let places = (1..=fault.at.len()).rev().filter_map(|length| fault.at.get(..length));
        let of_place = |place: &[String]| -> Vec<&Given> {
            self.given.iter().rev().filter(|given| found(&given.tree, place).is_some()).collect()
        };
        let given = places.map(of_place).find(|given| !given.is_empty()).unwrap_or_default();
        if given.is_empty() {
            return vec![format!("{}: {}", shown(&fault.at), fault.problem)];
        }
        let count = if fault.is_unknown { given.len() } else { 1 };
        given.into_iter().take(count).map(|given| given.told(fault)).collect()
    }
}

impl Given {
    fn told(&self, Fault { at, problem, .. }: &Fault) -> String {
        let key = shown(at);
        let within = if *at == self.key { String::new() } else { format!("{key}: ") };
        match &self.source {
            Source::File(file) => format!("{}: {within}{problem}", file.display()),
            Source::Variable(name) => format!("environment variable {name}: {within}{problem}"),
            Source::Flag(name) => format!("flag {name}: {within}{problem}"),
            Source::Program => format!("{key}: {problem}"),
        }
    }
}

/// A value of a flag or variable: `3` is a number, `["a"]` a list, anything else a text.
fn read(text: &str) -> Value {
    match text.parse() {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Dict(_, into), Value::Dict(_, from)) => {
            for (name, value) in from {
                merge(into.entry(name.clone()).or_insert(Value::Empty(Tag::Default, Empty::None)), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// Turns `{linger = {ms = 5}}` into `{"linger.ms" = "5"}`: librdkafka's values are texts.
fn flatten(properties: &mut Value) {
    if let Value::Dict(_, dict) = properties {
        let mut flat = Dict::new();
        for (name, value) in std::mem::take(dict) {
            collect(name, value, &mut flat);
        }
        *dict = flat;
    }
}

fn collect(name: String, value: Value, flat: &mut Dict) {
    match value {
        Value::Dict(_, inner) => {
            for (part, value) in inner {
                collect(format!("{name}.{part}"), value, flat);
            }
        }
        value => {
            let text = match &value {
                Value::Bool(_, is_on) => Some(is_on.to_string()),
                Value::Num(_, number) => (number.to_i128().map(|number| number.to_string()))
                    .or_else(|| number.to_u128().map(|number| number.to_string()))
                    .or_else(|| number.to_f64().map(|number| number.to_string())),
                _ => None,
            };
            flat.insert(name, text.map_or(value, Value::from));
        }
    }
}

/// The value at `at`.
fn found<'v>(tree: &'v Value, at: &[String]) -> Option<&'v Value> {
    at.iter().try_fold(tree, |value, name| match value {
        Value::Dict(_, dict) => dict.get(name),
        Value::Array(_, list) => name.parse().ok().and_then(|index: usize| list.get(index)),
        _ => None,
    })
}

/// The value at `at`, to be changed.
pub(super) fn found_mut<'v>(tree: &'v mut Value, at: &[String]) -> Option<&'v mut Value> {
    at.iter().try_fold(tree, |value, name| match value {
        Value::Dict(_, dict) => dict.get_mut(name),
        Value::Array(_, list) => name.parse().ok().and_then(|index: usize| list.get_mut(index)),
        _ => None,
    })
}
