//! What handlers have, and the router around the routes of the services.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use kefu_contracts::codec::Codec;
use kefu_contracts::command::Command;
use kefu_contracts::rejection::HttpCode;
use kefu_contracts::{Code, Timestamp};
use kefu_policy::Policies;
use kefu_processor::StateRecord;
use serde_json::Value;

use super::auth::{Caller, Keys};
use super::problem::Problem;
use super::{deadline, pages, problem};
use crate::backend::SharedBackend;
use crate::clock;
use crate::commands::{Commands, Submitted};
use crate::config::{ClockKind, HttpSettings};
use crate::metrics::{Metrics, RequestLabel};
use crate::policies::PolicyTable;
use crate::trace;

/// How long a request's body may take after its header.
pub const BODY_MAX: Duration = Duration::from_secs(30);

/// Whether requests can be sent to the process.
///
/// Readiness is for roll-outs: who was ready stays so until it ends. An outage of Redis or of the broker is the same
/// for all instances; if each of them said that it is not ready, nobody would be left to answer.
pub trait Readiness: Send + Sync + 'static {
    /// What is not there yet, or not any more; nothing once it is ready.
    fn missing(&self) -> Vec<String>;

    /// What it waits for now.
    fn waits(&self) -> Vec<String> {
        Vec::new()
    }

    /// Threads that do not turn any more; a process with one is to be restarted.
    fn stuck(&self) -> Vec<String>;
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

    /// A pass to `place` for who bears `token`, which holds for `seconds`; none if the key is not known.
    pub fn pass(&self, token: &str, place: &str, seconds: u32) -> Option<String> {
        self.inner.keys.pass(token, place, clock::now().plus_ms(i64::from(seconds) * 1_000))
    }

    /// Who bears a pass to `place`, while it holds.
    pub fn bearer_of_pass(&self, pass: &str, place: &str) -> Option<Caller> {
        self.inner.keys.bearer_of_pass(pass, place, clock::now())
    }

    /// Whether nothing is protected: no key is configured, and only this machine can call.
    pub fn is_open(&self) -> bool {
        let listen = self.inner.http.listen.parse::<SocketAddr>();
        self.inner.keys.is_empty() && listen.is_ok_and(|listen| listen.ip().is_loopback())
    }

    /// The `traceparent` of a request; a new one if it bears none.
    pub fn traceparent(&self, headers: &HeaderMap) -> String {
        trace::parent(headers).unwrap_or_else(trace::fresh).header()
    }

    pub(super) fn readiness(&self) -> &dyn Readiness {
        &*self.inner.readiness
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    pub(super) fn document(&self) -> &Value {
        &self.inner.openapi
    }

    pub(super) fn commands(&self) -> &Commands {
        &self.inner.commands
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
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                HttpCode::StateUnreadable,
                "the stored state cannot be read",
            )
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
            Submitted::Answered(result) => pages::answer(result),
            Submitted::Pending => Ok(pages::under_way(&command.command_id)),
            Submitted::Mismatch => {
                let detail = "the key was used for another request in the last 72 h; send it with a new key";
                Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, Code::IdempotencyMismatch, detail))
            }
        }
    }
}

/// The whole router: `services` are the routes of the services.
pub fn router(api: Api, services: Router<Api>) -> Router {
    router_within(api, services, BODY_MAX)
}

/// As [`router`], for bodies that arrive within `body_max`.
pub(super) fn router_within(api: Api, services: Router<Api>, body_max: Duration) -> Router {
    Router::new()
        .merge(pages::routes().router)
        .merge(services)
        .fallback(|| async { Problem::not_found("page") })
        .layer(from_fn(move |request, next| timed(body_max, request, next)))
        .layer(from_fn(problem::each_error))
        .layer(from_fn_with_state(api.clone(), count))
        .with_state(api)
}

async fn timed(body_max: Duration, request: Request, next: Next) -> Response {
    next.run(request.map(|body| deadline::within(body_max, body))).await
}

async fn count(State(api): State<Api>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let response = trace::traced(&route, request, next).await;
    let label = RequestLabel { route, status: response.status().as_u16() };
    api.inner.metrics.http_requests.get_or_create(&label).inc();
    response
}
