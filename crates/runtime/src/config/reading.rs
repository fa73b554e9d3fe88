//! Reading settings of any shape, so that each fault is found in one go.
//!
//! A value that does not fit is noted, taken out, and the rest is read again. What values must be is in `check`.

use figment::error::{Actual, Error, Kind};
use figment::value::{Dict, Value};

use super::sources::{At, Sources, found_mut};
use super::{Config, ConfigFaults};
use crate::policies;

/// A fault, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: At,
    pub(super) problem: String,
    /// No setting has this name, so every source that gives it is wrong; of a value only the weightiest source is.
    pub(super) is_unknown: bool,
}

/// Settings as far as they could be read, and everything that is wrong with them.
pub struct Reading {
    /// The settings; a faulty one is as it is by default.
    pub config: Config,
    /// All faults, each with its source.
    pub faults: Vec<String>,
}

impl Reading {
    /// Reads what `sources` say; `faults` are those of the sources themselves.
    pub(super) fn of(sources: &Sources, mut faults: Vec<String>) -> Self {
        let (mut config, mut found) = deserialized(sources.merged());
        for fault in config.check() {
            // a value that was taken out has its fault already
            if !found.iter().any(|known| fault.at.starts_with(&known.at)) {
                found.push(fault);
            }
        }
        config.policies.retain(|path| !path.as_os_str().is_empty());
        faults.extend(found.iter().flat_map(|fault| sources.told(fault)));
        Self { config, faults }
    }

    /// The settings, if they have no fault.
    ///
    /// # Errors
    /// All faults.
    pub fn checked(self) -> Result<Config, ConfigFaults> {
        if self.faults.is_empty() { Ok(self.config) } else { Err(ConfigFaults(self.faults)) }
    }

    /// The settings with the policies that they name and what `define` makes of them. If they have faults, `define`
    /// gets the default settings, so that its own faults are told in the same list.
    ///
    /// # Errors
    /// All faults: of the settings, of the policies, and of `define`.
    pub fn with<T>(
        self,
        define: impl FnOnce(&Config) -> Result<T, ConfigFaults>,
    ) -> Result<(Config, kefu_policy::Policies, T), ConfigFaults> {
        let Self { config, mut faults } = self;
        let policies = policies::read_files(&config.policies);
        let defined = if faults.is_empty() { define(&config) } else { define(&Config::default()) };
        match (policies, defined) {
            (Ok(policies), Ok(defined)) if faults.is_empty() => Ok((config, policies, defined)),
            (policies, defined) => {
                faults.extend(policies.err().map(|error| error.to_string()));
                faults.extend(defined.err().into_iter().flat_map(|more| more.0));
                Err(ConfigFaults(faults))
            }
        }
    }
}

fn deserialized(mut tree: Value) -> (Config, Vec<Fault>) {
    let mut faults: Vec<Fault> = Vec::new();
    loop {
        let errors = match tree.deserialize::<Config>() {
            Ok(config) => return (config, faults),
            Err(errors) => errors,
        };
        for error in errors {
            let (at, problem) = (error.path.clone(), problem(&error));
            let is_out = take_out(&mut tree, &at);
            if !faults.iter().any(|known| known.at == at) {
                let is_unknown = matches!(error.kind, Kind::UnknownField(..));
                faults.push(Fault { at, problem, is_unknown });
            }
            if !is_out {
                return (Config::default(), faults);
            }
        }
    }
}

/// Takes the value at `at` out. In a list an empty one stays in its place, so that the indices after it stay right.
fn take_out(tree: &mut Value, at: &[String]) -> bool {
    let Some((name, parent)) = at.split_last() else { return false };
    let list = parent.last().map(String::as_str);
    match found_mut(tree, parent) {
        Some(Value::Dict(_, dict)) => dict.remove(name).is_some(),
        Some(Value::Array(_, values)) => {
            let empty = if matches!(list, Some("keys" | "survey_keys")) { Dict::new().into() } else { Value::from("") };
            match name.parse().ok().and_then(|index: usize| values.get_mut(index)) {
                Some(value) if *value != empty => {
                    *value = empty;
                    true
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// What is wrong and what is allowed. Texts are not repeated, for they may be secrets; names of choices are.
fn problem(error: &Error) -> String {
    match &error.kind {
        Kind::UnknownField(name, known) => format!("no such setting `{name}`; use {}", listed_or(known)),
        Kind::UnknownVariant(name, known) if name.is_empty() => format!("not one of {}", listed_or(known)),
        Kind::UnknownVariant(name, known) => format!("`{name}` is not known; use {}", listed_or(known)),
        Kind::InvalidType(found, wanted) => {
            let is_plain = matches!(found_kind(found), "a number" | "true or false");
            let hint = if is_plain && wanted_kind(wanted) == "a text" { "; write it in quotes" } else { "" };
            format!("{} is wanted, this is {}{hint}", wanted_kind(wanted), found_kind(found))
        }
        Kind::InvalidValue(Actual::Signed(number), wanted) => format!("{number} is not {}", wanted_kind(wanted)),
        Kind::InvalidValue(_, wanted) => format!("not {}", wanted_kind(wanted)),
        other => other.to_string(),
    }
}

fn wanted_kind(wanted: &str) -> &str {
    match wanted {
        "usize" => "a whole number, 0 or more",
        "f64" => "a number",
        "a string" | "path string" => "a text",
        "a sequence" => "a list",
        table if table == "a map" || table.starts_with("struct ") => "a table of settings",
        other => other,
    }
}

fn found_kind(found: &Actual) -> &'static str {
    match found {
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number",
        Actual::Str(_) | Actual::Char(_) => "a text",
        Actual::Seq => "a list",
        Actual::Map => "a table",
        _ => "something else",
    }
}

fn listed_or(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => "none".to_owned(),
    }
}
