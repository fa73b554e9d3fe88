//! Masking personal data before a text leaves the case.
//!
//! What was there stays readable as a word in brackets; order numbers, amounts and dates stay.

use std::borrow::Cow;

use crate::personal::{self, Kind};

/// `text` with telephone numbers, mail addresses, Chinese identity numbers and bank cards replaced by `[phone]`,
/// `[email]`, `[id]` and `[card]`. Masking twice changes nothing more.
pub fn mask(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c == '@' || c == '＠' || c.is_ascii_digit() || ('０'..='９').contains(&c)) {
        return Cow::Borrowed(text);
    }
    let characters: Vec<char> = text.chars().collect();
    let spans = personal::find(&characters);
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        masked.extend(characters.get(at..span.start).unwrap_or_default());
        masked.push_str(word(span.kind));
        at = span.end;
    }
    masked.extend(characters.get(at..).unwrap_or_default());
    Cow::Owned(masked)
}

pub(crate) fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Phone => "[phone]",
        Kind::Email => "[email]",
        Kind::Identity => "[id]",
        Kind::Card => "[card]",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn personal_data_is_masked() {
        for (text, masked) in [
            ("我的手机13800138000", "我的手机[phone]"),
            ("電話 138-0013-8000,謝謝", "電話 [phone],謝謝"),
            ("打138 0013 8000或+86 13800138000", "打[phone]或[phone]"),
            ("008613800138000", "[phone]"),
            ("86-13800138000。", "[phone]。"),
            ("１３８００１３８０００", "[phone]"),
            ("手機0912-345-678", "手機[phone]"),
            ("座机010-87654321", "座机[phone]"),
            ("02-2345-6789", "[phone]"),
            ("call +1 (555) 123-4567 or +44 20 7946 0958", "call [phone] or [phone]"),
            ("(555) 123-4567", "[phone]"),
            ("写信到 li.lei+shop@example.com.cn。", "写信到 [email]。"),
            ("mail me: a_b@x.org.", "mail me: [email]."),
            ("身份证110101199003078515", "身份证[id]"),
            ("身份证 11010119900307851X 王", "身份证 [id] 王"),
            ("卡号6222021234567890128", "卡号[card]"),
            ("card 4111 1111 1111 1111", "card [card]"),
            ("13800138000 13900139000", "[phone] [phone]"),
        ] {
            assert_eq!(mask(text), masked, "{text}");
            assert_eq!(mask(masked), masked, "{text}");
        }
    }

    #[test]
    fn order_numbers_amounts_and_dates_stay() {
        for text in [
            "订单 A1001",
            "order 00004587345",
            "訂單號 246813579012",
            "淘宝订单 1234567890123456789",
            "付了1999.00元",
            "¥13800",
            "2026-03-02 09:00",
            "09-12-2026 10:30",
            "3月2号 12点",
            "SF1380013800012",
            "尺码 170/88A",
            "4111 1111 1111 1112",
            "1-2-3",
            "買一送一 @ 店裡",
            "a@b",
            "12800138000",
            "型号 X13800138000",
            "",
            "没有数字",
        ] {
            assert!(matches!(mask(text), Cow::Borrowed(same) if same == text), "{text}: {}", mask(text));
        }
    }

    proptest! {
        #[test]
        fn masking_twice_changes_nothing_more(text in "[0-9 +()@.a-c中-]{0,60}") {
            let once = mask(&text).into_owned();
            prop_assert_eq!(mask(&once).into_owned(), once.clone());
        }

        #[test]
        fn a_mobile_number_never_gets_through(
            before in "[中a ,:]{0,5}",
            number in "1[3-9][0-9]{9}",
            after in "[中,。]{0,5}",
        ) {
            prop_assume!(!before.ends_with('a'));
            let text = format!("{before}{number}{after}");
            prop_assert!(!mask(&text).contains(&number));
        }
    }
}
