//! Where a run takes place: a broker and a Redis, each service's own links to them, the recorded load and a folder.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use kefu_test_rig::{Kafka, KafkaOptions, Proxy, Redis};

use crate::SERVICES;
use crate::process::Running;
use crate::program::{kefu, run_kefu, sample_policy, try_kefu_for};

use super::Options;
use super::instances::{self, Instances};
use super::untidy::{self, Added};

/// The broker is killed while transactions are being committed. In 4.3.1 and 4.4.0 a coordinator that starts while a
/// partition has no leader takes such a transaction for complete and never tells its partitions (KAFKA-20734); then
/// nobody reads past it.
const KAFKA: &str = "4.1.2";
/// Partitions of each topic.
pub(super) const PARTITIONS: i32 = 12;
/// When the recorded load begins: Monday, 8 in the morning in Shanghai.
pub(super) const START: &str = "2026-03-02T00:00:00Z";
/// Recorded events of a shop: an agent with thousands of open cases would be slow and is nowhere found.
const EVENTS_OF_SHOP: u64 = 10_000;
/// The line of the sample's policy that names its shop.
const TENANT: &str = "tenant: demo";
/// How far time runs on after the last event: surveys expire, cases close, rows become final. It ends with a week in
/// Shanghai, where key figures of all sizes are told.
const UNTIL: &str = "2026-03-15T16:00:00Z";
/// Seconds that the services may take to follow a step of the load: the run itself finds out when nothing moves.
const WAIT_S: &str = "7200";

/// Where a run takes place.
pub(super) struct Site {
    pub(super) kafka: Kafka,
    pub(super) redis: Redis,
    /// Each service's link to Redis.
    pub(super) redis_links: Vec<Proxy>,
    pub(super) files: Files,
    instances: Instances,
}

/// The files of a run.
#[derive(Clone)]
pub(super) struct Files {
    pub(super) folder: PathBuf,
    /// Where the load and the policies are.
    pub(super) load: PathBuf,
    /// Recorded inputs, with what was added.
    pub(super) events: u64,
    /// What was added to a tidy load.
    pub(super) added: Added,
    pub(super) shops: u64,
}

/// How instances reach the servers.
#[derive(Clone)]
pub(super) struct Access {
    files: Files,
    kafka: Vec<String>,
    redis: Vec<String>,
    instances: Instances,
}

impl Files {
    /// Writes the load and the policy.
    pub(super) fn make(folder: &Path, options: &Options) -> Self {
        std::fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let (shops, added) = (options.events.div_ceil(EVENTS_OF_SHOP), Added::default());
        let of = |path: &Path| path.to_owned();
        let mut files = Self { folder: of(folder), load: of(folder), events: options.events, added, shops };
        files.write_policies();
        let [events, seed, shops] = [options.events, options.seed, shops].map(|number| number.to_string());
        let out = files.inputs().display().to_string();
        let made = ["load", "--json", "--tenants", &shops, "--start", START, "--out", &out, "--seed", &seed];
        // about a day, so that shifts end and clocks run out among the events
        run_kefu(&[&made[..], &["--events", &events, "--per-day", &events]].concat());
        files.make_untidy(options.seed).unwrap_or_else(|error| panic!("{out}: {error}"));
        files
    }

    fn make_untidy(&mut self, seed: u64) -> std::io::Result<()> {
        let (lines, added) = untidy::untidy(&std::fs::read_to_string(self.inputs())?, seed);
        (self.events, self.added) = (lines.len() as u64, added);
        let mut out = BufWriter::new(File::create(self.inputs())?);
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        out.flush()
    }

    pub(super) fn inputs(&self) -> PathBuf {
        self.load.join("inputs.ndjson")
    }

    /// What was done when.
    pub(super) fn record(&self) -> PathBuf {
        self.folder.join("faults.txt")
    }

    fn policies(&self) -> Vec<String> {
        let path = |shop| self.load.join(format!("policy-{shop}.yaml"));
        (1..=self.shops).map(|shop| path(shop).display().to_string()).collect()
    }

