//! One Kafka node (KRaft, broker and controller in one process) with a private data folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::cache;
use crate::install;
use crate::kafka_client;
use crate::kafka_probe;
use crate::offsets::Offsets;
use crate::ports::Port;
use crate::proxy::Proxy;
use crate::record_batch::RawRecord;
use crate::service::{Service, Signal, log_contains};
use crate::{Error, Result};

const NAME: &str = "kafka";
const ATTEMPTS: u32 = 5;
const CLUSTER_ID: &str = "kefu-test-rig-cluster0";

/// How a broker is started.
#[derive(Clone, Debug)]
pub struct KafkaOptions {
    /// Java heap in MiB.
    pub heap_mib: u32,
    /// Partitions of a topic created without a count.
    pub default_partitions: u32,
    /// Further broker properties; they override the rig's own.
    pub properties: Vec<(String, String)>,
    /// Longest time from start to ready.
    pub ready_within: Duration,
    /// Further ways to reach the broker, each through a proxy of its own.
    pub links: usize,
    /// The version of Apache Kafka.
    pub version: &'static str,
}

impl Default for KafkaOptions {
    fn default() -> Self {
        Self {
            heap_mib: 512,
            default_partitions: 1,
            properties: Vec::new(),
            ready_within: Duration::from_secs(60),
            links: 0,
            version: install::KAFKA_VERSION,
        }
    }
}

/// A running (or killed) Kafka node. Dropping it ends the process and removes its data.
#[derive(Debug)]
pub struct Kafka {
    service: Service,
    options: KafkaOptions,
    libraries: PathBuf,
    port: Port,
    _controller_port: Port,
    links: Vec<BrokerLink>,
}

/// A listener of the broker that clients are told to reach through a proxy.
#[derive(Debug)]
struct BrokerLink {
    proxy: Proxy,
    port: Port,
}

impl BrokerLink {
    fn new() -> Result<Self> {
        let port = Port::reserve()?;
        Ok(Self { proxy: Proxy::to(port.number())?, port })
    }
}

