//! What the black-box tests share: kefu's processes, a broker, a Redis.
//!
//! Owns starting, killing and waiting. What should come out belongs to the tests.
#![forbid(unsafe_code)]
#![expect(clippy::panic, reason = "a test that cannot go on should say so and stop")]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use kefu_test_rig::{Kafka, KafkaOptions, Redis};

/// The six services, in the order of the flow.
pub const SERVICES: [&str; 6] =
    ["intake", "classifier", "escalation", "satisfaction-survey", "handover", "kpi-aggregator"];

/// The repository's root.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The demo's recorded events.
pub fn sample_events() -> PathBuf {
    repository().join("crates/kefu/sample/events.ndjson")
}

/// The demo's policy.
pub fn sample_policy() -> PathBuf {
    repository().join("crates/kefu/sample/policy.yaml")
}

/// The `kefu` program, built by the first test that needs it.
pub fn kefu() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo).args(["build", "--quiet", "-p", "kefu"]).current_dir(repository()).status();
        assert!(built.is_ok_and(|status| status.success()), "kefu does not build");
        let exe = std::env::current_exe().unwrap_or_else(|error| panic!("{error}"));
        // target/<profile>/deps/<test>
        let profile = exe.ancestors().nth(2).unwrap_or_else(|| panic!("{} is in no target folder", exe.display()));
        profile.join("kefu")
    })
}

/// Runs `kefu` to its end and gives what it wrote; panics if it fails.
pub fn run_kefu(args: &[&str]) -> String {
    let output = try_kefu(args);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "kefu {args:?} ended with {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// Runs `kefu` to its end.
pub fn try_kefu(args: &[&str]) -> Output {
    Command::new(kefu()).args(args).output().unwrap_or_else(|error| panic!("kefu does not start: {error}"))
}

/// A broker and a Redis of a test's own.
pub struct Cluster {
    /// The broker.
    pub kafka: Kafka,
    /// The hot copy.
    pub redis: Redis,
    prefix: String,
    folder: tempfile::TempDir,
}

impl Cluster {
    /// Starts both and makes the topics.
    pub fn start(partitions: u32) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let kafka = Kafka::start(KafkaOptions::default()).unwrap_or_else(|error| panic!("{error}"));
        let redis = Redis::start().unwrap_or_else(|error| panic!("{error}"));
        let prefix = format!("t{}.", NUMBER.fetch_add(1, Ordering::Relaxed));
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let cluster = Self { kafka, redis, prefix, folder };
        let partitions = partitions.to_string();
        run_kefu(&[
            "topics",
            "apply",
            "--kafka",
            &cluster.bootstrap(),
            "--prefix",
            cluster.prefix(),
            "--partitions",
            &partitions,
        ]);
        cluster
    }

    /// The broker's address.
    pub fn bootstrap(&self) -> String {
        self.kafka.bootstrap()
    }

    /// Prefix of the topics' names.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A folder that goes with the cluster.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a service with the event clock.
    pub fn serve(&self, service: &str) -> Running {
        let log = self.folder.path().join(format!("{service}.log"));
        let append = std::fs::OpenOptions::new().create(true).append(true).open(&log);
        let append = append.unwrap_or_else(|error| panic!("{}: {error}", log.display()));
        let policy = sample_policy();
        let child = Command::new(kefu())
            .args(["serve", "--services", service, "--clock", "event", "--listen", "127.0.0.1:0"])
            .args(["--kafka", &self.bootstrap(), "--redis", &self.redis.url(), "--prefix", &self.prefix])
            .args(["--instance", &format!("{service}-0")])
            .arg("--policy")
            .arg(policy)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(append)
            .spawn();
        Running { name: service.to_owned(), child: child.unwrap_or_else(|error| panic!("{error}")), log }
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

/// A service's process.
pub struct Running {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&mut self) {
        self.end();
    }

    /// What it logged.
    pub fn log(&self) -> String {
        let mut text = String::new();
        let read = std::fs::File::open(&self.log).and_then(|mut file| file.read_to_string(&mut text));
        read.map(|_| text).unwrap_or_default()
    }

    /// Panics if it has ended.
    pub fn must_run(&mut self) {
        if let Ok(Some(status)) = self.child.try_wait() {
            panic!("{} ended with {status}:\n{}", self.name, self.log());
        }
    }

    fn end(&mut self) {
        // it may have ended already
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Waits until `done` holds, looking again and again; panics with `what` after `limit`.
pub fn wait_until(what: &str, limit: Duration, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
