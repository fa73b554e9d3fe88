//! What settings must be, beyond their type: the impossible is refused, the dubious told in a warning.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use redis::IntoConnectionInfo;
use tracing_subscriber::EnvFilter;

use super::reading::Fault;
use super::sources::at;
use super::{BackendKind, Config, KafkaSettings, KeySettings, SurveyKeySettings, TelemetrySettings};
use crate::http::auth::{ApiKey, Scope};
use crate::kafka::property_faults;

/// Fewer could be guessed.
const TOKEN_CHARS_MIN: usize = 16;
/// A survey key shorter than the signature would be the easier thing to guess.
const SECRET_BYTES_MIN: usize = 32;
/// Kafka's limit for the names that are made of it is 249.
const NAME_CHARS_MAX: usize = 200;

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, at_dotted: &str, problem: impl Into<String>) {
        self.0.push(Fault { at: at(at_dotted), problem: problem.into(), is_unknown: false });
    }

    fn add_if(&mut self, is_wrong: bool, at_dotted: &str, problem: impl Into<String>) {
        if is_wrong {
            self.add(at_dotted, problem);
        }
    }
}

impl Config {
    /// Everything that is wrong with values that have the right type.
    pub(super) fn check(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        let listen = &self.http.listen;
        faults.add_if(
            listen.parse::<SocketAddr>().is_err(),
            "http.listen",
            format!("`{listen}` is no address; write it as 0.0.0.0:8080"),
        );
        faults.add_if(
            self.http.body_bytes_max == 0,
            "http.body_bytes_max",
            "0 lets no body in; use 1 or more, such as 4194304",
        );
        faults.add_if(
            self.http.unpacked_bytes_max < self.http.body_bytes_max,
            "http.unpacked_bytes_max",
            "less than http.body_bytes_max; a plain body could never be full; use as much or more",
        );
        for (index, path) in self.policies.iter().enumerate() {
            let is_empty = path.as_os_str().is_empty();
            faults.add_if(is_empty, &format!("policies.{index}"), "empty; write the name of a file");
        }
        faults.add_if(self.data_dir.as_os_str().is_empty(), "data_dir", "empty; write the name of a folder");
        check_telemetry(&self.telemetry, &mut faults);
        check_redis(&self.redis.url, &mut faults);
        check_kafka(&self.kafka, self.backend, &mut faults);
        check_keys(&self.keys, &mut faults);
        check_survey_keys(&self.survey_keys, &mut faults);
        faults.0
    }

    /// The API's keys.
    pub fn api_keys(&self) -> Vec<ApiKey> {
        let key = |key: &KeySettings| {
            let scopes = key.scopes.iter().filter_map(|scope| Scope::parse(scope)).collect();
            ApiKey::new(&key.token, &key.tenant, scopes)
        };
        self.keys.iter().map(key).collect()
    }

    /// What is allowed but may not be meant, to be told at the start.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.keys.is_empty() {
            let is_local = self.http.listen.parse::<SocketAddr>().is_ok_and(|listen| listen.ip().is_loopback());
            let board = if is_local { ", and on this machine the board" } else { "" };
            warnings.push(format!(
                "no API keys are configured: the API refuses everyone but health, metrics, /openapi.json and signed \
                 survey links{board}; add `keys`"
            ));
        }
        warnings
    }
}

fn check_telemetry(telemetry: &TelemetrySettings, faults: &mut Faults) {
    if let Err(error) = EnvFilter::try_new(&telemetry.log) {
        faults.add("telemetry.log", format!("{error}; write it as info or info,kefu_runtime=debug"));
    }
    let sample = telemetry.sample;
    faults.add_if(!(0.0..=1.0).contains(&sample), "telemetry.sample", format!("{sample} is no share; use 0 to 1"));
    if let Some(otlp) = &telemetry.otlp {
        let uri = otlp.parse::<axum::http::Uri>().ok().filter(|uri| uri.host().is_some());
        match uri.as_ref().and_then(axum::http::Uri::scheme_str) {
            Some("http") => {}
            Some("https") => faults.add("telemetry.otlp", "TLS is not supported; write http://host:port"),
            _ => faults.add("telemetry.otlp", "no URL of a collector; write http://host:port"),
        }
    }
}

