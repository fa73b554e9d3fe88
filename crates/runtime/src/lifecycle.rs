//! A process from its start to its drained end.
//!
//! Owns the order: configuration, backend, server, wait for a signal, drain. What the services are is given.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use kefu_contracts::codec::Codec;
use kefu_policy::Policies;
use kefu_processor::{Service, Topology};
use serde_json::Value;

use crate::backend::{SharedBackend, View};
use crate::commands::{CommandResults, Commands};
use crate::config::{BackendKind, ClockKind, Config};
use crate::embedded::{Embedded, EmbeddedOptions, EngineHandle};
use crate::http::openapi;
use crate::http::server::ApiParts;
use crate::http::server::Readiness;
use crate::http::{self, Api, auth::Keys};
use crate::kafka::{Connection, KafkaBackend, KafkaHandle, KafkaOptions};
use crate::metrics::Metrics;
use crate::policies::PolicyTable;

/// How often the threads are looked after.
const LOOK_AFTER: Duration = Duration::from_millis(200);

/// A service as a process runs it.
pub struct Definition {
    /// Its processors.
    pub service: Service,
    /// Its routes under `/v1`, and its pages.
    pub routes: Router<Api>,
    /// Its paths for `/openapi.json`.
    pub paths: Value,
    /// The tables it builds from topics.
    pub views: Vec<Arc<dyn View>>,
}

/// Why a process could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The embedded backend failed.
    #[error(transparent)]
    Embedded(#[from] crate::embedded::EngineError),
    /// Kafka or Redis failed.
    #[error(transparent)]
    Kafka(#[from] crate::kafka::KafkaError),
    /// A socket or thread cannot be had.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The services do not fit together.
    #[error(transparent)]
    Topology(#[from] kefu_processor::topology::Circle),
    /// A part ended by itself.
    #[error("{0} ended by itself; see the log")]
    Ended(String),
}

/// What runs beside the server.
enum Running {
    Embedded(EngineHandle),
    Kafka(KafkaHandle),
}

impl Running {
    fn ended(&self) -> Option<String> {
        match self {
            Running::Embedded(handle) => handle.has_ended().then(|| "the embedded engine".to_owned()),
            Running::Kafka(handle) => handle.ended().map(|name| format!("thread {name}")),
        }
    }

    fn is_ready(&self) -> bool {
        match self {
            Running::Embedded(handle) => !handle.has_ended(),
            Running::Kafka(handle) => handle.is_ready() && handle.ended().is_none(),
        }
    }

    fn stop(self) -> Result<(), ServeError> {
        match self {
            Running::Embedded(handle) => Ok(handle.stop()?),
            Running::Kafka(handle) => Ok(handle.stop()?),
        }
    }
}

/// Readiness as the loop that looks after the threads last saw it.
#[derive(Default)]
struct Seen {
    ready: std::sync::atomic::AtomicBool,
    draining: std::sync::atomic::AtomicBool,
}

impl Readiness for Seen {
    fn missing(&self) -> Vec<String> {
        use std::sync::atomic::Ordering::Relaxed;
        let mut missing = Vec::new();
        if self.draining.load(Relaxed) {
            missing.push("draining".to_owned());
        } else if !self.ready.load(Relaxed) {
            missing.push("partitions are being restored".to_owned());
        }
        missing
    }
}

/// Everything a process needs beside its configuration.
pub struct Process {
    /// The services of this process.
    pub here: Vec<Definition>,
    /// Policies given in files.
    pub policies: Policies,
    /// The wire formats.
    pub codec: Codec,
}

/// Runs a process until it is told to stop, or a part of it fails. `bound` is told where it listens, and gets the API.
///
/// # Errors
/// See [`ServeError`].
pub fn serve(config: &Config, process: Process, bound: impl FnOnce(SocketAddr, Api)) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(config, process, bound))
}

