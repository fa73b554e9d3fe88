//! A shop on either backend: all six services in one process, and a user's way to them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::dead_letter::DeadLetter;
use crate::event::heartbeat;
use crate::http::Client;
use crate::process::Running;
use crate::program::run_kefu;
use crate::wait_until;

/// The key of the tenant `demo`, which may do everything.
pub const KEY: &str = "key-of-the-demo-shop";
/// The key of another tenant.
pub const OTHER_KEY: &str = "key-of-another-shop";

const CONFIG: &str = r#"
keys = [
    { token = "key-of-the-demo-shop", tenant = "demo", scopes = ["ingest", "read", "agent", "supervisor", "admin"] },
    { token = "key-of-another-shop", tenant = "other", scopes = ["ingest", "read", "agent", "supervisor", "admin"] },
]
survey_keys = [{ id = "s-1", tenant = "demo", secret = "a secret of more than thirty-two bytes" }]
"#;

/// Where a shop keeps what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendKind {
    /// One file.
    Embedded,
    /// Kafka and Redis.
    Kafka,
}

/// What time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The wall clock's.
    Wall,
    /// The events'.
    Event,
}

enum Backend {
    Embedded(tempfile::TempDir),
    Kafka(Cluster),
}

/// A shop.
pub struct Shop {
    backend: Backend,
    clock: Clock,
}

impl Shop {
    /// A new shop with `policy` (YAML) in force from the start.
    pub fn new(kind: BackendKind, clock: Clock, policy: &str) -> Self {
        let backend = match kind {
            BackendKind::Embedded => Backend::Embedded(tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"))),
            BackendKind::Kafka => Backend::Kafka(Cluster::start(2)),
        };
        let shop = Self { backend, clock };
        shop.write("kefu.toml", CONFIG);
        shop.write("policy.yaml", policy);
        shop
    }

    /// Adds settings (TOML), for when it starts next.
    #[must_use]
    pub fn with(self, settings: &str) -> Self {
        self.write("kefu.toml", &format!("{CONFIG}{settings}"));
        self
    }

    /// The cluster it is on.
    pub fn cluster(&self) -> &Cluster {
        match &self.backend {
            Backend::Embedded(_) => panic!("a shop on a file has no cluster"),
            Backend::Kafka(cluster) => cluster,
        }
    }

    /// The cluster it is on, to disturb it.
    pub fn cluster_mut(&mut self) -> &mut Cluster {
        match &mut self.backend {
            Backend::Embedded(_) => panic!("a shop on a file has no cluster"),
            Backend::Kafka(cluster) => cluster,
        }
    }

    fn folder(&self) -> &Path {
        match &self.backend {
            Backend::Embedded(folder) => folder.path(),
            Backend::Kafka(cluster) => cluster.folder(),
        }
    }

    fn data(&self) -> String {
        self.folder().join("data").display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder().join(name);
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// Starts it, or starts it again, and waits until it is ready.
    pub fn start(&self) -> (Running, Client) {
        self.start_only(&[])
    }

    /// As [`Shop::start`], but only some of its services.
    pub fn start_only(&self, services: &[&str]) -> (Running, Client) {
        let file = |name: &str| self.folder().join(name).display().to_string();
        let mut args = match &self.backend {
            Backend::Embedded(_) => vec!["--data-dir".to_owned(), self.data()],
            Backend::Kafka(cluster) => cluster.flags("shop-0"),
        };
        args.extend(["--config".to_owned(), file("kefu.toml"), "--policy".to_owned(), file("policy.yaml")]);
        let clock = if self.clock == Clock::Wall { "wall" } else { "event" };
        args.extend(["--clock".to_owned(), clock.to_owned()]);
        if !services.is_empty() {
            args.extend(["--services".to_owned(), services.join(",")]);
        }
        let mut running = Running::start("kefu", self.folder(), &args);
        let client = running.ready(KEY);
        (running, client)
    }

    /// With the event clock: time comes to `instant`, and all services follow.
    pub fn time_comes_to(&self, client: &Client, instant: &str) {
        let beat = heartbeat(&format!("beat-{instant}"), instant);
        match &self.backend {
            Backend::Embedded(_) => client.events(&[beat]),
            Backend::Kafka(cluster) => {
                let input = self.write("beat.ndjson", &format!("{beat}\n"));
                cluster.load(&input, instant, 60, None);
            }
        }
    }

    /// What is on a public topic, in the order of each partition. A shop on a file must not run meanwhile.
    pub fn topic(&self, name: &str) -> Vec<Value> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let export = format!("export-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let folder = match &self.backend {
            Backend::Embedded(folder) => {
                let out = folder.path().join(export);
                run_kefu(&["export", "--data-dir", &self.data(), "--topics", &out.display().to_string()]);
                out
            }
            Backend::Kafka(cluster) => cluster.export(&export),
        };
        let path = folder.join(format!("cs.{name}.ndjson"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
    }

    /// The values on a public topic.
    pub fn values(&self, name: &str) -> Vec<Value> {
        self.topic(name).into_iter().map(|mut row| row["value"].take()).collect()
    }

    /// Waits until a value is on a public topic that is `wanted`, and gives the first. A shop on a file is told to end
    /// for that: it has committed everything that followed from what it answered.
    pub fn wait_for(&self, running: &mut Running, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut found = None;
        if matches!(self.backend, Backend::Embedded(_)) {
            running.terminate();
            found = self.values(name).into_iter().find(&wanted);
        } else {
            wait_until(&format!("what is wanted is on {name}"), Duration::from_secs(30), || {
                found = self.values(name).into_iter().find(&wanted);
                found.is_some()
            });
        }
        found.unwrap_or_else(|| panic!("what is wanted is not on {name}"))
    }

    /// The dead letters.
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.topic("dlq").iter().map(DeadLetter::read).collect()
    }
}
