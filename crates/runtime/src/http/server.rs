//! The server: the routes that every service has, around those of its own.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{MatchedPath, Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use kefu_contracts::Timestamp;
use kefu_contracts::codec::Codec;
use kefu_contracts::command::{Command, CommandResult};
use kefu_policy::Policies;
use kefu_processor::StateRecord;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::auth::{Caller, Keys, Scope};
use super::problem::Problem;
use crate::backend::SharedBackend;
use crate::clock;
use crate::commands::{Commands, Submitted};
use crate::config::{ClockKind, HttpSettings};
use crate::metrics::{Metrics, RequestLabel};
use crate::policies::PolicyTable;
use crate::trace::{self, TraceContext};

/// Whether the process can do its work.
pub trait Readiness: Send + Sync + 'static {
    /// What is not there yet, or not any more; nothing if all is well.
    fn missing(&self) -> Vec<String>;
}

/// What an API's handlers have: the backend, the commands, the keys.
#[derive(Clone)]
pub struct Api {
    inner: Arc<ApiParts>,
}

/// What an [`Api`] is made of.
pub struct ApiParts {
    /// The backend.
    pub backend: SharedBackend,
    /// The way of commands to their processors.
    pub commands: Commands,
    /// The policies known here.
    pub policies: Arc<PolicyTable>,
    /// Who may call.
    pub keys: Keys,
    /// Counters.
    pub metrics: Metrics,
    /// Where it listens, and how large bodies may be.
    pub http: HttpSettings,
    /// Share of the traces begun here that are exported, 0 to 1.
    pub trace_share: f64,
    /// What time is.
    pub clock: ClockKind,
    /// Whether the process can do its work.
    pub readiness: Arc<dyn Readiness>,
    /// The document at `/openapi.json`.
    pub openapi: Value,
}

impl Api {
    /// Puts the parts together.
    pub fn new(parts: ApiParts) -> Self {
        Self { inner: Arc::new(parts) }
    }

    /// The backend.
    pub fn backend(&self) -> &SharedBackend {
        &self.inner.backend
    }

    /// The wire formats.
    pub fn codec(&self) -> &Codec {
        self.inner.commands.codec()
    }

    /// The policies known here.
    pub fn policies(&self) -> Arc<Policies> {
        self.inner.policies.current()
    }

    /// Whether time is the wall clock's.
    pub fn is_live(&self) -> bool {
        self.inner.clock == ClockKind::Wall
    }

    /// What time it is: the wall clock's, or with the event clock how far the events are.
    pub fn now(&self) -> Timestamp {
        let reached = if self.is_live() { None } else { self.inner.backend.watermark() };
        reached.unwrap_or_else(clock::now)
    }

    /// Who bears `token`.
    pub fn caller(&self, token: &str) -> Option<Caller> {
        self.inner.keys.caller(token)
    }

    /// Whether nothing is protected: no key is configured, and only this machine can call.
    pub fn is_open(&self) -> bool {
        let listen = self.inner.http.listen.parse::<SocketAddr>();
        self.inner.keys.is_empty() && listen.is_ok_and(|listen| listen.ip().is_loopback())
    }

    /// The `traceparent` of a request; a new one if it bears none.
    pub fn traceparent(&self, headers: &HeaderMap) -> String {
        let given = headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(TraceContext::parse);
        given.unwrap_or_else(|| trace::root(self.inner.trace_share)).header()
    }

    pub(crate) fn limits(&self) -> &HttpSettings {
        &self.inner.http
    }

    /// The state of `key` in a processor, `service/processor`.
    ///
    /// # Errors
    /// 503 if it cannot be read.
    pub async fn state<S: StateRecord>(&self, stage: &'static str, key: String) -> Result<Option<S>, Problem> {
        let bytes = self.inner.backend.state(stage, key.clone()).await?;
        let state = bytes.map(|bytes| kefu_processor::state::decode(&key, &bytes)).transpose();
        state.map_err(|error| {
            tracing::error!(%error, stage, "a state cannot be shown");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "state_unreadable", "the stored state cannot be read")
        })
    }

    /// A read's answer, with how fresh it is.
    pub fn read(&self, body: Value) -> Response {
        let mut response = Json(body).into_response();
        if let Some(reached) = self.inner.backend.watermark()
            && let Ok(value) = HeaderValue::from_str(&reached.to_string())
        {
            response.headers_mut().insert("kefu-watermark", value);
        }
        response
    }

    /// Hands a command to its processor and turns the answer into a response.
    ///
    /// # Errors
    /// The refusal, or 503 if the backend does not take the command.
    pub async fn command(&self, command: &Command) -> Result<Response, Problem> {
        match self.inner.commands.submit(command).await? {
            Submitted::Answered(result) => answer(result),
            Submitted::Pending => {
                let location = format!("/v1/commands/{}", encode_segment(&command.command_id));
                let body = json!({"command_id": command.command_id, "status": "pending"});
                Ok((StatusCode::ACCEPTED, [("location", location)], Json(body)).into_response())
            }
        }
    }
}

/// Percent-encodes a path segment.
fn encode_segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn answer(result: CommandResult) -> Result<Response, Problem> {
    let status = u16::try_from(result.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_success() {
        return Ok((status, Json(result.body.0)).into_response());
    }
    Err(Problem::new(status, result.code.unwrap_or_default(), result.detail.unwrap_or_default()))
}

/// The whole router: `services` are the routes under `/v1`.
pub fn router(api: Api, services: Router<Api>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi))
        .route("/v1/commands/{id}", get(command_result))
        .merge(services)
        .fallback(|| async { Problem::not_found("page") })
        .layer(axum::middleware::from_fn_with_state(api.clone(), count))
        .with_state(api)
}

async fn readyz(State(api): State<Api>) -> Response {
    let missing = api.inner.readiness.missing();
    if missing.is_empty() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", missing.join(", "))).into_response()
}

async fn metrics(State(api): State<Api>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], api.inner.metrics.text()).into_response()
}

async fn openapi(State(api): State<Api>) -> Json<Value> {
    Json(api.inner.openapi.clone())
}

async fn command_result(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    caller.must(Scope::Read)?;
    let result = api.inner.commands.results().answer(&caller.tenant, &id);
    result.map_or_else(|| Err(Problem::not_found("command, or it has no answer yet")), answer)
}

async fn count(State(api): State<Api>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let label = RequestLabel { route, status: response.status().as_u16() };
    api.inner.metrics.http_requests.get_or_create(&label).inc();
    response
}

/// Takes an address.
///
/// # Errors
/// If it cannot be had, with what to do.
pub async fn bind(listen: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|error| {
        let todo = "choose another address with --listen, or end the program that uses it";
        std::io::Error::new(error.kind(), format!("cannot listen at {listen}: {error}; {todo}"))
    })
}

/// Serves until `stop` resolves, then lets requests under way finish.
///
/// # Errors
/// If the socket fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}
