//! Spans of HTTP requests.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::trace::TraceContextExt;
use tracing::Instrument;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{TraceContext, is_exporting};

const HEADER: &str = "traceparent";
/// The target of requests' spans.
pub(crate) const REQUESTS: &str = module_path!();

/// The trace that a request bears.
pub(crate) fn parent(headers: &HeaderMap) -> Option<TraceContext> {
    headers.get(HEADER).and_then(|value| value.to_str().ok()).and_then(TraceContext::parse)
}

/// Answers a request of `route` within a span of its own, of which what it writes is part. A request that only reads
/// begins no trace.
pub(crate) async fn traced(route: &str, mut request: Request, next: Next) -> Response {
    let parent = parent(request.headers());
    let begins = parent.is_none() && request.method() != Method::GET && request.method() != Method::HEAD;
    if !is_exporting() || !(begins || parent.is_some_and(|parent| parent.sampled)) {
        return next.run(request).await;
    }
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{} {route}", request.method()),
        otel.kind = "server",
        http.request.method = %request.method(),
        http.route = route,
        http.response.status_code = Empty,
        trace_id = Empty,
    );
    if let Some(parent) = parent
        && let Err(error) = span.set_parent(parent.context())
    {
        tracing::debug!(%error, "a request's trace begins here");
    }
    let context = TraceContext::of(span.context().span().span_context());
    if let Some(context) = context
        && let Ok(header) = HeaderValue::from_str(&context.header())
    {
        span.record("trace_id", format!("{:032x}", context.trace));
        request.headers_mut().insert(HEADER, header);
    }
    let response = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", response.status().as_u16());
    response
}
