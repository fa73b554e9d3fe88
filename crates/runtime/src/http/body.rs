//! Reading a body within bounds, packed or not.

use std::io::Read;

use axum::body::Body;
use axum::http::header::CONTENT_ENCODING;
use axum::http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Limited};
use kefu_contracts::Code;
use kefu_contracts::rejection::HttpCode;

use super::deadline::TooSlow;
use super::problem::Problem;
use super::server::Api;

/// A packed body may grow this many times; more is an attack.
const RATIO_MAX: usize = 100;
/// How far back a `zstd` body may refer, as a power of two: 8 MiB, the most that HTTP allows. Unpacking takes as much.
const WINDOW_LOG_MAX: u32 = 23;

/// Reads a body and unpacks it if it is `gzip` or `zstd`, within the bounds that are set for all.
///
/// # Errors
/// 413 if it is too large, packed or unpacked, 408 if it comes too slowly, 415 if its encoding is unknown, 400 if it is
/// damaged.
pub async fn read_body(api: &Api, headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Problem> {
    read_body_within(api, headers, body, usize::MAX).await
}

/// The same for a route that takes no body larger than `bytes_max`, packed or unpacked.
///
/// # Errors
/// As of [`read_body`].
pub async fn read_body_within(
    api: &Api,
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<Vec<u8>, Problem> {
    let limits = api.limits();
    let packed_max = limits.body_bytes_max.min(bytes_max);
    let limited = Limited::new(body, packed_max);
    let packed = limited.collect().await.map_err(|error| too_large_or_bad(&*error, packed_max))?.to_bytes().to_vec();
    let cap = limits.unpacked_bytes_max.min(bytes_max).min(packed.len().saturating_mul(RATIO_MAX).max(1024));
    plain(packed, headers, cap)
}

/// What was packed as the headers say, at most `cap` bytes.
fn plain(packed: Vec<u8>, headers: &HeaderMap, cap: usize) -> Result<Vec<u8>, Problem> {
    let encoding = headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase());
    match encoding.as_deref() {
        None | Some("identity" | "") => Ok(packed),
        Some("gzip") => unpack(flate2::read::MultiGzDecoder::new(packed.as_slice()), cap),
        Some("zstd") => {
            let mut decoder = zstd::Decoder::new(packed.as_slice()).map_err(|error| damaged(&error))?;
            decoder.window_log_max(WINDOW_LOG_MAX).map_err(|error| damaged(&error))?;
            unpack(decoder, cap)
        }
        Some(other) => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            HttpCode::UnsupportedEncoding,
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
    let detail = format!("the body is larger than {cap} bytes; send less at once");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge, detail)
}

fn too_large_or_bad(error: &(dyn std::error::Error + 'static), cap: usize) -> Problem {
    if error.is::<http_body_util::LengthLimitError>() {
        return too_large(cap);
    }
    if let Some(too_slow) = TooSlow::behind(error) {
        return Problem::new(StatusCode::REQUEST_TIMEOUT, HttpCode::RequestTimeout, too_slow.to_string());
    }
    Problem::bad_request(format!("the body could not be read: {error}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn zstd(window_log: u32, text: &str) -> Vec<u8> {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(window_log).unwrap();
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.flush().unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_body_does_not_say_how_much_memory_is_set_aside_for_it() {
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, "zstd".parse().unwrap())]);
        let read = |packed| plain(packed, &headers, 1024).map_err(|problem| problem.status.as_u16());
        assert_eq!(read(zstd(WINDOW_LOG_MAX, "here")), Ok(b"here".to_vec()));
        assert_eq!(read(zstd(WINDOW_LOG_MAX + 1, "here")), Err(400));
        assert_eq!(read(zstd(WINDOW_LOG_MAX, &"x".repeat(1025))), Err(413));
    }
}
