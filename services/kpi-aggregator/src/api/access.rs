//! Who may see the board.
//!
//! A browser cannot send a bearer key by itself, so a key that was given once is kept in a cookie that scripts cannot
//! read and that is sent to the board alone. Without a key the board is shown only if no key is configured at all and
//! the process listens to this machine alone, as the demo does.

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};
use kefu_runtime::http::{Api, Scope};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const NAME: &str = "kefu_board";
/// A working day and its handover, in seconds.
const KEPT_S: u32 = 12 * 3_600;

/// What a request may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// The board of this tenant.
    Tenant(String),
    /// Any board: nothing is protected.
    Open,
    /// Nothing.
    Denied,
}

/// What a request with these headers may see.
pub(super) fn of(api: &Api, headers: &HeaderMap) -> Access {
    if api.is_open() {
        return Access::Open;
    }
    let token = bearer(headers).or_else(|| cookie(headers));
    token.and_then(|token| tenant_of(api, &token)).map_or(Access::Denied, Access::Tenant)
}

/// The tenant whose board a key opens.
pub(super) fn tenant_of(api: &Api, token: &str) -> Option<String> {
    let caller = api.caller(token.trim())?;
    caller.must_one_of(&[Scope::Read, Scope::Supervisor]).ok().map(|()| caller.tenant.to_string())
}

/// The cookie that keeps a key.
pub(super) fn keep(token: &str, headers: &HeaderMap) -> String {
    let value = utf8_percent_encode(token.trim(), NON_ALPHANUMERIC);
    let is_https = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let secure = if is_https { "; Secure" } else { "" };
    format!("{NAME}={value}; Path=/board; Max-Age={KEPT_S}; HttpOnly; SameSite=Strict{secure}")
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::to_owned)
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let value =
        cookies.flat_map(|text| text.split(';')).find_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='))?;
    Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        let kept = keep("a;b c=%", &HeaderMap::new());
        assert!(kept.contains("HttpOnly; SameSite=Strict") && !kept.contains("Secure"), "{kept}");
        let pair = kept.split(';').next().unwrap();
        let headers = HeaderMap::from_iter([(COOKIE, format!("other=1; {pair}").parse().unwrap())]);
        assert_eq!(cookie(&headers).as_deref(), Some("a;b c=%"));
        let https = HeaderMap::from_iter([("x-forwarded-proto".parse().unwrap(), "https".parse().unwrap())]);
        assert!(keep("a", &https).ends_with("; Secure"));
    }
}
