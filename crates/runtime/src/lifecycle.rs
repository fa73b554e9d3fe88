//! A process from its start to its drained end.
//!
//! Owns the order: configuration, backend, server, wait for a signal, drain: not ready any more, no new connections,
//! the threads finish their last commit while requests under way are answered. What the services are is given.

use std::future::Future;
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
use crate::heartbeat::Heartbeats;
use crate::http::openapi;
use crate::http::server::ApiParts;
use crate::http::{self, Api, auth::Keys};
use crate::kafka::{Connection, KafkaBackend, KafkaHandle, KafkaOptions};
use crate::metrics::Metrics;
use crate::policies::PolicyTable;
use crate::seen::Seen;

/// How long threads may take for their last commit. A call of the client library to a broker that is away may not
/// come back at all.
const THREADS_DRAIN: Duration = Duration::from_secs(20);
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
    /// A thread did not end; what it had not committed is done again by whoever comes next.
    #[error("a thread did not end within {} s of being told to; the process ended without it", THREADS_DRAIN.as_secs())]
    Undrained,
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
    serve_with(config, process, bound, signal)
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
    serve_with(config, process, bound, || Ok(told))
}

/// As [`serve_until`]; `listen` is called once it listens, after which `told` may come at any time.
fn serve_with<F: Future<Output = ()>>(
    config: &Config,
    process: Process,
    bound: impl FnOnce(SocketAddr, Api),
    listen: impl FnOnce() -> std::io::Result<F>,
) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(run(config, process, bound, listen));
    // it would wait for a thread that does not end
    runtime.shutdown_background();
    served
}

async fn run<F: Future<Output = ()>>(
    config: &Config,
    process: Process,
    bound: impl FnOnce(SocketAddr, Api),
    listen: impl FnOnce() -> std::io::Result<F>,
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
    let seen = Arc::new(Seen::new(heartbeats.clone()));
    let (listener, early) = answer_early(listener, http::early_router(seen.clone(), metrics.clone()))?;
    let mut told = std::pin::pin!(listen()?);
    let starting = Starting {
        config: config.clone(),
        services,
        codec: process.codec.clone(),
        policies: policies.clone(),
        views,
        metrics: metrics.clone(),
        heartbeats,
    };
    let handle = tokio::runtime::Handle::current();
    // most of it does not yield
    let started = tokio::task::spawn_blocking(move || handle.block_on(starting.start()));
    let started = tokio::select! {
        started = started => started.map_err(std::io::Error::other)?,
        // nothing is under way that would have to end in good order
        () = &mut told => return Ok(()),
    };
    // how it ended changes nothing: the other server listens now
    early.end().await.ok();
    let (backend, threads) = started?;
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
    let server = Server::start(listener, http::router(api, routes));
    let ended = look_after(&*threads, &seen, &server, told).await;
    seen.ends();
    // begins once the server takes no more connections
    let drained = async {
        let drain = move || {
            let drained = threads.stop();
            results.let_go();
            drained
        };
        tokio::task::spawn_blocking(drain).await
    };
    let (served, drained) = tokio::join!(server.end(), tokio::time::timeout(THREADS_DRAIN, drained));
    served.map_err(std::io::Error::other)?;
    drained.map_err(|_| ServeError::Undrained)?.map_err(std::io::Error::other)??;
    ended.map_or(Ok(()), |part| Err(ServeError::Ended(part)))
}

/// A server at work.
struct Server {
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    fn start(listener: tokio::net::TcpListener, router: Router) -> Self {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let task = tokio::spawn(http::serve(listener, router, async {
            // an answer and the sender's end mean the same
            stopped.await.ok();
        }));
        Self { stop, task }
    }

    /// Takes no more connections, and waits for the requests under way.
    async fn end(self) -> Result<(), tokio::task::JoinError> {
        // it may have ended by itself, and then nobody listens
        self.stop.send(()).ok();
        self.task.await
    }
}

/// Answers on `listener`, which is given back, with `router` until told to end.
fn answer_early(
    listener: tokio::net::TcpListener,
    router: Router,
) -> std::io::Result<(tokio::net::TcpListener, Server)> {
    let listener = listener.into_std()?;
    let early = Server::start(tokio::net::TcpListener::from_std(listener.try_clone()?)?, router);
    Ok((tokio::net::TcpListener::from_std(listener)?, early))
}

/// Waits for `told`; gives the part that ended by itself, if one did before.
async fn look_after(
    threads: &dyn Threads,
    seen: &Seen,
    server: &Server,
    told: impl Future<Output = ()>,
) -> Option<String> {
    let mut told = std::pin::pin!(told);
    loop {
        seen.set(threads.missing());
        if server.task.is_finished() {
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

/// Listens from now on; resolves when the process is told to stop.
fn signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// A backend that is to be started.
struct Starting {
    config: Config,
    services: Vec<Service>,
    codec: Codec,
    policies: Arc<PolicyTable>,
    views: Vec<Arc<dyn View>>,
    metrics: Metrics,
    heartbeats: Heartbeats,
}

impl Starting {
    async fn start(self) -> Result<(SharedBackend, Box<dyn Threads>), ServeError> {
        let Self { config, services, codec, policies, views, metrics, heartbeats } = self;
        let live = config.clock == ClockKind::Wall;
        let topology = Topology::new(&services)?;
        match config.backend {
            BackendKind::Embedded => {
                let options = EmbeddedOptions { data_dir: config.data_dir, live };
                let (backend, handle) =
                    Embedded::start(&options, &topology, &codec, &policies, views, &metrics, &heartbeats)?;
                Ok((backend, Box::new(handle)))
            }
            BackendKind::Kafka => {
                let options = KafkaOptions {
                    connection: connection(&config),
                    redis: config.redis.url,
                    grouping: config.kafka.grouping(),
                    instance: config.kafka.instance,
                    threads: config.kafka.threads,
                    live,
                    heartbeats,
                };
                let (backend, handle) =
                    KafkaBackend::start(&options, &topology, &services, &codec, &policies, views, &metrics).await?;
                Ok((backend, Box::new(handle)))
            }
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
