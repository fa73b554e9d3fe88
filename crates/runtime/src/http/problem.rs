//! Errors as RFC 9457 problem details.

use axum::Json;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use kefu_contracts::Code;
use kefu_contracts::rejection::{HttpCode, ProblemCode};
use serde::Serialize;

use crate::backend::BackendError;

/// Where the pages of the codes are; a problem's `type` is its page there, relative to the service that answers.
pub(super) const PAGES: &str = "/rejections/";

/// The longest text of a library that becomes a problem's detail.
const DETAIL_BYTES_MAX: usize = 4096;

/// An error that a caller sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// What kind of problem; each code has a page in `docs/rejections`.
    pub code: ProblemCode,
    /// What was wrong, and what to do.
    pub detail: String,
    errors: Vec<String>,
    retry_after_s: Option<u32>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    errors: &'a [String],
}

impl Problem {
    /// A problem.
    pub fn new(status: StatusCode, code: impl Into<ProblemCode>, detail: impl Into<String>) -> Self {
        Self { status, code: code.into(), detail: detail.into(), errors: Vec::new(), retry_after_s: None }
    }

    /// 404: there is no such thing, or it is another tenant's.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, Code::NotFound, format!("there is no such {what}"))
    }

    /// 400: the request cannot be read.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, HttpCode::BadRequest, detail)
    }

    /// What a status means that came without a problem.
    fn of_status(status: StatusCode, method: &Method, detail: &str) -> Self {
        let (status, code) = match status {
            StatusCode::METHOD_NOT_ALLOWED => {
                let detail = format!("this path does not take {method}; the header Allow lists what it takes");
                return Self::new(status, HttpCode::MethodNotAllowed, detail);
            }
            StatusCode::NOT_FOUND => return Self::not_found("page"),
            StatusCode::PAYLOAD_TOO_LARGE => (status, ProblemCode::from(Code::TooLarge)),
            StatusCode::REQUEST_TIMEOUT => (status, HttpCode::RequestTimeout.into()),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (status, HttpCode::UnsupportedMediaType.into()),
            status if status.is_client_error() => (StatusCode::BAD_REQUEST, HttpCode::BadRequest.into()),
            status => {
                tracing::error!(%status, detail, "a handler failed");
                return Self::new(status, HttpCode::Internal, "the service failed on the request; see its log");
            }
        };
        Self::new(status, code, detail)
    }

    /// Lists all that is wrong.
    #[must_use]
    pub fn errors(mut self, errors: Vec<String>) -> Self {
        self.errors = errors;
        self
    }

    /// Tells the caller when to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

/// Makes a problem of every error that a handler did not put into words itself: a path that cannot be read, a method
/// that is not taken.
pub(super) async fn each_error(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let response = next.run(request).await;
    let is_plain = response.headers().get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !(response.status().is_client_error() || response.status().is_server_error()) || !is_plain {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = to_bytes(body, DETAIL_BYTES_MAX).await.unwrap_or_default();
    let problem = Problem::of_status(parts.status, &method, &String::from_utf8_lossy(&text));
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.remove(CONTENT_TYPE);
    let mut told = problem.into_response();
    told.headers_mut().extend(parts.headers);
    told
}

impl From<BackendError> for Problem {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::Unavailable(_) => {
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, HttpCode::Unavailable, error.to_string()).retry_after(1)
            }
            BackendError::TooLarge(_) => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge, error.to_string()),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            kind: format!("{PAGES}{}", self.code.as_str()),
            title: self.status.canonical_reason().unwrap_or("error"),
            status: self.status.as_u16(),
            code: self.code.as_str(),
            detail: &self.detail,
            errors: &self.errors,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
