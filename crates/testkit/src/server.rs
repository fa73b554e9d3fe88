//! A service with its HTTP API on the embedded store, for tests.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use kefu_contracts::codec::Codec;
use kefu_contracts::{Timestamp, Topic};
use kefu_policy::Policies;
use kefu_processor::Topology;
use kefu_runtime::backend::{Backend, NewRecord, View};
use kefu_runtime::commands::{CommandResults, Commands};
use kefu_runtime::config::{ClockKind, Config};
use kefu_runtime::embedded::{Embedded, EmbeddedOptions, EngineHandle};
use kefu_runtime::heartbeat::Heartbeats;
use kefu_runtime::http::server::{ApiParts, Readiness};
use kefu_runtime::http::{Api, auth::Keys, openapi, router};
use kefu_runtime::lifecycle::Definition;
use kefu_runtime::metrics::Metrics;
use kefu_runtime::policies::PolicyTable;
use serde_json::Value;
use tower::ServiceExt;

/// How long [`Server::until`] waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body as text.
    pub text: String,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// Status and code of a problem.
    pub fn problem(&self) -> (u16, String) {
        (self.status, self.json()["code"].as_str().unwrap_or_default().to_owned())
    }
}

struct Ready;

impl Readiness for Ready {
    fn missing(&self) -> Vec<String> {
        Vec::new()
    }

    fn stuck(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A service with its API, on the wall clock and a store of its own. It has two tenants: the keys `demo-<scope>-key`
/// and `other-<scope>-key`, each with that one scope.
pub struct Server {
    router: Router,
    api: Api,
    codec: Codec,
    backend: Arc<Embedded>,
    // ends by itself once the backend is gone
    _engine: EngineHandle,
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

const SCOPES: [&str; 5] = ["ingest", "read", "agent", "supervisor", "admin"];

impl Server {
    /// Starts a service with `policies`.
    pub fn start(define: impl FnOnce(&Codec) -> Definition, policies: Policies) -> Self {
        let keys = ["demo", "other"].into_iter().flat_map(|tenant| {
            SCOPES.map(|scope| {
                let token = format!("{tenant}-{scope}-key-0000");
                serde_json::json!({"token": token, "tenant": tenant, "scopes": [scope]})
            })
        });
        Self::start_with(define, policies, serde_json::json!({"keys": keys.collect::<Vec<_>>()}))
    }

    /// Starts a service with `policies` and `settings`.
    pub fn start_with(define: impl FnOnce(&Codec) -> Definition, policies: Policies, settings: Value) -> Self {
        let config = Config::load(None, settings).unwrap_or_else(|faults| panic!("{faults}"));
        let runtime = tokio::runtime::Runtime::new().unwrap_or_else(|error| panic!("{error}"));
        let codec = Codec::single_object();
        let definition = define(&codec);
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let topology = Topology::new(&[definition.service]).unwrap_or_else(|error| panic!("{error}"));
        let options = EmbeddedOptions { data_dir: folder.path().to_owned(), live: config.clock == ClockKind::Wall };
        let policies = Arc::new(PolicyTable::new(policies));
        let results = Arc::new(CommandResults::default());
        let mut views: Vec<Arc<dyn View>> = vec![policies.clone(), results.clone()];
        views.extend(definition.views);
        let metrics = Metrics::default();
        let (backend, engine) =
            Embedded::start(&options, &topology, &codec, &policies, views, &metrics, &Heartbeats::default())
                .unwrap_or_else(|error| panic!("{error}"));
        let api = Api::new(ApiParts {
            commands: Commands::new(backend.clone(), results, codec.clone()),
            backend: backend.clone(),
            policies,
            keys: Keys::new(config.api_keys()),
            metrics,
            http: config.http.clone(),
            clock: config.clock,
            readiness: Arc::new(Ready),
            openapi: openapi::document(definition.paths),
        });
        let router = router(api.clone(), definition.routes);
        Self { router, api, codec, backend, _engine: engine, runtime, _folder: folder }
    }

    /// What time it is for the server.
    pub fn now(&self) -> Timestamp {
        self.api.now()
    }

    /// Sends a request: `line` is method and path, `key` as in `demo-read`, `headers` names and values.
    pub fn call(&self, line: &str, key: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let (method, path) = line.split_once(' ').unwrap_or(("GET", line));
        let mut request = Request::builder().method(method).uri(path);
        if !key.is_empty() {
            request = request.header("authorization", format!("Bearer {key}-key-0000"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap_or_else(|error| panic!("{error}"));
        self.runtime.block_on(async {
            let response = match self.router.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let (parts, body) = response.into_parts();
            let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_else(|error| panic!("{error}"));
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Answer { status: parts.status.as_u16(), headers: parts.headers, text }
        })
    }

    /// Reads a page.
    pub fn get(&self, path: &str, key: &str) -> Answer {
        self.call(&format!("GET {path}"), key, &[], Body::empty())
    }

    /// Sends JSON.
    pub fn send(&self, line: &str, key: &str, body: &Value) -> Answer {
        self.call(line, key, &[("content-type", "application/json")], body.to_string())
    }

    /// Reads a page until its answer has `status`.
    pub fn until(&self, path: &str, key: &str, status: u16) -> Answer {
        let begin = kefu_runtime::clock::monotonic();
        loop {
            let answer = self.get(path, key);
            if answer.status == status {
                return answer;
            }
            assert!(begin.elapsed() < PATIENCE, "{path} still answers {} {}", answer.status, answer.text);
            kefu_runtime::clock::rest(Duration::from_millis(20));
        }
    }

    /// Writes a record as another service would.
    pub fn append<T>(&self, topic: &Topic<T>, key: &str, value: &T, at: Timestamp) {
        let record = NewRecord::new(&self.codec, topic, key.to_owned(), value, at);
        let record = record.unwrap_or_else(|error| panic!("{error}"));
        for result in self.runtime.block_on(self.backend.append(vec![record])) {
            result.unwrap_or_else(|error| panic!("{error}"));
        }
    }

    /// The values on a topic, in order.
    pub fn written<T>(&self, topic: &Topic<T>) -> Vec<T> {
        let stored = self.backend.store().read(topic.info.name, 0, 10_000).unwrap_or_else(|error| panic!("{error}"));
        let decode = |payload: &[u8]| topic.decode(&self.codec, payload).unwrap_or_else(|error| panic!("{error}"));
        stored.iter().map(|stored| decode(&stored.payload)).collect()
    }

    /// Every route in the document answers something else than that it is not there. Gives how many there are.
    pub fn check_document(&self) -> usize {
        let document = self.get("/openapi.json", "").json();
        let paths = document["paths"].as_object().cloned().unwrap_or_default();
        let mut routes = 0;
        for (path, methods) in &paths {
            for method in methods.as_object().into_iter().flat_map(|methods| methods.keys()) {
                let line = format!("{} {}", method.to_uppercase(), path.replace(['{', '}'], ""));
                let answer = self.call(&line, "", &[], Body::empty());
                assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED.as_u16(), "{line}");
                assert_ne!(answer.json()["detail"], "there is no such page", "{line}");
                routes += 1;
            }
        }
        routes
    }
}