impl Kafka {
    /// Starts a broker and waits until clients can use it; fetches Kafka first if need be.
    pub fn start(options: KafkaOptions) -> Result<Self> {
        let mut attempt = 1;
        loop {
            match Self::start_once(options.clone()) {
                Err(error) if error.is_port_taken() && attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    fn start_once(options: KafkaOptions) -> Result<Self> {
        let libraries = install::kafka_libraries(options.version)?;
        let template = formatted_storage(&libraries, options.version)?;
        let (port, controller_port) = (Port::reserve()?, Port::reserve()?);
        let service = Service::new(NAME, cache::new_run_folder(NAME)?)?;
        let data = service.folder().join("data");
        copy_files(&template, &data)?;
        let links = (0..options.links).map(|_| BrokerLink::new()).collect::<Result<Vec<_>>>()?;
        let properties = server_properties(&data, port.number(), controller_port.number(), &links, &options);
        let path = service.folder().join("server.properties");
        fs::write(&path, properties).map_err(Error::io(format!("write {}", path.display())))?;
        let mut kafka = Self { service, options, libraries, port, _controller_port: controller_port, links };
        kafka.launch()?;
        Ok(kafka)
    }

    fn launch(&mut self) -> Result<()> {
        let mut command = java(self.options.heap_mib, &self.libraries);
        command.args(["-Dorg.slf4j.simpleLogger.log.kafka.server=info", "kafka.Kafka", "server.properties"]);
        self.service.spawn(&mut command)?;
        let (log, port) = (self.service.log_path(), self.port.number());
        self.service.wait_ready(self.options.ready_within, || {
            log_contains(&log, "Kafka Server started") && kafka_probe::lists_itself(port)
        })
    }

    /// Bootstrap address for clients, `host:port`.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port.number())
    }

    /// Bootstrap address for clients that reach the broker through link `index` alone; none if there is no such link.
    pub fn bootstrap_through(&self, index: usize) -> Option<String> {
        self.link(index).map(|proxy| format!("127.0.0.1:{}", proxy.port()))
    }

    /// A link, to disturb it.
    pub fn link(&self, index: usize) -> Option<&Proxy> {
        self.links.get(index).map(|link| &link.proxy)
    }

    /// What asks the broker for offsets, also while it is restarted.
    pub fn offsets(&self) -> Offsets {
        Offsets { port: self.port.number() }
    }

    /// Process id, or `None` after [`Kafka::kill`].
    pub fn pid(&self) -> Option<u32> {
        self.service.pid()
    }

    /// Appends records with any bytes to a partition, in their order; gives the offset of the first.
    pub fn append(&self, topic: &str, partition: i32, records: &[RawRecord]) -> Result<i64> {
        let doing = format!("append records to {topic}/{partition}");
        kafka_client::append(self.port.number(), topic, partition, records).map_err(Error::io(doing))
    }

    /// Gives a topic more partitions.
    pub fn grow(&self, topic: &str, partitions: i32) -> Result<()> {
        kafka_client::grow(self.port.number(), topic, partitions).map_err(Error::io(format!("grow {topic}")))
    }

    /// Freezes the broker: its sockets stay open but nothing answers.
    pub fn pause(&self) -> Result<()> {
        self.service.signal(Signal::Stop)
    }

    /// Lets a paused broker go on.
    pub fn resume(&self) -> Result<()> {
        self.service.signal(Signal::Continue)
    }

    /// Kills the broker at once; data and port stay for [`Kafka::restart`].
    pub fn kill(&mut self) -> Result<()> {
        self.service.kill()
    }

    /// Starts the broker again on the same data and port; ends it in good order first if it runs.
    pub fn restart(&mut self) -> Result<()> {
        self.service.terminate(Duration::from_secs(20))?;
        self.launch()
    }
}

fn java(heap_mib: u32, libraries: &Path) -> Command {
    let mut command = Command::new("java");
    command.args([format!("-Xms{heap_mib}m"), format!("-Xmx{heap_mib}m")]);
    // Serial collection: the small heap has short pauses anyway, and several brokers share few cores.
    command.args(["-XX:+UseSerialGC", "-Djava.net.preferIPv4Stack=true", "-Djava.awt.headless=true"]);
    command.args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"]);
    command.arg("-cp").arg(libraries.join("*"));
    command
}

/// Formatted empty storage, made once and copied for each broker: it saves starting a second JVM each time.
fn formatted_storage(libraries: &Path, version: &str) -> Result<PathBuf> {
    let template = cache::root()?.join(format!("kafka-storage-{version}"));
    if template.is_dir() {
        return Ok(template);
    }
    cache::exclusively("format-kafka", || {
        if template.is_dir() {
            return Ok(template.clone());
        }
        let folder = cache::new_run_folder("format")?;
        let data = folder.join("data");
        let properties = folder.join("server.properties");
        fs::write(&properties, server_properties(&data, 1, 2, &[], &KafkaOptions::default()))
            .map_err(Error::io(format!("write {}", properties.display())))?;
        let mut format = java(128, libraries);
        format.args(["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c"]).arg(&properties);
        install::run(&mut format, "check that java 17 or later is on the PATH")?;
        fs::rename(&data, &template).map_err(Error::io(format!("rename {}", data.display())))?;
        fs::remove_dir_all(&folder).map_err(Error::io(format!("remove {}", folder.display())))?;
        Ok(template.clone())
    })
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    let doing = format!("copy {} to {}", from.display(), to.display());
    fs::create_dir_all(to).map_err(Error::io(doing.clone()))?;
    for entry in fs::read_dir(from).map_err(Error::io(doing.clone()))? {
        let entry = entry.map_err(Error::io(doing.clone()))?;
        fs::copy(entry.path(), to.join(entry.file_name())).map_err(Error::io(doing.clone()))?;
    }
    Ok(())
}

/// Properties of a single node that keeps its internal topics small and never waits to form a group.
fn server_properties(
    data: &Path,
    port: u16,
    controller_port: u16,
    links: &[BrokerLink],
    options: &KafkaOptions,
) -> String {
    let mut listeners = format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}");
    let mut advertised = format!("PLAINTEXT://127.0.0.1:{port}");
    let mut protocols = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned();
    for (index, link) in links.iter().enumerate() {
        listeners += &format!(",LINK{index}://127.0.0.1:{}", link.port.number());
        advertised += &format!(",LINK{index}://127.0.0.1:{}", link.proxy.port());
        protocols += &format!(",LINK{index}:PLAINTEXT");
    }
    let own = [
        ("process.roles", "broker,controller".to_owned()),
        ("node.id", "1".to_owned()),
        ("listeners", listeners),
        ("advertised.listeners", advertised),
        ("inter.broker.listener.name", "PLAINTEXT".to_owned()),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        ("listener.security.protocol.map", protocols),
        // Static voters keep the controller's address out of the formatted storage, so that it can be copied.
        ("controller.quorum.voters", format!("1@127.0.0.1:{controller_port}")),
        ("log.dirs", data.display().to_string()),
        ("num.partitions", options.default_partitions.to_string()),
        ("num.network.threads", "2".to_owned()),
        ("num.io.threads", "4".to_owned()),
        ("offsets.topic.replication.factor", "1".to_owned()),
        ("offsets.topic.num.partitions", "8".to_owned()),
        ("transaction.state.log.replication.factor", "1".to_owned()),
        ("transaction.state.log.min.isr", "1".to_owned()),
        ("transaction.state.log.num.partitions", "8".to_owned()),
        ("share.coordinator.state.topic.replication.factor", "1".to_owned()),
        ("share.coordinator.state.topic.min.isr", "1".to_owned()),
        ("group.initial.rebalance.delay.ms", "0".to_owned()),
        ("auto.create.topics.enable", "false".to_owned()),
        // A killed broker may register again only when its old session is over.
        ("broker.heartbeat.interval.ms", "500".to_owned()),
        ("broker.session.timeout.ms", "3000".to_owned()),
    ];
    let further = options.properties.iter().map(|(name, value)| (name.as_str(), value.clone()));
    own.into_iter().chain(further).map(|(name, value)| format!("{name}={value}\n")).collect()
}
