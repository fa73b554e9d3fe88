//! What a case knows of its customer.
//!
//! Owns how what several events say is put together: what was given last stands, telephone numbers and mail addresses
//! all stay. Across cases it is `customer_file`'s matter.

use kefu_contracts::channel_event::CustomerInfo;
use kefu_contracts::{Channel, Timestamp};
use serde::{Deserialize, Serialize};

/// Telephone numbers or mail addresses kept of one customer; older ones go.
pub const MAX_CONTACTS: usize = 10;
/// Bytes of all telephone numbers or all mail addresses of one customer together; older ones go.
const MAX_CONTACT_BYTES: usize = 1_024;

/// Something that was said of a customer, and since when it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// What.
    pub value: String,
    /// Since when.
    pub at: Timestamp,
}

/// What is known of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownCustomer {
    /// The customer's id.
    pub id: String,
    /// The name.
    pub name: Option<Given>,
    /// The shop's rank for the customer.
    pub tier: Option<Given>,
    /// The language preferred.
    pub locale: Option<Given>,
    /// Telephone numbers, the latest last.
    pub phones: Vec<Given>,
    /// Mail addresses, the latest last.
    pub emails: Vec<Given>,
}

impl KnownCustomer {
    /// A customer of whom nothing but the id is known.
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned(), name: None, tier: None, locale: None, phones: Vec::new(), emails: Vec::new() }
    }

    /// Takes in what an event at `at` says.
    pub fn learn(&mut self, info: &CustomerInfo, at: Timestamp) {
        for (known, given) in
            [(&mut self.name, &info.name), (&mut self.tier, &info.tier), (&mut self.locale, &info.locale)]
        {
            if let Some(value) = given
                && known.as_ref().is_none_or(|known| known.value != *value)
            {
                *known = Some(Given { value: value.clone(), at });
            }
        }
        if let Some(phone) = &info.phone {
            add_contact(&mut self.phones, phone, at, |known, given| known == given);
        }
        if let Some(email) = &info.email {
            add_contact(&mut self.emails, email, at, same_mailbox);
        }
    }

    /// As an event would say it.
    pub fn info(&self) -> CustomerInfo {
        let value = |given: &Option<Given>| given.as_ref().map(|given| given.value.clone());
        CustomerInfo {
            id: self.id.clone(),
            name: value(&self.name),
            phone: self.phones.last().map(|given| given.value.clone()),
            email: self.emails.last().map(|given| given.value.clone()),
            tier: value(&self.tier),
            locale: value(&self.locale),
        }
    }

    /// Where a message on `channel` reaches the customer: by mail the mail address, by telephone the number; elsewhere
    /// it goes into the conversation, which needs no address.
    pub fn address(&self, channel: Channel) -> Option<&str> {
        let contacts = match channel {
            Channel::Email => &self.emails,
            Channel::Phone => &self.phones,
            Channel::Chat
            | Channel::Social
            | Channel::Video
            | Channel::WebForm
            | Channel::Review
            | Channel::Letter
            | Channel::Visit
            | Channel::Regulator => return None,
        };
        contacts.last().map(|given| given.value.as_str())
    }
}

/// Mail addresses are compared without regard to case.
pub fn same_mailbox(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Puts a contact last, unless it is there already.
pub fn add_contact(known: &mut Vec<Given>, value: &str, at: Timestamp, same: impl Fn(&str, &str) -> bool) {
    if known.last().is_some_and(|last| same(&last.value, value)) {
        return;
    }
    known.retain(|given| !same(&given.value, value));
    known.push(Given { value: value.to_owned(), at });
    let mut bytes: usize = known.iter().map(|given| given.value.len()).sum();
    while known.len() > MAX_CONTACTS || bytes > MAX_CONTACT_BYTES {
        bytes -= known.remove(0).value.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_last_stands_since_it_was_first_so() {
        let mut known = KnownCustomer::new("u");
        let info = |name: &str, email: &str| CustomerInfo {
            id: "u".to_owned(),
            name: Some(name.to_owned()),
            email: Some(email.to_owned()),
            ..CustomerInfo::default()
        };
        known.learn(&info("A", "a@x.cn"), Timestamp::from_ms(1));
        known.learn(&info("A", "A@X.cn"), Timestamp::from_ms(2));
        assert_eq!(known.name, Some(Given { value: "A".to_owned(), at: Timestamp::from_ms(1) }));
        assert_eq!(known.emails.len(), 1);
        known.learn(&info("B", "b@x.cn"), Timestamp::from_ms(3));
        known.learn(&info("B", "a@x.cn"), Timestamp::from_ms(4));
        assert_eq!(known.info().name.as_deref(), Some("B"));
        assert_eq!(known.info().email.as_deref(), Some("a@x.cn"));
        assert_eq!(known.emails.len(), 2);
    }

    #[test]
    fn a_message_goes_where_its_channel_reaches() {
        let mut both = KnownCustomer::new("u");
        let (phone, email) = (Some("13800138000".to_owned()), Some("a@x.cn".to_owned()));
        both.learn(&CustomerInfo { phone, email, ..CustomerInfo::default() }, Timestamp::from_ms(1));
        let nothing = KnownCustomer::new("u");
        for channel in Channel::ALL {
            let wanted = match channel {
                Channel::Phone => Some("13800138000"),
                Channel::Email => Some("a@x.cn"),
                _ => None,
            };
            assert_eq!((both.address(*channel), nothing.address(*channel)), (wanted, None), "{channel}");
        }
    }
}
