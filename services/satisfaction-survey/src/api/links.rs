//! Whose keys signed a link.
//!
//! A link names no tenant: its key does, because a key belongs to one tenant alone.

use std::collections::BTreeMap;

use kefu_contracts::Timestamp;
use kefu_runtime::config::SurveyKeySettings;

use crate::domain::token::{BadKeys, Claims, TokenError, TokenKeys};

/// The keys of all tenants.
#[derive(Clone, Debug, Default)]
pub struct Links {
    by_tenant: BTreeMap<String, TokenKeys>,
    tenant_of: BTreeMap<String, String>,
}

/// Keys that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLinkKeys {
    /// A key is none.
    #[error(transparent)]
    Key(#[from] BadKeys),
    /// Two keys have one id.
    #[error("the id `{0}` is given twice; a link names its key by the id alone")]
    Twice(String),
}

impl Links {
    /// Of a tenant's keys the last one signs, all are accepted.
    ///
    /// # Errors
    /// If a key cannot be used.
    pub fn new(settings: &[SurveyKeySettings]) -> Result<Self, BadLinkKeys> {
        let mut keys: BTreeMap<&str, (&str, BTreeMap<String, Vec<u8>>)> = BTreeMap::new();
        let mut tenant_of = BTreeMap::new();
        for key in settings {
            if tenant_of.insert(key.id.clone(), key.tenant.clone()).is_some() {
                return Err(BadLinkKeys::Twice(key.id.clone()));
            }
            let (signing, known) = keys.entry(&key.tenant).or_default();
            *signing = &key.id;
            known.insert(key.id.clone(), key.secret.as_bytes().to_vec());
        }
        let by_tenant = keys
            .into_iter()
            .map(|(tenant, (signing, keys))| Ok((tenant.to_owned(), TokenKeys::new(signing, keys)?)))
            .collect::<Result<_, BadKeys>>()?;
        Ok(Self { by_tenant, tenant_of })
    }

    /// The token of a tenant's survey; none if no key signs for the tenant.
    pub fn sign(&self, tenant: &str, survey_id: &str, expires_at: Timestamp) -> Option<String> {
        self.by_tenant.get(tenant).map(|keys| keys.sign(survey_id, expires_at))
    }

    /// The tenant whose key signed a token, and what it says at `now`.
    ///
    /// # Errors
    /// If nobody signed it, or if its time is over.
    pub fn check(&self, token: &str, now: Timestamp) -> Result<(&str, Claims), TokenError> {
        let key_id = token.rsplit('.').nth(1).ok_or(TokenError::Forged)?;
        let tenant = self.tenant_of.get(key_id).ok_or(TokenError::Forged)?;
        let keys = self.by_tenant.get(tenant).ok_or(TokenError::Forged)?;
        Ok((tenant, keys.check(token, now)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, tenant: &str) -> SurveyKeySettings {
        SurveyKeySettings { id: id.to_owned(), tenant: tenant.to_owned(), secret: format!("{id:-<32}") }
    }

    #[test]
    fn a_key_speaks_for_its_tenant_alone_and_the_last_one_signs() {
        let links = Links::new(&[key("d-1", "demo"), key("o-1", "other"), key("d-2", "demo")]).unwrap();
        let expires_at = Timestamp::from_ms(2_000);
        let token = links.sign("demo", "5f0c", expires_at).unwrap();
        assert!(token.contains(".d-2."), "{token}");
        let (tenant, claims) = links.check(&token, Timestamp::from_ms(1_000)).unwrap();
        assert_eq!((tenant, claims.survey_id.as_str()), ("demo", "5f0c"));
        let swapped = token.replace(".d-2.", ".o-1.");
        assert_eq!(links.check(&swapped, Timestamp::from_ms(1_000)), Err(TokenError::Forged));
        assert_eq!(links.check(&token, expires_at), Err(TokenError::Expired));
        assert_eq!(links.check("", expires_at), Err(TokenError::Forged));
        assert_eq!(links.sign("nobody", "5f0c", expires_at), None);
    }

    #[test]
    fn an_id_belongs_to_one_key() {
        let twice = Links::new(&[key("k", "demo"), key("k", "other")]).unwrap_err();
        assert_eq!(twice, BadLinkKeys::Twice("k".to_owned()));
    }
}
