//! A Jaeger that keeps traces in memory.
//!
//! There is no package of it: it is built from its sources by Go, once, into the target folder.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::cache;
use crate::ports::Port;
use crate::service::Service;
use crate::{Error, Result};

const NAME: &str = "jaeger";
/// The last version whose program is one and needs no file of settings.
const VERSION: &str = "1.62.0";
const PACKAGE: &str = "github.com/jaegertracing/jaeger/cmd/all-in-one";
const READY_WITHIN: Duration = Duration::from_secs(20);

/// A running Jaeger. Dropping it ends the process.
#[derive(Debug)]
pub struct Jaeger {
    _service: Service,
    /// In the order of [`FLAGS`].
    ports: Vec<Port>,
}

/// What it listens for: spans and questions first.
const FLAGS: [&str; 7] = [
    "collector.otlp.http.host-port",
    "query.http-server.host-port",
    "collector.otlp.grpc.host-port",
    "query.grpc-server.host-port",
    "admin.http.host-port",
    "collector.http-server.host-port",
    "collector.grpc-server.host-port",
];

impl Jaeger {
    /// Starts one and waits until it takes spans; builds it first if need be, which takes minutes.
    ///
    /// # Errors
    /// If it cannot be built or does not start.
    pub fn start() -> Result<Self> {
        let program = built()?;
        let ports = FLAGS.iter().map(|_| Port::reserve()).collect::<Result<Vec<Port>>>()?;
        let mut service = Service::new(NAME, cache::new_run_folder(NAME)?)?;
        let mut command = Command::new(program);
        command.env("SPAN_STORAGE_TYPE", "memory").arg("--collector.otlp.enabled=true");
        command.args(FLAGS.iter().zip(&ports).map(|(flag, port)| format!("--{flag}=127.0.0.1:{}", port.number())));
        service.spawn(&mut command)?;
        let listens = |port: &Port| TcpStream::connect(("127.0.0.1", port.number())).is_ok();
        service.wait_ready(READY_WITHIN, || ports.iter().all(listens))?;
        Ok(Self { _service: service, ports })
    }

    fn address(&self, of: usize) -> String {
        format!("127.0.0.1:{}", self.ports.get(of).map_or(0, Port::number))
    }

    /// Where spans are sent to.
    pub fn otlp(&self) -> String {
        format!("http://{}", self.address(0))
    }

    /// Where traces are asked for, `host:port`.
    pub fn query(&self) -> String {
        self.address(1)
    }
}

/// The program, from the cache or its sources.
fn built() -> Result<PathBuf> {
    let folder = cache::root()?.join(format!("jaeger-{VERSION}"));
    let program = folder.join("all-in-one");
    if program.exists() {
        return Ok(program);
    }
    let sources = folder.join("src");
    fs::create_dir_all(&sources).map_err(Error::io(format!("make {}", sources.display())))?;
    if !sources.join("go.mod").exists() {
        go(&sources, &["mod", "init", "kefu-jaeger"])?;
    }
    go(&sources, &["get", &format!("{PACKAGE}@v{VERSION}")])?;
    // a build that was cut off leaves no program
    let unfinished = folder.join("all-in-one.new");
    go(&sources, &["build", "-o", &unfinished.display().to_string(), PACKAGE])?;
    fs::rename(&unfinished, &program).map_err(Error::io(format!("rename {}", unfinished.display())))?;
    Ok(program)
}

fn go(folder: &Path, args: &[&str]) -> Result<()> {
    let status = Command::new("go").args(args).current_dir(folder).status();
    let status = status.map_err(Error::io("start go, which builds jaeger; install Go 1.23 or later"))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Install(format!("go {} ended with {status}", args.join(" "))))
}
