//! What a process answers while its backend starts: that it lives, that it is not ready, and its metrics.
//!
//! Reading back what a large shop has stored takes a while; whoever probes the process meanwhile is not to hang.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use kefu_contracts::rejection::HttpCode;

use super::pages::{self, NOT_READY, STUCK};
use super::problem::Problem;
use super::server::Readiness;
use crate::metrics::Metrics;

#[derive(Clone)]
struct Front {
    readiness: Arc<dyn Readiness>,
    metrics: Metrics,
}

/// The router until the API is there.
pub fn early_router(readiness: Arc<dyn Readiness>, metrics: Metrics) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(async |State(front): State<Front>| -> Response { pages::metrics_of(&front.metrics) }))
        .fallback(|| async {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, HttpCode::Unavailable, "the process starts")
        })
        .with_state(Front { readiness, metrics })
}

async fn healthz(State(front): State<Front>) -> Result<&'static str, Problem> {
    pages::well(front.readiness.stuck(), STUCK).map(|()| "ok\n")
}

async fn readyz(State(front): State<Front>) -> Result<&'static str, Problem> {
    pages::well(front.readiness.missing(), NOT_READY).map(|()| "ready\n")
}
