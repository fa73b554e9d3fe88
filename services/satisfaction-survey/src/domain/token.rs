//! Signed links to surveys: `v1.<survey_id>.<expiry>.<key_id>.<signature>`.
//!
//! Owns the token's form and its check. A token proves that the shop sent the link; it carries no personal data.
//! Whether the survey can still be answered is the survey's matter.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use kefu_contracts::{Code, Timestamp};
use sha2::Sha256;

const VERSION: &str = "v1";

/// A longer token is none of ours.
const LONGEST: usize = 512;

/// A key shorter than the signature would be the easier thing to guess, in bytes.
const SHORTEST_KEY: usize = 32;

/// The keys that sign, by id. One signs, all are accepted, so that keys can be changed while links are out.
#[derive(Clone)]
pub struct TokenKeys {
    signing: String,
    keys: BTreeMap<String, Vec<u8>>,
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&String> = self.keys.keys().collect();
        f.debug_struct("TokenKeys").field("signing", &self.signing).field("ids", &ids).finish_non_exhaustive()
    }
}

/// Keys that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// The key that should sign is not there.
    #[error("no key has the id `{0}`; give the key that signs, or name another")]
    NoSigningKey(String),
    /// An id that cannot stand in a token.
    #[error("the key id `{0}` cannot stand in a link; use letters, digits, `-` and `_`")]
    BadId(String),
    /// A key that can be guessed.
    #[error("the key `{0}` is shorter than {SHORTEST_KEY} bytes; make a longer one")]
    TooShort(String),
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The shop did not sign this.
    #[error("the link was changed or is none of this shop's; use the link as it was sent")]
    Forged,
    /// Its time is over.
    #[error("the survey can no longer be answered")]
    Expired,
}

impl TokenError {
    /// The HTTP status and the code of the refusal.
    pub fn answer(self) -> (i64, Code) {
        match self {
            TokenError::Forged => (403, Code::Forbidden),
            TokenError::Expired => (410, Code::Expired),
        }
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The survey.
    pub survey_id: String,
    /// From when the token is no longer good.
    pub expires_at: Timestamp,
}

impl TokenKeys {
    /// Keys by id, of which the one called `signing` signs.
    ///
    /// # Errors
    /// If a key cannot be used.
    pub fn new(signing: &str, keys: BTreeMap<String, Vec<u8>>) -> Result<Self, BadKeys> {
        let fits = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if let Some(id) = keys.keys().find(|id| !fits(id)) {
            return Err(BadKeys::BadId(id.clone()));
        }
        if let Some((id, _)) = keys.iter().find(|(_, key)| key.len() < SHORTEST_KEY) {
            return Err(BadKeys::TooShort(id.clone()));
        }
        if !keys.contains_key(signing) {
            return Err(BadKeys::NoSigningKey(signing.to_owned()));
        }
        Ok(Self { signing: signing.to_owned(), keys })
    }

    /// The token of a survey. Its expiry counts whole seconds, rounded up: the survey itself knows it exactly.
    pub fn sign(&self, survey_id: &str, expires_at: Timestamp) -> String {
        let seconds = expires_at.ms().div_euclid(1_000) + i64::from(expires_at.ms().rem_euclid(1_000) > 0);
        let signed = format!("{VERSION}.{survey_id}.{seconds}.{}", self.signing);
        let signature = self.keys.get(&self.signing).and_then(|key| mac(key, &signed));
        let signature = signature.map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        format!("{signed}.{}", signature.unwrap_or_default())
    }

    /// What a token says at `now`. The signature is checked before anything else is believed, in constant time.
    ///
    /// # Errors
    /// If the shop did not sign it, or if its time is over.
    pub fn check(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Forged);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Forged)?;
        let (_, key_id) = signed.rsplit_once('.').ok_or(TokenError::Forged)?;
        let key = self.keys.get(key_id).ok_or(TokenError::Forged)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Forged)?;
        let mac = mac(key, signed).ok_or(TokenError::Forged)?;
        mac.verify_slice(&signature).map_err(|_| TokenError::Forged)?;

        let mut parts = signed.split('.');
        let (Some(VERSION), Some(survey_id), Some(seconds), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::Forged);
        };
        let seconds: i64 = seconds.parse().map_err(|_| TokenError::Forged)?;
        let expires_at = Timestamp::from_ms(seconds.saturating_mul(1_000));
        if now >= expires_at {
            return Err(TokenError::Expired);
        }
        Ok(Claims { survey_id: survey_id.to_owned(), expires_at })
    }
}

