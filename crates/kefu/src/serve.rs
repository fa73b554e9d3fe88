//! `kefu serve`: some or all services in one process.

use std::path::PathBuf;

use clap::Args;
use kefu_contracts::codec::Codec;
use kefu_policy::Policies;
use kefu_runtime::config::{Config, ConfigFaults, Flag, Value};
use kefu_runtime::lifecycle::{self, Process};
use kefu_runtime::telemetry;
use serde_json::json;

use crate::{Failure, services};

/// Flags of `kefu serve`; what is not given comes from the environment and the file.
#[derive(Args)]
pub(crate) struct ServeArgs {
    /// Services to run, separated by commas; all six by default.
    #[arg(long, value_delimiter = ',')]
    services: Vec<String>,
    /// Configuration file (TOML).
    #[arg(long)]
    config: Option<PathBuf>,
    /// `wall`, or `event` to take time from the events, for comparisons.
    #[arg(long)]
    clock: Option<String>,
    /// Folder of the embedded store.
    #[arg(long, conflicts_with = "kafka")]
    data_dir: Option<String>,
    /// Kafka's address, `host:port`; without it everything runs on the embedded store.
    #[arg(long)]
    kafka: Option<String>,
    /// Redis, as `redis://host:port`.
    #[arg(long, requires = "kafka")]
    redis: Option<String>,
    /// Prefix of the topics' names.
    #[arg(long)]
    prefix: Option<String>,
    /// Name of this instance: unique, and the same after a restart; the host's name by default.
    #[arg(long)]
    instance: Option<String>,
    /// Where to listen, `host:port`; port 0 takes a free one.
    #[arg(long)]
    listen: Option<String>,
    /// Policy files in force from the start.
    #[arg(long, num_args = 1..)]
    policy: Vec<String>,
}

impl ServeArgs {
    /// The settings that the flags stand for.
    fn flags(&self) -> Vec<Flag> {
        let mut flags = Vec::new();
        let mut add = |name: &str, key: &str, value: Option<Value>| {
            flags.extend(value.map(|value| Flag { name: name.to_owned(), key: key.to_owned(), value }));
        };
        let text = |value: &Option<String>| value.as_deref().map(Value::from);
        add("--clock", "clock", text(&self.clock));
        add("--data-dir", "backend", self.data_dir.as_ref().map(|_| Value::from("embedded")));
        add("--data-dir", "data_dir", text(&self.data_dir));
        add("--kafka", "backend", self.kafka.as_ref().map(|_| Value::from("kafka")));
        add("--kafka", "kafka.bootstrap", text(&self.kafka));
        add("--prefix", "kafka.prefix", text(&self.prefix));
        add("--instance", "kafka.instance", text(&self.instance));
        add("--redis", "redis.url", text(&self.redis));
        add("--listen", "http.listen", text(&self.listen));
        add("--policy", "policies", (!self.policy.is_empty()).then(|| Value::from(self.policy.clone())));
        flags
    }
}

pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let codec = Codec::single_object();
    let define = |config: &Config| {
        services::definitions(&args.services, config, &codec).map_err(|fault| ConfigFaults(vec![fault]))
    };
    let reading = Config::read(args.config.as_deref(), args.flags());
    let format = reading.config.telemetry.format;
    let (config, policies, here) = reading.with(define).map_err(|faults| Failure::usage(faults).told_as(format))?;
    let names: Vec<&str> = here.iter().map(|definition| definition.service.name).collect();
    let name = if names.len() == 1 { names[0] } else { "kefu" }.to_owned();
    let started = telemetry::start(&config.telemetry, &name);
    let _telemetry = started.map_err(|fault| Failure::usage(fault).told_as(format))?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let process = Process { here, policies, codec };
    lifecycle::serve(&config, process, |address, _| telemetry::tell_listening(format, &name, address))
        .map_err(|error| Failure::work(error).told_as(format))
}

/// Serves the demo's store with the event clock: time stands where the sample ended.
pub(crate) fn demo(folder: &std::path::Path, listen: &str, policies: Policies) -> Result<(), Failure> {
    let flags = json!({"clock": "event", "data_dir": folder, "http": {"listen": listen}, "telemetry": {"log": "warn"}});
    let config = Config::load(None, flags).map_err(Failure::usage)?;
    let _telemetry = telemetry::start(&config.telemetry, "kefu").map_err(Failure::usage)?;
    let codec = Codec::single_object();
    let here = services::definitions(&[], &config, &codec).map_err(Failure::usage)?;
    let process = Process { here, policies, codec };
    lifecycle::serve(&config, process, |_, _| {}).map_err(Failure::work)
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use kefu_runtime::config::{BackendKind, ClockKind, Reading};

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn args(words: &[&str]) -> ServeArgs {
        Line::parse_from(["serve"].iter().chain(words)).serve
    }

    #[test]
    fn every_flag_reaches_its_setting() {
        let words = [
            &["--clock", "event", "--kafka", "k:1", "--redis", "redis://r:1", "--prefix", "p."][..],
            &["--instance", "i0", "--listen", "1.1.1.1:1", "--policy", "a.yaml", "b.yaml"],
        ];
        let Reading { config, faults } = Config::read(None, args(&words.concat()).flags());
        assert_eq!(faults, Vec::<String>::new());
        let kafka = (config.kafka.bootstrap, config.kafka.prefix, config.kafka.instance);
        assert_eq!((config.backend, config.clock), (BackendKind::Kafka, ClockKind::Event));
        assert_eq!(kafka, ("k:1".to_owned(), "p.".to_owned(), "i0".to_owned()));
        assert_eq!((config.redis.url.as_str(), config.http.listen.as_str()), ("redis://r:1", "1.1.1.1:1"));
        assert_eq!(config.policies, ["a.yaml", "b.yaml"].map(std::path::PathBuf::from));
        let embedded = Config::read(None, args(&["--data-dir", "d"]).flags()).config;
        assert_eq!((embedded.backend, embedded.data_dir), (BackendKind::Embedded, "d".into()));
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_with_its_flag() {
        let words = [
            "--clock",
            "foo",
            "--listen",
            "nowhere",
            "--services",
            "billing",
            "--policy",
            "none.yaml",
            "--config",
            "c",
        ];
        let failure = run(&args(&words)).unwrap_err();
        assert_eq!(failure.code, crate::EX_USAGE);
        let faults: Vec<&str> = failure.text.lines().skip(1).map(str::trim).collect();
        let starts = [
            "c: no such file",
            "flag --clock: `foo` is not known; use wall or event",
            "flag --listen: `nowhere` is no address",
            "none.yaml: ",
            "--services: `billing` is no service",
        ];
        assert!(faults.iter().zip(starts).all(|(fault, start)| fault.starts_with(start)), "{faults:#?}");
        assert_eq!(faults.len(), starts.len(), "{faults:#?}");
    }
}
