//! Settings of a process: file, environment (`KEFU__...`) and flags, in that order of growing weight.
//!
//! Owns names and defaults. Where a value came from is `sources`, which faults it has `reading` and `check`: all of
//! them are told at once, each with its source.

mod check;
mod reading;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use figment::value::Value;
use serde::de::{Deserializer, IntoDeserializer};
use serde::{Deserialize, Serialize};

pub use self::reading::Reading;
pub use self::sources::Flag;
use self::sources::Sources;
use crate::kafka::{GroupProtocol, Grouping, Membership};

/// Settings of a process.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where events and states are kept: `embedded` or `kafka`.
    #[serde(deserialize_with = "by_name")]
    pub backend: BackendKind,
    /// What time is: `wall`, or `event` to take it from the events, for comparisons.
    #[serde(deserialize_with = "by_name")]
    pub clock: ClockKind,
    /// Folder of the embedded store.
    pub data_dir: PathBuf,
    /// Policy files in force from the start.
    pub policies: Vec<PathBuf>,
    /// Keys of the API.
    pub keys: Vec<KeySettings>,
    /// Keys that sign the links to surveys; of a tenant's keys the last one signs, all are accepted.
    pub survey_keys: Vec<SurveyKeySettings>,
    /// Settings of Kafka.
    pub kafka: KafkaSettings,
    /// Settings of Redis.
    pub redis: RedisSettings,
    /// Settings of the HTTP server.
    pub http: HttpSettings,
    /// Settings of logs and traces.
    pub telemetry: TelemetrySettings,
}

/// Where events and states are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackendKind {
    /// One file, one process.
    #[default]
    Embedded,
    /// Kafka and Redis.
    Kafka,
}

/// What time is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// The wall clock.
    #[default]
    Wall,
    /// The time of the events.
    Event,
}

/// Settings of Kafka.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaSettings {
    /// `host:port`, separated by commas.
    pub bootstrap: String,
    /// Prefix of every topic and group.
    pub prefix: String,
    /// Unique among the instances of a service and the same after a restart; the host's name by default, which is the
    /// pod's in Kubernetes.
    pub instance: String,
    /// Whether the group keeps an instance's partitions while it is away.
    #[serde(deserialize_with = "by_name")]
    pub membership: Membership,
    /// By which protocol partitions are shared out.
    #[serde(deserialize_with = "by_name")]
    pub group_protocol: GroupProtocol,
    /// Worker threads of each service.
    pub threads: usize,
    /// Further librdkafka settings, by their own names; they weigh more than kefu's. Those that correctness rests on
    /// are refused.
    pub properties: BTreeMap<String, String>,
}

/// Settings of Redis.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisSettings {
    /// `redis://host:port`; without TLS.
    pub url: String,
}

/// Settings of the HTTP server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSettings {
    /// Where it listens.
    pub listen: String,
    /// Largest body taken, before unpacking, in bytes.
    pub body_bytes_max: usize,
    /// Largest body after unpacking, in bytes.
    pub unpacked_bytes_max: usize,
}

/// Settings of logs and traces.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetrySettings {
    /// Which log lines are written, as `tracing` understands it.
    pub log: String,
    /// `json` or `text`.
    #[serde(deserialize_with = "by_name")]
    pub format: LogFormat,
    /// OTLP endpoint over HTTP, such as `http://collector:4318`; no traces are exported without.
    pub otlp: Option<String>,
    /// Share of the traces begun here that are exported, 0 to 1.
    pub sample: f64,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one object a line.
    Json,
}

/// A key of the API.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeySettings {
    /// The secret that a request bears.
    pub token: String,
    /// The tenant it is for.
    pub tenant: String,
    /// What it may do: `ingest`, `read`, `agent`, `supervisor`, `admin`.
    pub scopes: Vec<String>,
}

/// A key that signs the links to a tenant's surveys.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SurveyKeySettings {
    /// Stands in the links: letters, digits, `-` and `_`; unique among all tenants.
    pub id: String,
    /// The tenant it is for.
    pub tenant: String,
    /// At least 32 bytes.
    pub secret: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backend: BackendKind::Embedded,
            clock: ClockKind::Wall,
            data_dir: PathBuf::from("kefu-data"),
            policies: Vec::new(),
            keys: Vec::new(),
            survey_keys: Vec::new(),
            kafka: KafkaSettings::default(),
            redis: RedisSettings::default(),
            http: HttpSettings::default(),
            telemetry: TelemetrySettings::default(),
        }
    }
}

impl KafkaSettings {
    /// How workers belong to their groups.
    pub fn grouping(&self) -> Grouping {
        Grouping { membership: self.membership, protocol: self.group_protocol }
    }
}

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            bootstrap: "127.0.0.1:9092".to_owned(),
            prefix: "cs.".to_owned(),
            instance: host_name(),
            membership: Membership::default(),
            group_protocol: GroupProtocol::default(),
            threads: 1,
            properties: BTreeMap::new(),
        }
    }
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self { url: "redis://127.0.0.1:6379".to_owned() }
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            body_bytes_max: 4 * 1024 * 1024,
            unpacked_bytes_max: 16 * 1024 * 1024,
        }
    }
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self { log: "info".to_owned(), format: LogFormat::Text, otlp: None, sample: 0.01 }
    }
}

/// Faults for people, one a line.
pub(crate) fn listed(faults: &[impl std::fmt::Display]) -> String {
    let lines: Vec<String> = faults.iter().map(|fault| format!("  {fault}")).collect();
    lines.join("\n")
}

/// All faults of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration has {} fault(s):\n{}", .0.len(), listed(.0))]
pub struct ConfigFaults(pub Vec<String>);

impl Config {
    /// Reads `file` and the environment, and then what the program itself sets.
    ///
    /// # Errors
    /// All faults at once.
    pub fn load(file: Option<&Path>, settings: impl Serialize) -> Result<Self, ConfigFaults> {
        let given = Value::serialize(settings).map_err(|error| ConfigFaults(vec![error.to_string()]))?;
        Self::read_from(file, std::env::vars_os(), |sources| sources.add_program(given)).checked()
    }

    /// Reads `file`, the environment and then `flags`, as far as they can be read.
    pub fn read(file: Option<&Path>, flags: Vec<Flag>) -> Reading {
        Self::read_from(file, std::env::vars_os(), |sources| flags.into_iter().for_each(|flag| sources.add_flag(flag)))
    }

    fn read_from(
        file: Option<&Path>,
        variables: impl Iterator<Item = (OsString, OsString)>,
        add: impl FnOnce(&mut Sources),
    ) -> Reading {
        let mut sources = Sources::default();
        let mut faults: Vec<String> = file.and_then(|file| sources.add_file(file).err()).into_iter().collect();
        faults.extend(sources.add_variables(variables));
        add(&mut sources);
        Reading::of(&sources, faults)
    }
}

/// Reads a choice by its name alone; anything else counts as the empty name, which no choice has.
fn by_name<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    let name = String::deserialize(deserializer).unwrap_or_default();
    T::deserialize(name.into_deserializer())
}

/// The name of this machine; in a container it is the container's. Empty if it cannot be had.
fn host_name() -> String {
    let variable = std::env::var_os("HOSTNAME").and_then(|name| name.into_string().ok());
    known_name(variable, || std::fs::read_to_string("/proc/sys/kernel/hostname").ok())
}

fn known_name(variable: Option<String>, kernel: impl FnOnce() -> Option<String>) -> String {
    let variable = variable.filter(|name| !name.trim().is_empty());
    variable.or_else(kernel).unwrap_or_default().trim().to_owned()
}