/// The code over `signed`; a key of any length is accepted, so there always is one.
fn mac(key: &[u8], signed: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(signed.as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPIRY: Timestamp = Timestamp::from_ms(1_773_000_000_000);
    const NOW: Timestamp = Timestamp::from_ms(1_772_999_999_999);

    fn keys(signing: &str, known: &[(&str, u8)]) -> TokenKeys {
        let keys = known.iter().map(|(id, byte)| ((*id).to_owned(), vec![*byte; SHORTEST_KEY])).collect();
        TokenKeys::new(signing, keys).unwrap()
    }

    #[test]
    fn a_token_says_what_was_signed() {
        let keys = keys("k1", &[("k1", 1)]);
        let token = keys.sign("5f0c", EXPIRY);
        assert!(token.starts_with("v1.5f0c.1773000000.k1."), "{token}");
        assert_eq!(keys.check(&token, NOW), Ok(Claims { survey_id: "5f0c".into(), expires_at: EXPIRY }));
        assert_eq!(keys.check(&token, EXPIRY), Err(TokenError::Expired));
    }

    /// As Python's `hmac` and `base64` give it for a key of 32 bytes 0x01.
    #[test]
    fn the_signature_is_hmac_sha256_in_base64url() {
        let token = keys("k1", &[("k1", 1)]).sign("5f0c", EXPIRY);
        assert_eq!(token.rsplit_once('.').unwrap().1, "tjCUqVq4fFpUvsUTRAwTTE6QijgBMSuLMbXZhXZcMk0");
    }

    #[test]
    fn any_change_is_noticed_even_when_the_token_has_expired() {
        let keys = keys("k1", &[("k1", 1), ("k2", 2)]);
        let token = keys.sign("5f0c", EXPIRY);
        for now in [NOW, EXPIRY.plus_ms(1)] {
            for (place, _) in token.char_indices() {
                let mut changed = token.clone().into_bytes();
                changed[place] ^= 1;
                let changed = String::from_utf8(changed).unwrap();
                assert_eq!(keys.check(&changed, now), Err(TokenError::Forged), "{changed}");
                assert_eq!(keys.check(&token[..place], now), Err(TokenError::Forged), "{}", &token[..place]);
            }
        }
        for forged in [
            String::new(),
            "....".into(),
            format!("{token}="),
            format!("{token}.x"),
            format!("x{token}"),
            "v1.5f0c.1773000000.k1.".into(),
            token.replace(".k1.", ".k2."),
            token.replace(".k1.", ".k3."),
            token.replace("5f0c", "5f0d"),
            token.replace("1773000000", "1873000000"),
            "v".repeat(LONGEST + 1),
        ] {
            assert_eq!(keys.check(&forged, NOW), Err(TokenError::Forged), "{forged}");
        }
    }

    #[test]
    fn keys_rotate_by_their_ids() {
        let old = keys("k1", &[("k1", 1)]).sign("5f0c", EXPIRY);
        let during = keys("k2", &[("k1", 1), ("k2", 2)]);
        assert!(during.check(&old, NOW).is_ok());
        assert!(during.check(&during.sign("5f0c", EXPIRY), NOW).is_ok());
        assert_eq!(keys("k2", &[("k2", 2)]).check(&old, NOW), Err(TokenError::Forged));
        assert_eq!(keys("k1", &[("k1", 3)]).check(&old, NOW), Err(TokenError::Forged));
    }

    #[test]
    fn a_part_of_a_second_is_not_taken_from_the_customer() {
        let keys = keys("k1", &[("k1", 1)]);
        let token = keys.sign("5f0c", EXPIRY.plus_ms(1));
        assert!(keys.check(&token, EXPIRY).is_ok());
        assert_eq!(keys.check(&token, EXPIRY.plus_ms(1_000)), Err(TokenError::Expired));
    }

    #[test]
    fn keys_that_cannot_be_used_are_refused() {
        let new = |signing: &str, id: &str, length: usize| {
            TokenKeys::new(signing, BTreeMap::from([(id.to_owned(), vec![7; length])])).unwrap_err()
        };
        assert_eq!(new("b", "a", 32), BadKeys::NoSigningKey("b".into()));
        assert_eq!(new("a.b", "a.b", 32), BadKeys::BadId("a.b".into()));
        assert_eq!(new("a", "a", 31), BadKeys::TooShort("a".into()));
    }

    #[test]
    fn keys_do_not_show_in_logs() {
        assert_eq!(format!("{:?}", keys("k1", &[("k1", 7)])), r#"TokenKeys { signing: "k1", ids: ["k1"], .. }"#);
    }
}
