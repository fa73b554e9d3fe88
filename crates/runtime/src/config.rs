//! Settings of a process: file, environment (`KEFU__...`) and flags, in that order of growing weight.
//!
//! Owns names, defaults and the check, which lists all faults at once.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::Value;
use serde::{Deserialize, Serialize};

use crate::http::auth::{ApiKey, Scope};

/// Settings of a process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where events and states are kept: `embedded` or `kafka`.
    pub backend: BackendKind,
    /// What time is: `wall`, or `event` to take it from the events, for comparisons.
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackendKind {
    /// One file, one process.
    #[default]
    Embedded,
    /// Kafka and Redis.
    Kafka,
}

/// What time is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// The wall clock.
    #[default]
    Wall,
    /// The time of the events.
    Event,
}

/// Settings of Kafka.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaSettings {
    /// `host:port`, separated by commas.
    pub bootstrap: String,
    /// Prefix of every topic and group.
    pub prefix: String,
    /// Unique among the instances of a service and the same after a restart; the pod's name in Kubernetes.
    pub instance: String,
    /// Worker threads of each service.
    pub threads: usize,
    /// Further librdkafka settings, by their own names.
    pub properties: std::collections::BTreeMap<String, String>,
}

/// Settings of Redis.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisSettings {
    /// `redis://host:port`.
    pub url: String,
}

/// Settings of the HTTP server.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetrySettings {
    /// Which log lines are written, as `tracing` understands it.
    pub log: String,
    /// `json` or `text`.
    pub format: LogFormat,
    /// OTLP endpoint over HTTP, such as `http://collector:4318`; no traces are exported without.
    pub otlp: Option<String>,
    /// Share of the traces begun here that are exported, 0 to 1.
    pub sample: f64,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one object a line.
    Json,
}

/// A key of the API.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySettings {
    /// The secret that a request bears.
    pub token: String,
    /// The tenant it is for.
    pub tenant: String,
    /// What it may do: `ingest`, `read`, `agent`, `supervisor`, `admin`.
    pub scopes: Vec<String>,
}

/// A key that signs the links to a tenant's surveys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            bootstrap: "127.0.0.1:9092".to_owned(),
            prefix: "cs.".to_owned(),
            instance: "kefu-0".to_owned(),
            threads: 1,
            properties: std::collections::BTreeMap::new(),
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
    /// Reads `file`, the environment and then `flags`.
    ///
    /// # Errors
    /// All faults at once.
    pub fn load(file: Option<&Path>, flags: impl Serialize) -> Result<Self, ConfigFaults> {
        Self::read(file, |figment| figment.merge(Serialized::globals(flags)))
    }

    /// Reads `file`, the environment and then single settings by their names, such as `http.listen`.
    ///
    /// # Errors
    /// All faults at once.
    pub fn load_with(file: Option<&Path>, settings: Vec<(String, Value)>) -> Result<Self, ConfigFaults> {
        let merge = |figment: Figment, (name, value)| figment.merge(Serialized::default(name, value));
        Self::read(file, |figment| {
            settings.iter().fold(figment, |figment, (name, value)| merge(figment, (name, value)))
        })
    }

    fn read(file: Option<&Path>, flags: impl FnOnce(Figment) -> Figment) -> Result<Self, ConfigFaults> {
        let mut figment = Figment::from(Serialized::defaults(Config::default()));
        let mut faults = Vec::new();
        if let Some(file) = file {
            if !file.is_file() {
                faults.push(format!("{}: no such file", file.display()));
            }
            figment = figment.merge(Toml::file(file));
        }
        let figment = flags(figment.merge(Env::prefixed("KEFU__").split("__")));
        match figment.extract::<Config>() {
            Ok(config) => {
                faults.extend(config.faults());
                if faults.is_empty() { Ok(config) } else { Err(ConfigFaults(faults)) }
            }
            Err(errors) => {
                faults.extend(errors.into_iter().map(|error| error.to_string()));
                Err(ConfigFaults(faults))
            }
        }
    }

    /// Everything that is wrong with values that have the right type.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |wrong: bool, text: String| {
            if wrong {
                faults.push(text);
            }
        };
        fault(
            self.http.listen.parse::<SocketAddr>().is_err(),
            format!("http.listen: `{}` is no address; write it as 0.0.0.0:8080", self.http.listen),
        );
        fault(
            !(0.0..=1.0).contains(&self.telemetry.sample),
            format!("telemetry.sample: {} is no share; use 0 to 1", self.telemetry.sample),
        );
        fault(self.kafka.threads == 0, "kafka.threads: 0 workers do nothing; use 1 or more".to_owned());
        fault(
            self.backend == BackendKind::Kafka && self.kafka.bootstrap.trim().is_empty(),
            "kafka.bootstrap: empty; write host:port".to_owned(),
        );
        fault(
            self.backend == BackendKind::Kafka && !self.redis.url.starts_with("redis"),
            format!("redis.url: `{}` is no Redis URL; write redis://host:port", self.redis.url),
        );
        fault(
            self.http.unpacked_bytes_max < self.http.body_bytes_max,
            "http.unpacked_bytes_max: less than http.body_bytes_max; a plain body could never be full".to_owned(),
        );
        for (index, key) in self.keys.iter().enumerate() {
            if let Err(problem) = key.check() {
                fault(true, format!("keys[{index}].{problem}"));
            }
        }
        faults
    }

    /// The API's keys.
    pub fn api_keys(&self) -> Vec<ApiKey> {
        self.keys.iter().filter_map(|key| key.check().ok()).collect()
    }
}

impl KeySettings {
    fn check(&self) -> Result<ApiKey, String> {
        const TOKEN_CHARS_MIN: usize = 16;
        if self.token.len() < TOKEN_CHARS_MIN {
            return Err(format!("token: shorter than {TOKEN_CHARS_MIN} characters, it could be guessed"));
        }
        let is_tenant = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        if self.tenant.is_empty() || self.tenant.len() > 64 || !self.tenant.bytes().all(is_tenant) {
            return Err(format!("tenant: `{}` is not [a-z0-9_-]{{1,64}}", self.tenant));
        }
        let scopes = self.scopes.iter().map(|scope| {
            Scope::parse(scope)
                .ok_or_else(|| format!("scopes: unknown scope `{scope}`; use ingest, read, agent, supervisor or admin"))
        });
        Ok(ApiKey::new(&self.token, &self.tenant, scopes.collect::<Result<_, _>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_are_listed_at_once() {
        let flags = serde_json::json!({
            "http": {"listen": "nowhere"},
            "telemetry": {"sample": 2.0},
            "kafka": {"threads": 0},
            "keys": [{"token": "short", "tenant": "demo", "scopes": ["read"]}],
        });
        let faults = Config::load(None, flags).unwrap_err().0;
        assert_eq!(faults.len(), 4, "{faults:#?}");
        assert!(faults[0].starts_with("http.listen"), "{faults:#?}");
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let faults = Config::load(None, serde_json::json!({"htpp": {}})).unwrap_err().0;
        assert!(faults[0].contains("htpp"), "{faults:#?}");
    }
}