async fn run(config: &Config, process: Process, bound: impl FnOnce(SocketAddr, Api)) -> Result<(), ServeError> {
    let policies = Arc::new(PolicyTable::new(process.policies));
    let results = Arc::new(CommandResults::default());
    let metrics = Metrics::default();
    let mut views: Vec<Arc<dyn View>> = vec![policies.clone(), results.clone()];
    let mut routes = Router::new();
    let mut paths = serde_json::Map::new();
    let mut services = Vec::new();
    for definition in process.here {
        views.extend(definition.views);
        routes = routes.merge(definition.routes);
        paths.extend(definition.paths.as_object().cloned().unwrap_or_default());
        services.push(definition.service);
    }
    let (backend, running) = start(config, &services, &process.codec, &policies, views, &metrics)?;
    let seen = Arc::new(Seen::default());
    let api = Api::new(ApiParts {
        commands: Commands::new(backend.clone(), results, process.codec.clone()),
        backend,
        policies,
        keys: Keys::new(config.api_keys()),
        metrics,
        http: config.http.clone(),
        trace_share: config.telemetry.sample,
        clock: config.clock,
        readiness: seen.clone(),
        openapi: openapi::document(Value::Object(paths)),
    });
    let listener = http::bind(config.http.listen.parse().map_err(std::io::Error::other)?).await?;
    bound(listener.local_addr()?, api.clone());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(http::serve(listener, http::router(api, routes), async {
        // an answer and the sender's end mean the same
        stopped.await.ok();
    }));
    let ended = look_after(&running, &seen, &server).await;
    seen.draining.store(true, std::sync::atomic::Ordering::Relaxed);
    // the server may have ended by itself
    stop.send(()).ok();
    let served = server.await.map_err(std::io::Error::other)?;
    let drained = tokio::task::spawn_blocking(move || running.stop()).await.map_err(std::io::Error::other)?;
    served?;
    drained?;
    ended.map_or(Ok(()), |part| Err(ServeError::Ended(part)))
}

/// Waits for a signal to stop; gives the part that ended by itself, if one did.
async fn look_after(
    running: &Running,
    seen: &Seen,
    server: &tokio::task::JoinHandle<std::io::Result<()>>,
) -> Option<String> {
    let mut signals = Box::pin(signal());
    loop {
        seen.ready.store(running.is_ready(), std::sync::atomic::Ordering::Relaxed);
        if server.is_finished() {
            return Some("the HTTP server".to_owned());
        }
        if let Some(part) = running.ended() {
            return Some(part);
        }
        tokio::select! {
            () = &mut signals => return None,
            () = tokio::time::sleep(LOOK_AFTER) => {}
        }
    }
}

/// Resolves when the process is told to stop.
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        tracing::error!("signals cannot be had; end the process to stop it");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn start(
    config: &Config,
    services: &[Service],
    codec: &Codec,
    policies: &Arc<PolicyTable>,
    views: Vec<Arc<dyn View>>,
    metrics: &Metrics,
) -> Result<(SharedBackend, Running), ServeError> {
    let live = config.clock == ClockKind::Wall;
    let topology = Topology::new(services)?;
    match config.backend {
        BackendKind::Embedded => {
            let options = EmbeddedOptions { data_dir: config.data_dir.clone(), live };
            let (backend, handle) = Embedded::start(&options, &topology, codec, policies, views)?;
            Ok((backend, Running::Embedded(handle)))
        }
        BackendKind::Kafka => {
            let options = KafkaOptions {
                connection: connection(config),
                redis: config.redis.url.clone(),
                instance: config.kafka.instance.clone(),
                threads: config.kafka.threads,
                live,
            };
            let (backend, handle) =
                KafkaBackend::start(&options, &topology, services, codec, policies, views, metrics)?;
            Ok((backend, Running::Kafka(handle)))
        }
    }
}

/// The cluster that a configuration names.
pub fn connection(config: &Config) -> Connection {
    Connection {
        bootstrap: config.kafka.bootstrap.clone(),
        prefix: config.kafka.prefix.clone(),
        properties: config.kafka.properties.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
    }
}
