//! Customers and agents that are made up.
//!
//! Owns who they are: all of a person follows from the tenant and a number, so that nobody is kept in memory and the
//! same customer comes back the same.

use kefu_contracts::channel_event::{Actor, CustomerInfo};
use kefu_contracts::{ActorKind, Language};

use super::dice::mix;

/// Agents of a tenant.
pub(super) const AGENTS: u64 = 40;

const FAMILY_HANS: &[&str] = &["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙"];
const GIVEN_HANS: &[&str] = &["小明", "芳", "建国", "雨欣", "磊", "静怡", "浩然", "丽", "子轩", "婷婷", "志强", "晓梅"];
const FAMILY_HANT: &[&str] = &["陳", "林", "黃", "張", "李", "吳", "劉", "蔡", "楊", "許", "鄭", "謝"];
const GIVEN_HANT: &[&str] =
    &["淑芬", "家豪", "雅婷", "志明", "怡君", "俊傑", "美玲", "冠宇", "詩涵", "承翰", "佩珊", "宗翰"];
const FAMILY_EN: &[&str] =
    &["Smith", "Patel", "Garcia", "Brown", "Novak", "Okafor", "Jensen", "Rossi", "Khan", "Lewis"];
const GIVEN_EN: &[&str] = &["Emma", "Liam", "Aisha", "Noah", "Sofia", "Marcus", "Chloe", "Daniel", "Priya", "Oliver"];

/// A customer of a tenant, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Customer {
    number: u32,
    traits: u64,
}

fn of<'a>(list: &[&'a str], number: u64) -> &'a str {
    let index = usize::try_from(number % list.len().max(1) as u64).unwrap_or(0);
    list.get(index).copied().unwrap_or_default()
}

impl Customer {
    pub(super) fn new(tenant: usize, number: u32) -> Self {
        Self { number, traits: mix((tenant as u64) << 32 | u64::from(number)) }
    }

    pub(super) fn id(self) -> String {
        format!("u-{:06}", self.number)
    }

    pub(super) fn language(self) -> Language {
        match self.traits % 100 {
            0..50 => Language::ZhHans,
            50..72 => Language::ZhHant,
            _ => Language::En,
        }
    }

    pub(super) fn name(self) -> String {
        let (family, given) = (self.traits >> 8, self.traits >> 16);
        match self.language() {
            Language::ZhHans => format!("{}{}", of(FAMILY_HANS, family), of(GIVEN_HANS, given)),
            Language::ZhHant => format!("{}{}", of(FAMILY_HANT, family), of(GIVEN_HANT, given)),
            Language::En | Language::Other => format!("{} {}", of(GIVEN_EN, given), of(FAMILY_EN, family)),
        }
    }

    pub(super) fn info(self) -> CustomerInfo {
        let seven = self.traits >> 24 & 0x7f_ffff;
        let phone = match self.language() {
            Language::ZhHans => format!("1380{seven:07}"),
            Language::ZhHant => format!("+886 9{:08}", seven),
            Language::En | Language::Other => format!("+1 555 {seven:07}"),
        };
        let tier = match self.traits >> 50 & 0xff {
            0..8 => "vip",
            8..40 => "gold",
            _ => "standard",
        };
        CustomerInfo {
            id: self.id(),
            name: Some(self.name()),
            phone: Some(phone),
            email: Some(format!("u{}@example.com", self.number)),
            tier: Some(tier.to_owned()),
            locale: Some(self.language().as_str().to_owned()),
        }
    }

    pub(super) fn actor(self) -> Actor {
        Actor { kind: ActorKind::Customer, id: self.id(), name: None }
    }
}

/// An agent by number, from 1.
pub(super) fn agent(number: u64) -> Actor {
    Actor { kind: ActorKind::Agent, id: format!("a-{number}"), name: None }
}

/// Somebody of another department.
pub(super) fn department(name: &str) -> Actor {
    Actor { kind: ActorKind::Department, id: name.to_owned(), name: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_comes_back_the_same_and_another_shops_customer_is_another() {
        let customer = Customer::new(0, 7);
        assert_eq!(customer.info(), Customer::new(0, 7).info());
        assert_ne!(customer.info().phone, Customer::new(1, 7).info().phone);
    }

    #[test]
    fn three_languages_are_spoken_and_few_are_vip() {
        let infos: Vec<CustomerInfo> = (0..10_000).map(|number| Customer::new(0, number).info()).collect();
        let speak = |tag: &str| infos.iter().filter(|info| info.locale.as_deref() == Some(tag)).count();
        assert!((4_700..5_300).contains(&speak("zh-Hans")), "{}", speak("zh-Hans"));
        assert!((1_900..2_500).contains(&speak("zh-Hant")), "{}", speak("zh-Hant"));
        let vip = infos.iter().filter(|info| info.tier.as_deref() == Some("vip")).count();
        assert!((200..450).contains(&vip), "{vip}");
    }
}
