//! A process from its start to its drained end.
//!
//! Owns the order: configuration, backend, server, wait for a signal, drain: not ready any more, no new connections,
//! the threads finish their last commit while requests under way are answered. What the services are is given.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
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
use crate::heartbeat::Heartbeats;
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

/// The threads of a backend, as the process looks after them.
pub trait Threads: Send + 'static {
    /// Why they cannot do their work now, each reason for a person; nothing if all is well.
    fn missing(&self) -> Vec<String>;

    /// The name of a part that has ended by itself, which it only does on a failure.
    fn ended(&self) -> Option<String>;

    /// Lets them finish their last commit.
    ///
    /// # Errors
    /// The first failure of a thread.
    fn stop(self: Box<Self>) -> Result<(), ServeError>;
}

impl Threads for EngineHandle {
    fn missing(&self) -> Vec<String> {
        // it is restored before it starts
        Vec::new()
    }

    fn ended(&self) -> Option<String> {
        self.has_ended().then(|| "the embedded engine".to_owned())
    }

    fn stop(self: Box<Self>) -> Result<(), ServeError> {
        Ok(EngineHandle::stop(*self)?)
    }
}

impl Threads for KafkaHandle {
    fn missing(&self) -> Vec<String> {
        KafkaHandle::missing(self)
    }

    fn ended(&self) -> Option<String> {
        KafkaHandle::ended(self).map(|name| format!("thread {name}"))
    }

    fn stop(self: Box<Self>) -> Result<(), ServeError> {
        Ok(KafkaHandle::stop(*self)?)
    }
}

/// What is missing, as the loop that looks after the threads last saw it.
struct Seen {
    missing: Mutex<Vec<String>>,
    heartbeats: Heartbeats,
}

impl Seen {
    fn new(heartbeats: Heartbeats) -> Self {
        Self { missing: Mutex::new(vec!["the process starts".to_owned()]), heartbeats }
    }

    fn set(&self, missing: Vec<String>) {
        *self.missing.lock().unwrap_or_else(PoisonError::into_inner) = missing;
    }
}

impl Readiness for Seen {
    fn missing(&self) -> Vec<String> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn stuck(&self) -> Vec<String> {
        let silent = self.heartbeats.silent().into_iter();
        silent.map(|(name, since)| format!("thread {name} has not turned for {} s", since.as_secs())).collect()
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
    serve_until(config, process, bound, signal())
}

/// As [`serve`], until `told` resolves.
///
/// # Errors
/// See [`ServeError`].
pub fn serve_until(
    config: &Config,
    process: Process,
    bound: impl FnOnce(SocketAddr, Api),
    told: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(config, process, bound, told))
}

async fn run(
    config: &Config,
    process: Process,
    bound: impl FnOnce(SocketAddr, Api),
    told: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let policies = Arc::new(PolicyTable::new(process.policies));
    let results = Arc::new(CommandResults::default());
    let heartbeats = Heartbeats::default();
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
    // first of all: a second start by mistake must not take the place of the first
    let listener = http::bind(config.http.listen.parse().map_err(std::io::Error::other)?).await?;
    let observed = Observed { metrics: &metrics, heartbeats: &heartbeats };
    let (backend, threads) = start(config, &services, &process.codec, &policies, views, observed).await?;
    let seen = Arc::new(Seen::new(heartbeats));
    let api = Api::new(ApiParts {
        commands: Commands::new(backend.clone(), results.clone(), process.codec.clone()),
        backend,
        policies,
        keys: Keys::new(config.api_keys()),
        metrics,
        http: config.http.clone(),
        clock: config.clock,
        readiness: seen.clone(),
        openapi: openapi::document(Value::Object(paths)),
    });
    bound(listener.local_addr()?, api.clone());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(http::serve(listener, http::router(api, routes), async {
        // an answer and the sender's end mean the same
        stopped.await.ok();
    }));
    let ended = look_after(&*threads, &seen, &server, told).await;
    seen.set(vec!["the process ends".to_owned()]);
    // the server may have ended by itself
    stop.send(()).ok();
    let drained = tokio::task::spawn_blocking(move || {
        let drained = threads.stop();
        results.let_go();
        drained
    });
    let (served, drained) = tokio::join!(server, drained);
    served.map_err(std::io::Error::other)?;
    drained.map_err(std::io::Error::other)??;
    ended.map_or(Ok(()), |part| Err(ServeError::Ended(part)))
}

/// Waits for `told`; gives the part that ended by itself, if one did before.
async fn look_after(
    threads: &dyn Threads,
    seen: &Seen,
    server: &tokio::task::JoinHandle<()>,
    told: impl Future<Output = ()>,
) -> Option<String> {
    let mut told = std::pin::pin!(told);
    loop {
        seen.set(threads.missing());
        if server.is_finished() {
            return Some("the HTTP server".to_owned());
        }
        if let Some(part) = threads.ended() {
            return Some(part);
        }
        tokio::select! {
            () = &mut told => return None,
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

/// Where the threads tell how they are.
struct Observed<'a> {
    metrics: &'a Metrics,
    heartbeats: &'a Heartbeats,
}

async fn start(
    config: &Config,
    services: &[Service],
    codec: &Codec,
    policies: &Arc<PolicyTable>,
    views: Vec<Arc<dyn View>>,
    observed: Observed<'_>,
) -> Result<(SharedBackend, Box<dyn Threads>), ServeError> {
    let Observed { metrics, heartbeats } = observed;
    let live = config.clock == ClockKind::Wall;
    let topology = Topology::new(services)?;
    match config.backend {
        BackendKind::Embedded => {
            let options = EmbeddedOptions { data_dir: config.data_dir.clone(), live };
            let (backend, handle) = Embedded::start(&options, &topology, codec, policies, views, metrics, heartbeats)?;
            Ok((backend, Box::new(handle)))
        }
        BackendKind::Kafka => {
            let options = KafkaOptions {
                connection: connection(config),
                redis: config.redis.url.clone(),
                instance: config.kafka.instance.clone(),
                grouping: config.kafka.grouping(),
                threads: config.kafka.threads,
                live,
                heartbeats: heartbeats.clone(),
            };
            let (backend, handle) =
                KafkaBackend::start(&options, &topology, services, codec, policies, views, metrics).await?;
            Ok((backend, Box::new(handle)))
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