/// The URL may hold a password, so it is not repeated.
fn check_redis(url: &str, faults: &mut Faults) {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    if matches!(scheme, Some("rediss" | "valkeys")) {
        faults.add("redis.url", "TLS is not supported; write redis://host:port");
    } else if url.into_connection_info().is_err() {
        faults.add("redis.url", "no URL of a Redis; write redis://host:port");
    }
}

fn check_kafka(kafka: &KafkaSettings, backend: BackendKind, faults: &mut Faults) {
    faults.add_if(kafka.threads == 0, "kafka.threads", "0 workers do nothing; use 1 or more");
    faults.add_if(
        kafka.bootstrap.split(',').any(|broker| broker.trim().is_empty()),
        "kafka.bootstrap",
        "a broker is empty; write host:port, several separated by commas",
    );
    let is_name = |name: &str| {
        name.len() <= NAME_CHARS_MAX && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    for (setting, name) in [("kafka.prefix", &kafka.prefix), ("kafka.instance", &kafka.instance)] {
        let problem = format!("`{name}` cannot stand in Kafka's names; use [A-Za-z0-9._-]{{1,{NAME_CHARS_MAX}}}");
        faults.add_if(!is_name(name), setting, problem);
    }
    faults.add_if(
        kafka.instance.is_empty() && backend == BackendKind::Kafka,
        "kafka.instance",
        "empty, and this machine tells no name; give each process a name of its own",
    );
    for (name, problem) in property_faults(&kafka.properties, kafka.grouping()) {
        let mut place = at("kafka.properties");
        place.extend(name);
        faults.0.push(Fault { at: place, problem, is_unknown: false });
    }
}

fn check_keys(keys: &[KeySettings], faults: &mut Faults) {
    let mut first_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, key) in keys.iter().enumerate() {
        let place = |setting: &str| format!("keys.{index}.{setting}");
        let first = *first_of.entry(&key.token).or_insert(index);
        if key.token.is_empty() {
            faults.add(&place("token"), "missing; write the secret that a request bears");
        } else if !key.token.bytes().all(|byte| byte.is_ascii_graphic()) {
            faults.add(&place("token"), "has spaces or letters that no header can bear; use visible ASCII");
        } else if key.token.len() < TOKEN_CHARS_MIN {
            let problem = format!("shorter than {TOKEN_CHARS_MIN} characters, it could be guessed; use a longer one");
            faults.add(&place("token"), problem);
        } else if first != index {
            faults.add(&place("token"), format!("the same as that of keys[{first}]; give each key its own"));
        }
        check_tenant(&key.tenant, &place("tenant"), faults);
        let known = "ingest, read, agent, supervisor or admin";
        faults.add_if(key.scopes.is_empty(), &place("scopes"), format!("empty, it may do nothing; use {known}"));
        for (number, scope) in key.scopes.iter().enumerate() {
            let problem = format!("`{scope}` is not known; use {known}");
            faults.add_if(Scope::parse(scope).is_none(), &place(&format!("scopes.{number}")), problem);
        }
    }
}

fn check_survey_keys(keys: &[SurveyKeySettings], faults: &mut Faults) {
    let mut first_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, key) in keys.iter().enumerate() {
        let place = |setting: &str| format!("survey_keys.{index}.{setting}");
        let first = *first_of.entry(&key.id).or_insert(index);
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if key.id.is_empty() || !key.id.bytes().all(is_id) {
            let problem = format!("`{}` cannot stand in a link; use letters, digits, `-` and `_`", key.id);
            faults.add(&place("id"), problem);
        } else if first != index {
            let problem = format!("the same as that of survey_keys[{first}]; a link names its key by the id alone");
            faults.add(&place("id"), problem);
        }
        check_tenant(&key.tenant, &place("tenant"), faults);
        let problem = format!("shorter than {SECRET_BYTES_MIN} bytes, it could be guessed; use a longer one");
        faults.add_if(key.secret.len() < SECRET_BYTES_MIN, &place("secret"), problem);
    }
}

fn check_tenant(tenant: &str, place: &str, faults: &mut Faults) {
    let is_tenant = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    let fits = !tenant.is_empty() && tenant.len() <= 64 && tenant.bytes().all(is_tenant);
    faults.add_if(!fits, place, format!("`{tenant}` is not [a-z0-9_-]{{1,64}}"));
}
