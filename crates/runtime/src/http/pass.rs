//! Passes: what a browser keeps in the place of a key.
//!
//! A pass says until when it holds and is signed with what is kept of the key it was given for. So every instance that
//! has the key accepts it, it ends with the key, opens one place only, and does not betray the key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use kefu_contracts::Timestamp;
use sha2::Sha256;

use super::auth::{ApiKey, Caller, Keys};

const VERSION: &str = "v1";

impl Keys {
    /// A pass to `place` for who bears `token`, as `v1.<expiry in epoch s>.<signature>`; none if the key is not known.
    pub(super) fn pass(&self, token: &str, place: &str, expires: Timestamp) -> Option<String> {
        let claim = format!("{VERSION}.{}", expires.ms().div_euclid(1_000));
        let signature = signed(self.key(token)?, place, &claim)?.finalize().into_bytes();
        Some(format!("{claim}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Who bears a pass to `place`, if it holds at `now`. The signature is checked first, and takes the same time
    /// whichever key it is of, and none.
    pub(super) fn bearer_of_pass(&self, pass: &str, place: &str, now: Timestamp) -> Option<Caller> {
        let (claim, signature) = pass.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let mut bearer = None;
        for key in self.0.iter() {
            if signed(key, place, claim).is_some_and(|mac| mac.verify_slice(&signature).is_ok()) {
                bearer = Some(key.caller.clone());
            }
        }
        let expires: i64 = claim.strip_prefix(VERSION)?.strip_prefix('.')?.parse().ok()?;
        bearer.filter(|_| now.ms().div_euclid(1_000) < expires)
    }
}

fn signed(key: &ApiKey, place: &str, claim: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.digest).ok()?;
    mac.update(format!("{place} {claim}").as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::auth::Scope;
    use super::*;

    fn keys(tokens: &[&str]) -> Keys {
        let key = |token: &&str| ApiKey::new(token, &format!("of-{token}"), BTreeSet::from([Scope::Read]));
        Keys::new(tokens.iter().map(key).collect())
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_ms(second * 1_000)
    }

    #[test]
    fn a_pass_opens_its_place_until_it_expires_wherever_its_key_is_known() {
        let pass = keys(&["k-1", "k-2"]).pass("k-1", "/board", second(100)).unwrap();
        let tenant = |keys: Keys, pass: &str, place: &str, at: i64| {
            keys.bearer_of_pass(pass, place, second(at)).map(|caller| caller.tenant.to_string())
        };
        let of_the_first = Some("of-k-1".to_owned());
        assert_eq!(tenant(keys(&["k-2", "k-1"]), &pass, "/board", 99), of_the_first, "another instance");
        assert_eq!(tenant(keys(&["k-1"]), &pass, "/board", 100), None, "expired");
        assert_eq!(tenant(keys(&["k-1"]), &pass, "/other", 99), None, "another place");
        assert_eq!(tenant(keys(&["k-2"]), &pass, "/board", 99), None, "the key was taken away");
        assert_eq!(keys(&["k-1"]).pass("k-2", "/board", second(100)), None, "no key");
    }

    #[test]
    fn a_pass_cannot_be_changed() {
        let keys = keys(&["k-1"]);
        let pass = keys.pass("k-1", "/board", second(100)).unwrap();
        let signature = pass.rsplit('.').next().unwrap();
        assert!(!pass.contains("k-1"));
        for forged in [
            format!("v1.900.{signature}"),
            format!("v2.100.{signature}"),
            String::new(),
            pass.replace("v1.100.", "v1.100"),
            format!("{pass}A"),
            "v1.100.".to_owned(),
            "k-1".to_owned(),
        ] {
            assert!(keys.bearer_of_pass(&forged, "/board", second(1)).is_none(), "{forged}");
        }
    }
}
