//! The shell around every API, without a backend behind it.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use kefu_contracts::Timestamp;
use kefu_contracts::codec::Codec;
use kefu_contracts::rejection::ProblemCode;
use kefu_policy::Policies;
use kefu_runtime::backend::{Backend, BackendError, NewRecord, Pending};
use kefu_runtime::commands::{CommandResults, Commands};
use kefu_runtime::config::Config;
use kefu_runtime::http::server::ApiParts;
use kefu_runtime::http::{Api, Readiness, auth::Keys, openapi, router};
use kefu_runtime::metrics::Metrics;
use kefu_runtime::policies::PolicyTable;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::desk;

struct Away;

impl Backend for Away {
    fn append(&self, records: Vec<NewRecord>) -> Pending<Vec<Result<(), BackendError>>> {
        let away = Err(BackendError::Unavailable("kafka is away".to_owned()));
        Box::pin(std::future::ready(vec![away; records.len()]))
    }

    fn state(&self, _: &'static str, _: String) -> Pending<Result<Option<Vec<u8>>, BackendError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn watermark(&self) -> Option<Timestamp> {
        None
    }
}

#[derive(Clone, Default)]
struct Told {
    missing: Vec<String>,
    stuck: Vec<String>,
}

impl Readiness for Told {
    fn missing(&self) -> Vec<String> {
        self.missing.clone()
    }

    fn stuck(&self) -> Vec<String> {
        self.stuck.clone()
    }
}

struct Answer {
    status: u16,
    kind: String,
    body: String,
}

impl Answer {
    fn problem(&self) -> (u16, String) {
        assert_eq!(self.kind, "application/problem+json", "{}", self.body);
        (self.status, self.json()["code"].as_str().unwrap_or_default().to_owned())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

fn call(readiness: &Told, line: &str, headers: &[(&str, &str)]) -> Answer {
    let keys = json!({"keys": [{"token": "0123456789abcdef", "tenant": "demo", "scopes": ["read"]}]});
    let config = Config::load(None, keys).unwrap();
    let backend: Arc<dyn Backend> = Arc::new(Away);
    let results = Arc::new(CommandResults::default());
    let api = Api::new(ApiParts {
        commands: Commands::new(backend.clone(), results, Codec::single_object()),
        backend,
        policies: Arc::new(PolicyTable::new(Policies::default())),
        keys: Keys::new(config.api_keys()),
        metrics: Metrics::default(),
        http: config.http.clone(),
        clock: config.clock,
        readiness: Arc::new(readiness.clone()),
        openapi: openapi::document(desk::routes().paths()),
    });
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let router = router(api, desk::routes().router);
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let kind = parts.headers.get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), kind: kind.unwrap_or_default(), body }
    })
}

fn get(path: &str) -> Answer {
    call(&Told::default(), &format!("GET {path}"), &[])
}

#[test]
fn every_error_is_a_problem_whose_type_leads_to_its_page() {
    let key = [("authorization", "bearer 0123456789abcdef")];
    for (line, headers, wanted) in [
        ("PATCH /v1/desks", &key[..], (405, "method_not_allowed")),
        ("GET /v1/commands/%FF", &key[..], (400, "bad_request")),
        ("GET /v1/desks?flor=3", &key[..], (400, "bad_request")),
        ("GET /v1/commands/k-1?floor=3", &key[..], (400, "bad_request")),
        ("GET /nowhere", &key[..], (404, "not_found")),
        ("GET /v1/commands/k-1", &key[..], (404, "not_found")),
        ("GET /v1/commands/k-1", &[], (401, "unauthorized")),
        ("GET /v1/commands/k-1", &[("authorization", "Basic 0123456789abcdef")], (401, "unauthorized")),
    ] {
        let answer = call(&Told::default(), line, headers);
        assert_eq!(answer.problem(), (wanted.0, wanted.1.to_owned()), "{line}: {}", answer.body);
        let page = get(answer.json()["type"].as_str().unwrap());
        assert_eq!((page.status, page.kind.as_str()), (200, "text/markdown; charset=utf-8"), "{line}");
        assert!(page.body.starts_with(&format!("# `{}`\n", wanted.1)), "{line}");
    }
}

#[test]
fn each_code_has_its_page() {
    for code in ProblemCode::all() {
        assert_eq!(get(&format!("/rejections/{}", code.as_str())).status, 200, "{code:?}");
    }
    assert_eq!(get("/rejections/none").problem().0, 404);
}

#[test]
fn what_is_declared_is_heeded_and_pages_take_decorated_links() {
    assert_eq!(get("/v1/desks?floor=3").body, "found");
    assert_eq!(get("/page?utm_source=mail").body, "a page");
}

#[test]
fn health_and_readiness_say_what_is_wrong() {
    assert_eq!((get("/healthz").body.as_str(), get("/readyz").body.as_str()), ("ok\n", "ready\n"));
    let told = Told {
        missing: vec!["partitions are being restored".to_owned(), "redis is away".to_owned()],
        stuck: vec!["thread views has not turned for 61 s".to_owned()],
    };
    let ready = call(&told, "GET /readyz", &[]);
    assert_eq!(ready.problem(), (503, "unavailable".to_owned()));
    assert_eq!(ready.json()["errors"], json!(told.missing));
    let health = call(&told, "GET /healthz", &[]);
    assert_eq!(health.problem(), (503, "unavailable".to_owned()));
    assert_eq!(health.json()["detail"], "stuck: thread views has not turned for 61 s");
}

#[test]
fn the_routes_that_all_services_have_are_in_the_document() {
    let document = get("/openapi.json").json();
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json", "/rejections/{code}", "/v1/commands/{id}", "/page"]
    {
        assert!(document["paths"][path]["get"].is_object(), "{path}");
    }
}