    /// Each shop has the sample's policy. The made-up agents are called a-1 and so on: they work the sample's shifts.
    fn write_policies(&self) {
        let policy = std::fs::read_to_string(sample_policy()).unwrap_or_else(|error| panic!("{error}"));
        assert!(policy.contains(TENANT), "the sample's policy has another tenant than `{TENANT}`");
        let policy = policy.replace("a-0", "a-");
        for (shop, path) in (1..).zip(self.policies()) {
            let of_shop = policy.replace(TENANT, &format!("tenant: load-{shop}"));
            std::fs::write(&path, of_shop).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }

    /// What a replay makes of the load.
    pub(super) fn replay(&self) -> PathBuf {
        let out = self.folder.join("replay");
        let ([inputs, folder], policies) =
            ([&self.inputs(), &out].map(|path| path.display().to_string()), self.policies());
        let mut args =
            vec!["replay", "--order", "arrival", "--until", UNTIL, "--input", &inputs, "--out", &folder, "--policy"];
        args.extend(policies.iter().map(String::as_str));
        let ended = try_kefu_for(std::time::Duration::from_secs(3_600), &args);
        assert!(ended.status.success(), "the replay failed: {}", String::from_utf8_lossy(&ended.stderr));
        out
    }
}

impl Site {
    /// Starts the servers and makes the topics.
    pub(super) fn start(files: Files, instances: Instances) -> Self {
        let ready_within = std::time::Duration::from_secs(120);
        let of_run = KafkaOptions { version: KAFKA, links: SERVICES.len(), ready_within, ..KafkaOptions::default() };
        let properties = instances::BROKER.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let options = KafkaOptions { heap_mib: 1024, properties, ..of_run };
        let kafka = Kafka::start(options).unwrap_or_else(|error| panic!("{error}"));
        let redis = Redis::start().unwrap_or_else(|error| panic!("{error}"));
        let link = |_: &&str| Proxy::to(redis.port()).unwrap_or_else(|error| panic!("{error}"));
        let redis_links = SERVICES.iter().map(link).collect();
        run_kefu(&["topics", "apply", "--kafka", &kafka.bootstrap(), "--partitions", &PARTITIONS.to_string()]);
        Self { kafka, redis, redis_links, files, instances }
    }

    /// How instances reach the servers: each service by its own links.
    pub(super) fn access(&self) -> Access {
        let kafka = (0..SERVICES.len()).filter_map(|link| self.kafka.bootstrap_through(link)).collect();
        let redis = self.redis_links.iter().map(|proxy| format!("redis://127.0.0.1:{}", proxy.port())).collect();
        Access { files: self.files.clone(), kafka, redis, instances: self.instances }
    }

    /// Begins to load the inputs; what it says goes to `load.out` and `load.log`.
    pub(super) fn load(&self, rate: u32) -> Child {
        let file = |name: &str| {
            let path = self.files.folder.join(name);
            File::create(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        Command::new(kefu())
            .args(["load", "--kafka", &self.kafka.bootstrap(), "--wait", WAIT_S, "--until", UNTIL])
            // all of four hours at once would put what fails in them into a few seconds
            .args(["--rate", &rate.to_string()])
            // it outlives the broker's restarts
            .args(["--property", "message.timeout.ms=120000", "--tell-progress"])
            .args(["--order", "arrival", "--input"])
            .arg(self.files.inputs())
            .stdin(Stdio::null())
            .stdout(file("load.out"))
            .stderr(file("load.log"))
            .spawn()
            .unwrap_or_else(|error| panic!("kefu does not start: {error}"))
    }

    /// Writes every public topic to files.
    pub(super) fn export(&self) -> PathBuf {
        let out = self.files.folder.join("live");
        run_kefu(&["export", "--kafka", &self.kafka.bootstrap(), "--topics", &out.display().to_string()]);
        out
    }
}

impl Access {
    /// Starts an instance of a service.
    pub(super) fn serve(&self, service: usize, instance: usize) -> Running {
        let of = |list: &[String]| list.get(service).cloned().unwrap_or_default();
        let name = format!("{}-{instance}", SERVICES.get(service).copied().unwrap_or_default());
        let (kafka, redis) = (of(&self.kafka), of(&self.redis));
        let services = SERVICES.get(service).copied().unwrap_or_default();
        let args = ["--kafka", &kafka, "--redis", &redis, "--instance", &name, "--services", services];
        let args = args.into_iter().chain(["--clock", "event", "--policy"]).map(str::to_owned);
        let args: Vec<_> = args.chain(self.files.policies()).collect();
        Running::start_with(&name, &self.files.folder, &args, &self.instances.variables())
    }
}
