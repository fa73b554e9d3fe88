//! Who the customer of a case is, and when two ids are the same customer.

use kefu_contracts::case_event::CaseContext;
use kefu_contracts::{Language, Timestamp};
use kefu_text::language::of_tag;
use serde::{Deserialize, Serialize};

/// The rank of customers who are visited from time to time.
const IMPORTANT_TIER: &str = "vip";

/// A customer as a fact knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The customer's id, as it was given.
    pub customer_id: String,
    /// Where a message reaches the customer outside the conversation.
    pub address: Option<String>,
    /// The language the customer prefers, as a BCP 47 tag.
    pub locale: Option<String>,
    /// Whether the customer's rank is one that is visited from time to time; none if no rank is known.
    pub vip: Option<bool>,
}

impl Party {
    /// The customer a fact names, if it names one.
    pub fn of(context: &CaseContext) -> Option<Self> {
        let customer_id = context.customer_id.as_ref().filter(|id| !id.trim().is_empty())?;
        Some(Self {
            customer_id: customer_id.clone(),
            address: context.address.clone(),
            locale: context.locale.clone(),
            vip: context.tier.as_deref().map(|tier| tier.eq_ignore_ascii_case(IMPORTANT_TIER)),
        })
    }
}

/// The key of a customer, `tenant/customer_id`: ids that are mail addresses compare without regard to case.
pub fn customer_key(tenant: &str, customer_id: &str) -> String {
    let id = customer_id.trim();
    if id.contains('@') { format!("{tenant}/{}", id.to_lowercase()) } else { format!("{tenant}/{id}") }
}

/// The key under which a case without a known customer is decided.
pub fn nobody_key(tenant: &str, case_id: &str) -> String {
    format!("{tenant}/case:{case_id}")
}

/// The language to write in: the one of the case, else the one the customer prefers, else English.
pub fn language(written: Option<Language>, locale: Option<&str>) -> Language {
    let written = written.filter(|language| *language != Language::Other);
    written.or_else(|| locale.and_then(of_tag)).unwrap_or(Language::En)
}

/// A value and since when it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since<T> {
    /// The value.
    pub value: T,
    /// Since when.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_addresses_are_one_customer_however_they_are_spelt() {
        for (one, other, same) in [
            ("Ann@Shop.Example", "ann@shop.example", true),
            (" ann@shop.example ", "ANN@SHOP.EXAMPLE", true),
            ("u-A", "u-a", false),
            ("u-1", "u-1", true),
        ] {
            assert_eq!(customer_key("demo", one) == customer_key("demo", other), same, "{one} {other}");
        }
        assert_ne!(customer_key("demo", "u-1"), customer_key("other", "u-1"));
    }

    #[test]
    fn the_language_is_that_of_the_case_then_that_preferred() {
        use Language::{En, Other, ZhHans, ZhHant};
        for (written, locale, language_wanted) in [
            (Some(ZhHant), Some("en"), ZhHant),
            (Some(Other), Some("zh_CN"), ZhHans),
            (None, Some("zh-HK"), ZhHant),
            (None, Some("zh-Hant"), ZhHant),
            (None, Some("en-GB"), En),
            (Some(Other), Some("fr"), En),
            (None, None, En),
        ] {
            assert_eq!(language(written, locale), language_wanted, "{written:?} {locale:?}");
        }
    }
}
