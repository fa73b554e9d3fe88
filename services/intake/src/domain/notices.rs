//! The messages intake sends to customers: acknowledgements, questions for missing facts, progress, decisions.
//!
//! Owns who is written to, in which language, and under which id. What they say is in `texts`; when they are sent is
//! decided where cases change.

use kefu_contracts::id::hash_id;
use kefu_contracts::outbound::{OutboundKind, OutboundMessage, Recipient};
use kefu_contracts::{Language, Status, Timestamp};
use kefu_text::language::of_tag;

use super::event::AfterSalesDecision;
use super::facts::Facts;
use super::{decisions, missing, texts};

/// Where a message comes from and what is known of the customer's language.
#[derive(Clone, Copy)]
pub struct Sender<'a> {
    /// The shop.
    pub tenant: &'a str,
    /// The conversation.
    pub conversation_id: &'a str,
    /// The case.
    pub case_id: &'a str,
    /// Something the customer wrote.
    pub sample: Option<&'a str>,
}

/// The id of a case's acknowledgement, by which a receipt names it.
pub fn acknowledgement_id(tenant: &str, case_id: &str) -> String {
    hash_id(&["acknowledgement", tenant, case_id])
}

/// The id of the message that a case's state is `status` since `at`, because of `cause_id`.
pub fn progress_id(tenant: &str, case_id: &str, cause_id: &str, status: Status, at: Timestamp) -> String {
    hash_id(&["progress", tenant, case_id, cause_id, status.as_str(), &at.ms().to_string()])
}

impl Sender<'_> {
    /// Tells the customer that the case came in.
    pub fn acknowledgement(&self, facts: &Facts, at: Timestamp) -> Option<OutboundMessage> {
        let text = texts::acknowledgement(self.language(facts)).to_owned();
        self.message(facts, acknowledgement_id(self.tenant, self.case_id), OutboundKind::Acknowledgement, text, at)
    }

    /// Asks the customer for what is missing.
    pub fn info_request(&self, facts: &Facts, at: Timestamp) -> Option<OutboundMessage> {
        let names = missing::of(facts);
        if names.is_empty() {
            return None;
        }
        let text = texts::info_request(&names, self.language(facts));
        let id = hash_id(&["info_request", self.tenant, self.case_id]);
        self.message(facts, id, OutboundKind::InfoRequest, text, at)
    }

    /// Tells the customer that the case's state is now `status`, because of `cause_id`.
    pub fn progress(&self, facts: &Facts, status: Status, cause_id: &str, at: Timestamp) -> Option<OutboundMessage> {
        let text = texts::progress(status, facts.merged_into.is_some(), self.language(facts)).to_owned();
        let id = progress_id(self.tenant, self.case_id, cause_id, status, at);
        self.message(facts, id, OutboundKind::Progress, text, at)
    }

    /// Tells the customer what was decided about an after-sales request, because of `cause_id`.
    pub fn decision(
        &self,
        facts: &Facts,
        decision: &AfterSalesDecision,
        cause_id: &str,
        at: Timestamp,
    ) -> Option<OutboundMessage> {
        let text = decisions::text(decision, self.language(facts));
        let id = hash_id(&["after_sales", self.tenant, self.case_id, cause_id]);
        self.message(facts, id, OutboundKind::Progress, text, at)
    }

    /// None if it is not known who the customer is.
    fn message(
        &self,
        facts: &Facts,
        message_id: String,
        kind: OutboundKind,
        text: String,
        at: Timestamp,
    ) -> Option<OutboundMessage> {
        let customer = facts.customer()?;
        Some(OutboundMessage {
            message_id,
            tenant: self.tenant.to_owned(),
            conversation_id: Some(self.conversation_id.to_owned()),
            case_id: Some(self.case_id.to_owned()),
            recipient: Recipient {
                kind: "customer".to_owned(),
                id: customer.id.clone(),
                address: customer.address(facts.channel).map(str::to_owned),
            },
            channel: facts.channel,
            kind,
            language: self.language(facts),
            subject: None,
            text,
            data: None,
            at,
            expires_at: None,
        })
    }

    /// The classifier's verdict, else what the customer prefers, else what the customer writes in.
    fn language(&self, facts: &Facts) -> Language {
        let locale = facts.customer().and_then(|known| known.locale.as_ref());
        let preferred = || locale.and_then(|given| of_tag(&given.value));
        let written = || self.sample.map(kefu_text::language::detect);
        facts.verdict.language.or_else(preferred).or_else(written).unwrap_or(Language::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_are_understood_as_shops_write_them() {
        for (locale, language) in [
            ("zh-Hans", Some(Language::ZhHans)),
            ("zh_CN", Some(Language::ZhHans)),
            ("zh-TW", Some(Language::ZhHant)),
            ("zh-Hant-HK", Some(Language::ZhHant)),
            ("en-GB", Some(Language::En)),
            ("fr", None),
        ] {
            assert_eq!(of_tag(locale), language, "{locale}");
        }
    }
}
