//! Reading a body within bounds, packed or not.

use std::io::Read;

use axum::body::Body;
use axum::http::header::CONTENT_ENCODING;
use axum::http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Limited};

use super::problem::Problem;
use super::server::Api;

/// A packed body may grow this many times; more is an attack.
const RATIO_MAX: usize = 100;

/// Reads a body and unpacks it if it is `gzip` or `zstd`.
///
/// # Errors
/// 413 if it is too large, packed or unpacked, 415 if its encoding is unknown, 400 if it is damaged.
pub async fn read_body(api: &Api, headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Problem> {
    let limits = api.limits();
    let limited = Limited::new(body, limits.body_bytes_max);
    let packed =
        limited.collect().await.map_err(|error| too_large_or_bad(&*error, limits.body_bytes_max))?.to_bytes().to_vec();
    let encoding = headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase());
    let cap = limits.unpacked_bytes_max.min(packed.len().saturating_mul(RATIO_MAX).max(1024));
    match encoding.as_deref() {
        None | Some("identity" | "") => Ok(packed),
        Some("gzip") => unpack(flate2::read::MultiGzDecoder::new(packed.as_slice()), cap),
        Some("zstd") => {
            let decoder = zstd::Decoder::new(packed.as_slice()).map_err(|error| damaged(&error))?;
            unpack(decoder, cap)
        }
        Some(other) => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_encoding",
            format!("content encoding `{other}` is not known; use gzip, zstd or none"),
        )),
    }
}

fn unpack(reader: impl Read, cap: usize) -> Result<Vec<u8>, Problem> {
    let mut plain = Vec::new();
    let limit = u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(limit).read_to_end(&mut plain).map_err(|error| damaged(&error))?;
    if plain.len() > cap { Err(too_large(cap)) } else { Ok(plain) }
}

fn damaged(error: &std::io::Error) -> Problem {
    Problem::bad_request(format!("the body cannot be unpacked: {error}"))
}

fn too_large(cap: usize) -> Problem {
    let detail = format!("the body is larger than {cap} bytes unpacked; send smaller batches");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
}

fn too_large_or_bad(error: &(dyn std::error::Error + 'static), cap: usize) -> Problem {
    if error.is::<http_body_util::LengthLimitError>() {
        return too_large(cap);
    }
    Problem::bad_request(format!("the body could not be read: {error}"))
}
