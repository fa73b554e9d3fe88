//! Who calls, and what they may do.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use kefu_contracts::Code;
use kefu_contracts::rejection::HttpCode;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::problem::Problem;
use super::server::Api;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Send events.
    Ingest,
    /// Read cases, figures and records.
    Read,
    /// Do what agents do.
    Agent,
    /// Do what supervisors do.
    Supervisor,
    /// Change policies and erase.
    Admin,
}

impl Scope {
    /// Reads a scope's name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "ingest" => Some(Scope::Ingest),
            "read" => Some(Scope::Read),
            "agent" => Some(Scope::Agent),
            "supervisor" => Some(Scope::Supervisor),
            "admin" => Some(Scope::Admin),
            _ => None,
        }
    }

    /// The scope's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Ingest => "ingest",
            Scope::Read => "read",
            Scope::Agent => "agent",
            Scope::Supervisor => "supervisor",
            Scope::Admin => "admin",
        }
    }
}

/// A key: only a hash of its secret is kept.
#[derive(Clone, Debug)]
pub struct ApiKey {
    pub(super) digest: [u8; 32],
    pub(super) caller: Caller,
}

impl ApiKey {
    /// A key for `tenant`.
    pub fn new(token: &str, tenant: &str, scopes: BTreeSet<Scope>) -> Self {
        let caller = Caller { tenant: Arc::from(tenant), scopes };
        Self { digest: Sha256::digest(token.as_bytes()).into(), caller }
    }
}

/// Whoever bears a key.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant that the key is for; nothing of another tenant is ever shown.
    pub tenant: Arc<str>,
    scopes: BTreeSet<Scope>,
}

impl Caller {
    /// Refuses a caller without `scope`.
    ///
    /// # Errors
    /// 403 `forbidden`.
    pub fn must(&self, scope: Scope) -> Result<(), Problem> {
        self.must_one_of(&[scope])
    }

    /// Refuses a caller with none of `scopes`.
    ///
    /// # Errors
    /// 403 `forbidden`.
    pub fn must_one_of(&self, scopes: &[Scope]) -> Result<(), Problem> {
        if scopes.iter().any(|scope| self.scopes.contains(scope)) {
            return Ok(());
        }
        let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let detail = format!("this key lacks the scope `{}`", names.join("` or `"));
        Err(Problem::new(StatusCode::FORBIDDEN, Code::Forbidden, detail))
    }
}

/// The keys of a process.
#[derive(Clone, Debug, Default)]
pub struct Keys(pub(super) Arc<[ApiKey]>);

impl Keys {
    /// These keys.
    pub fn new(keys: Vec<ApiKey>) -> Self {
        Self(keys.into())
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn key(&self, token: &str) -> Option<&ApiKey> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let mut found = None;
        for key in self.0.iter() {
            if bool::from(key.digest.ct_eq(&digest)) {
                found = Some(key);
            }
        }
        found
    }

    /// Who bears `token`. Takes the same time whichever key it is, and none.
    pub(crate) fn caller(&self, token: &str) -> Option<Caller> {
        self.key(token).map(|key| key.caller.clone())
    }
}

/// What follows the scheme, whose name may be written in any case.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let refused = |detail: &str| Problem::new(StatusCode::UNAUTHORIZED, HttpCode::Unauthorized, detail.to_owned());
        let header = parts.headers.get(AUTHORIZATION).ok_or_else(|| refused("send `Authorization: Bearer <key>`"))?;
        let token = header.to_str().ok().and_then(bearer);
        let token = token.ok_or_else(|| refused("the header is not `Authorization: Bearer <key>`"))?;
        api.caller(token).ok_or_else(|| refused("the key is not known"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_read_in_any_case() {
        for (header, token) in [
            ("Bearer k-1", Some("k-1")),
            ("bearer k-1", Some("k-1")),
            ("BEARER  k-1 ", Some("k-1")),
            ("Basic k-1", None),
            ("Bearer", None),
            ("k-1", None),
        ] {
            assert_eq!(bearer(header), token, "{header}");
        }
    }
}
