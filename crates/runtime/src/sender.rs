//! Events to an intake API over HTTP, for loaders.
//!
//! Owns connections, repetition after 429 and 503, and what the answers say. Which events are sent, and when, is the
//! loader's matter.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use crate::clock;
use crate::interrupt::Interrupt;
use crate::latency::Latencies;

/// Longest wait for an answer.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// Longest wait before a request is repeated, whatever `Retry-After` says.
const RETRY_MOST: Duration = Duration::from_secs(5);
/// Wait before a request is repeated if the answer does not say.
const RETRY: Duration = Duration::from_millis(200);
/// How often a request is sent before its events count as failed.
const TRIES: u32 = 20;

/// What became of what was sent.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Events that are durable.
    pub confirmed: u64,
    /// Events that the API knew already.
    pub duplicates: u64,
    /// Events that were refused, by code.
    pub refused: BTreeMap<String, u64>,
    /// Events whose request got no usable answer, and why the first of them did not.
    pub failed: u64,
    /// Why the first request failed.
    pub failure: Option<String>,
    /// Requests that were sent again.
    pub repeated: u64,
    /// From when an event was due to its confirmation.
    pub latencies: Latencies,
}

/// Why nothing can be sent.
#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    /// The address is none.
    #[error("`{0}` is no address of an API; write it as http://host:port")]
    Url(String),
    /// A thread or socket cannot be had.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The client cannot be made.
    #[error("the HTTP client cannot be made: {0}")]
    Client(#[from] reqwest::Error),
    /// There is no key for a tenant.
    #[error("there is no key for tenant `{0}`; give --key {0}=TOKEN")]
    NoKey(String),
}

/// Events of one tenant for one request.
#[derive(Clone, Debug)]
pub struct Lines {
    /// Whose they are.
    pub tenant: String,
    /// One event a line.
    pub body: Vec<u8>,
    /// How many.
    pub events: u64,
}

/// Sends batches over a bounded number of connections.
pub struct Sender {
    runtime: Runtime,
    client: Client,
    url: Url,
    keys: BTreeMap<String, String>,
    free: Arc<Semaphore>,
    connections: u32,
    outcome: Arc<Mutex<Outcome>>,
    interrupt: Interrupt,
}

