//! Who may see the board.
//!
//! A browser cannot send a bearer key by itself, so for a key that was given once it gets a pass to the board, in a
//! cookie that scripts cannot read and that is sent to the board alone. Without a key the board is shown only if no key
//! is configured at all and the process listens to this machine alone, as the demo does.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use kefu_runtime::http::{Api, Caller, Scope};

const NAME: &str = "kefu_board";
/// What the pass opens.
const PLACE: &str = "/board";
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

/// What a request with these headers may see; `caller` is who bears its key, if it has one.
pub(super) fn of(api: &Api, caller: Option<Caller>, headers: &HeaderMap) -> Access {
    if api.is_open() {
        return Access::Open;
    }
    let caller = caller.or_else(|| api.bearer_of_pass(cookie(headers)?, PLACE));
    let caller = caller.filter(may_look);
    caller.map_or(Access::Denied, |caller| Access::Tenant(caller.tenant.to_string()))
}

/// The cookie that admits a browser to the board, if `key` opens it.
pub(super) fn admit(api: &Api, key: &str, headers: &HeaderMap) -> Option<String> {
    api.caller(key).filter(may_look)?;
    let pass = api.pass(key, PLACE, KEPT_S)?;
    let is_https = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let secure = if is_https { "; Secure" } else { "" };
    Some(format!("{NAME}={pass}; Path={PLACE}; Max-Age={KEPT_S}; HttpOnly; SameSite=Strict{secure}"))
}

fn may_look(caller: &Caller) -> bool {
    caller.must_one_of(&[Scope::Read, Scope::Supervisor]).is_ok()
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|text| text.split(';')).find_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='))
}
