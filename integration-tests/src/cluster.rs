//! Topics of a test's own on the broker that the tests of a file share, and a Redis of its own.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use kefu_test_rig::{Kafka, KafkaOptions, Redis, SERVICES};

use crate::process::Running;
use crate::program::{run_kefu, sample_policy};

/// Topics under a prefix of their own, and a Redis.
pub struct Cluster {
    /// The hot copy.
    pub redis: Redis,
    prefix: String,
    folder: tempfile::TempDir,
}

/// One broker a test program: its start takes longer than most tests. It ends with the program.
fn broker() -> &'static Kafka {
    static BROKER: OnceLock<Kafka> = OnceLock::new();
    BROKER.get_or_init(|| Kafka::start(KafkaOptions::default()).unwrap_or_else(|error| panic!("{error}")))
}

impl Cluster {
    /// Makes the topics, and starts what does not run.
    pub fn start(partitions: u32) -> Self {
        let cluster = Self::without_topics();
        cluster.apply_topics(partitions);
        cluster
    }

    /// Starts what does not run.
    pub fn without_topics() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let redis = Redis::start().unwrap_or_else(|error| panic!("{error}"));
        let prefix = format!("t{}.", NUMBER.fetch_add(1, Ordering::Relaxed));
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        Self { redis, prefix, folder }
    }

    fn apply_topics(&self, partitions: u32) {
        let (bootstrap, partitions) = (self.bootstrap(), partitions.to_string());
        let cluster = ["--kafka", &bootstrap, "--prefix", &self.prefix];
        run_kefu(&[&["topics", "apply", "--partitions", &partitions], &cluster[..]].concat());
    }

    /// The broker.
    pub fn kafka(&self) -> &'static Kafka {
        broker()
    }

    /// The broker's address.
    pub fn bootstrap(&self) -> String {
        self.kafka().bootstrap()
    }

    /// Prefix of the topics' names.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A folder that goes with the cluster.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The flags by which a process finds it.
    pub fn flags(&self, instance: &str) -> Vec<String> {
        let (bootstrap, url) = (self.bootstrap(), self.redis.url());
        let flags = ["--kafka", &bootstrap, "--redis", &url, "--prefix", &self.prefix, "--instance", instance]
            .map(str::to_owned);
        flags.to_vec()
    }

    /// Starts a service on the sample's policy, with the event clock.
    pub fn serve(&self, service: &str) -> Running {
        let policy = sample_policy().display().to_string();
        let mut args = self.flags(&format!("{service}-0"));
        args.extend(["--services", service, "--clock", "event", "--policy", &policy].map(str::to_owned));
        Running::start(service, self.folder(), &args)
    }

    /// Starts all six.
    pub fn serve_all(&self) -> Vec<Running> {
        SERVICES.iter().map(|service| self.serve(service)).collect()
    }

    /// Loads recorded inputs and waits until every service has come to `until`.
    pub fn load(&self, input: &Path, until: &str, wait_s: u32, rate: Option<u32>) {
        let mut args = vec!["load", "--kafka"];
        let (bootstrap, input, wait) = (self.bootstrap(), input.display().to_string(), wait_s.to_string());
        args.extend([&bootstrap, "--prefix", &self.prefix, "--input", &input, "--until", until, "--wait", &wait]);
        let rate = rate.map(|rate| rate.to_string());
        if let Some(rate) = &rate {
            args.extend(["--rate", rate]);
        }
        run_kefu(&args);
    }

    /// Writes every public topic to files, called as a replay calls them.
    pub fn export(&self, name: &str) -> PathBuf {
        let out = self.folder.path().join(name);
        let folder = out.display().to_string();
        run_kefu(&["export", "--kafka", &self.bootstrap(), "--prefix", &self.prefix, "--topics", &folder]);
        for entry in std::fs::read_dir(&out).into_iter().flatten().flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            if let Some(topic) = file.strip_prefix(&self.prefix) {
                let renamed = std::fs::rename(entry.path(), out.join(format!("cs.{topic}")));
                renamed.unwrap_or_else(|error| panic!("{file}: {error}"));
            }
        }
        out
    }
}
