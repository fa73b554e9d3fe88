//! `kefu serve`: some or all services in one process.

use std::path::PathBuf;

use clap::Args;
use kefu_contracts::codec::Codec;
use kefu_policy::Policies;
use kefu_runtime::config::Config;
use kefu_runtime::lifecycle::{self, Process};
use kefu_runtime::policies;
use serde_json::{Map, Value, json};

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
    data_dir: Option<PathBuf>,
    /// Kafka's address, `host:port`; without it everything runs on the embedded store.
    #[arg(long)]
    kafka: Option<String>,
    /// Redis, as `redis://host:port`.
    #[arg(long, requires = "kafka")]
    redis: Option<String>,
    /// Prefix of the topics' names.
    #[arg(long)]
    prefix: Option<String>,
    /// Name of this instance: unique, and the same after a restart.
    #[arg(long)]
    instance: Option<String>,
    /// Where to listen, `host:port`; port 0 takes a free one.
    #[arg(long)]
    listen: Option<String>,
    /// Policy files in force from the start.
    #[arg(long, num_args = 1..)]
    policy: Vec<PathBuf>,
}

impl ServeArgs {
    fn flags(&self) -> Value {
        let mut flags = Map::new();
        let mut kafka = Map::new();
        if let Some(clock) = &self.clock {
            flags.insert("clock".to_owned(), json!(clock));
        }
        if let Some(folder) = &self.data_dir {
            flags.insert("backend".to_owned(), json!("embedded"));
            flags.insert("data_dir".to_owned(), json!(folder));
        }
        if let Some(bootstrap) = &self.kafka {
            flags.insert("backend".to_owned(), json!("kafka"));
            kafka.insert("bootstrap".to_owned(), json!(bootstrap));
        }
        if let Some(prefix) = &self.prefix {
            kafka.insert("prefix".to_owned(), json!(prefix));
        }
        if let Some(instance) = &self.instance {
            kafka.insert("instance".to_owned(), json!(instance));
        }
        if !kafka.is_empty() {
            flags.insert("kafka".to_owned(), Value::Object(kafka));
        }
        if let Some(url) = &self.redis {
            flags.insert("redis".to_owned(), json!({"url": url}));
        }
        if let Some(listen) = &self.listen {
            flags.insert("http".to_owned(), json!({"listen": listen}));
        }
        if !self.policy.is_empty() {
            flags.insert("policies".to_owned(), json!(self.policy));
        }
        Value::Object(flags)
    }
}

pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let config = Config::load(args.config.as_deref(), args.flags()).map_err(Failure::usage)?;
    let policies = policies::read_files(&config.policies).map_err(Failure::usage)?;
    let codec = Codec::single_object();
    let here = services::definitions(&args.services, &config, &codec).map_err(Failure::usage)?;
    let names: Vec<&str> = here.iter().map(|definition| definition.service.name).collect();
    let name = if names.len() == 1 { names[0] } else { "kefu" }.to_owned();
    let _telemetry = kefu_runtime::telemetry::start(&config.telemetry, &name).map_err(Failure::usage)?;
    let process = Process { here, policies, codec };
    lifecycle::serve(&config, process, |address, _| {
        println!("{name} listens at http://{address}");
    })
    .map_err(Failure::work)
}

/// Serves the demo's store with the event clock: time stands where the sample ended.
pub(crate) fn demo(folder: &std::path::Path, listen: &str, policies: Policies) -> Result<(), Failure> {
    let flags = json!({"clock": "event", "data_dir": folder, "http": {"listen": listen}, "telemetry": {"log": "warn"}});
    let config = Config::load(None, flags).map_err(Failure::usage)?;
    let _telemetry = kefu_runtime::telemetry::start(&config.telemetry, "kefu").map_err(Failure::usage)?;
    let codec = Codec::single_object();
    let here = services::definitions(&[], &config, &codec).map_err(Failure::usage)?;
    let process = Process { here, policies, codec };
    lifecycle::serve(&config, process, |_, _| {}).map_err(Failure::work)
}