impl Sender {
    /// A sender to the API at `url`, with a token for each tenant. Repetitions end with `interrupt`.
    ///
    /// # Errors
    /// See [`SenderError`].
    pub fn new(
        url: &str,
        keys: BTreeMap<String, String>,
        connections: u32,
        interrupt: Interrupt,
    ) -> Result<Self, SenderError> {
        let parsed = Url::parse(url).ok().filter(|url| url.scheme() == "http" && url.has_host());
        let url =
            parsed.and_then(|base| base.join("/v1/events").ok()).ok_or_else(|| SenderError::Url(url.to_owned()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let client = Client::builder().timeout(ANSWER_WAIT).pool_max_idle_per_host(connections as usize).build()?;
        let free = Arc::new(Semaphore::new(connections as usize));
        let outcome = Arc::new(Mutex::new(Outcome::default()));
        Ok(Self { runtime, client, url, keys, free, connections, outcome, interrupt })
    }

    /// Sends `lines`, which were due at `due`; waits while all connections are in use.
    ///
    /// # Errors
    /// If there is no key for the tenant.
    pub fn send(&self, lines: Lines, due: Instant) -> Result<(), SenderError> {
        let token = self.keys.get(&lines.tenant).ok_or_else(|| SenderError::NoKey(lines.tenant.clone()))?;
        let request = Request {
            client: self.client.clone(),
            url: self.url.clone(),
            bearer: format!("Bearer {token}"),
            body: lines.body,
            events: lines.events,
            due,
            interrupt: self.interrupt.clone(),
        };
        let outcome = self.outcome.clone();
        let free = self.free.clone();
        let permit = self.runtime.block_on(free.acquire_owned()).ok();
        self.runtime.spawn(async move {
            request.run(&outcome).await;
            drop(permit);
        });
        Ok(())
    }

    /// Waits until nothing is under way.
    pub fn flush(&self) {
        // all permits together: nobody holds one; the semaphore is never closed
        self.runtime.block_on(self.free.acquire_many(self.connections)).map(drop).ok();
    }

    /// What became of the events so far.
    pub fn outcome(&self) -> Outcome {
        lock(&self.outcome).clone()
    }
}

fn lock(outcome: &Mutex<Outcome>) -> MutexGuard<'_, Outcome> {
    outcome.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The part of the API's answer that counts.
#[derive(Deserialize)]
struct Answer {
    accepted: u64,
    duplicates: u64,
    rejected: Vec<Rejected>,
}

#[derive(Deserialize)]
struct Rejected {
    code: String,
}

struct Request {
    client: Client,
    url: Url,
    bearer: String,
    body: Vec<u8>,
    events: u64,
    due: Instant,
    interrupt: Interrupt,
}

impl Request {
    async fn run(self, outcome: &Mutex<Outcome>) {
        let mut tries = 1;
        let failure = loop {
            let wait = match self.once().await {
                Ok(response) if response.status() == StatusCode::ACCEPTED => match read(response).await {
                    Ok(answer) => return self.count(&answer, outcome),
                    Err(error) => break error,
                },
                Ok(response) if is_temporary(response.status()) => pause(&response),
                Ok(response) => break told(response).await,
                // nobody listens yet, or a connection was closed meanwhile
                Err(error) if error.is_connect() || error.is_request() => RETRY,
                Err(error) => break error.to_string(),
            };
            if tries == TRIES || self.interrupt.is_told() {
                break format!("{} did not take it in {tries} tries", self.url);
            }
            tries += 1;
            lock(outcome).repeated += 1;
            tokio::time::sleep(wait).await;
        };
        let mut outcome = lock(outcome);
        outcome.failed += self.events;
        outcome.failure.get_or_insert(failure);
    }

    async fn once(&self) -> reqwest::Result<Response> {
        self.client
            .post(self.url.clone())
            .header(AUTHORIZATION, &self.bearer)
            .header(CONTENT_TYPE, "application/x-ndjson")
            .body(self.body.clone())
            .send()
            .await
    }

    fn count(&self, answer: &Answer, outcome: &Mutex<Outcome>) {
        let took = clock::monotonic().saturating_duration_since(self.due);
        let mut outcome = lock(outcome);
        outcome.confirmed += answer.accepted;
        outcome.duplicates += answer.duplicates;
        outcome.latencies.add(took, answer.accepted);
        for rejected in &answer.rejected {
            *outcome.refused.entry(rejected.code.clone()).or_default() += 1;
        }
    }
}

async fn read(response: Response) -> Result<Answer, String> {
    let bytes = response.bytes().await.map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes).map_err(|error| format!("the answer is none of an intake API: {error}"))
}

fn is_temporary(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE
}

fn pause(response: &Response) -> Duration {
    let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    seconds.map_or(RETRY, |seconds| Duration::from_secs(seconds).min(RETRY_MOST))
}

/// What a refusal of the whole request says, in few words.
async fn told(response: Response) -> String {
    let status = response.status();
    let text = response.text().await.unwrap_or_default();
    format!("{status}: {}", text.chars().take(300).collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use axum::Router;
    use axum::http::HeaderMap;
    use axum::response::IntoResponse;
    use axum::routing::post;

    use super::*;

    /// An API that is busy once, then takes all but the second event.
    async fn desk(calls: Arc<AtomicU32>, headers: HeaderMap, body: String) -> axum::response::Response {
        if headers.get(AUTHORIZATION).is_none_or(|key| key != "Bearer secret") {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        if calls.fetch_add(1, Ordering::Relaxed) == 0 {
            return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "0")]).into_response();
        }
        let rejected = serde_json::json!([{"index": 1, "event_id": "e-2", "code": "no_case", "retryable": false}]);
        let accepted = body.lines().count() - 1;
        let answer = serde_json::json!({"accepted": accepted, "duplicates": 0, "rejected": rejected});
        (StatusCode::ACCEPTED, axum::Json(answer)).into_response()
    }

    fn served() -> (Runtime, String) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let calls = Arc::new(AtomicU32::new(0));
        let routes = Router::new().route("/v1/events", post(move |headers, body| desk(calls.clone(), headers, body)));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (runtime, url)
    }

    fn sent(token: &str) -> Outcome {
        let (_api, url) = served();
        let keys = BTreeMap::from([("demo".to_owned(), token.to_owned())]);
        let sender = Sender::new(&url, keys, 2, Interrupt::default()).unwrap();
        let lines = |tenant: &str| Lines { tenant: tenant.to_owned(), body: b"{}\n{}\n{}\n".to_vec(), events: 3 };
        sender.send(lines("demo"), clock::monotonic()).unwrap();
        sender.flush();
        assert!(matches!(sender.send(lines("other"), clock::monotonic()), Err(SenderError::NoKey(_))));
        sender.outcome()
    }

    #[test]
    fn a_busy_api_is_asked_again_and_each_event_is_counted_once() {
        let outcome = sent("secret");
        assert_eq!((outcome.confirmed, outcome.failed, outcome.repeated), (2, 0, 1));
        assert_eq!(outcome.refused, BTreeMap::from([("no_case".to_owned(), 1)]));
        assert_eq!(outcome.latencies.count(), 2);
    }

    #[test]
    fn a_wrong_key_fails_without_being_tried_again() {
        let outcome = sent("guessed");
        assert_eq!((outcome.confirmed, outcome.failed, outcome.repeated), (0, 3, 0));
        assert!(outcome.failure.unwrap().starts_with("401"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in ["", "localhost:8080", "ftp://host", "https://host"] {
            assert!(matches!(
                Sender::new(url, BTreeMap::new(), 1, Interrupt::default()),
                Err(SenderError::Url(given)) if given == url
            ));
        }
    }
}
