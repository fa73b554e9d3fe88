//! Facts in a text: order numbers, amounts, times of occurrence, telephone numbers and mail addresses.
//!
//! Owns what counts as a fact and how its value is written. Whether an order exists, or an amount is right, is known
//! elsewhere.

mod amount;
mod order;
mod scan;
mod time;

use kefu_contracts::classification::ExtractedFact;

use crate::mask;
use crate::personal::{self, Kind};
use crate::script;
use scan::Scan;

/// A text says no more than this many facts; what follows is a list of something.
const MOST_FACTS: usize = 32;

/// A fact before it is written: its kind, value and place.
struct Found {
    kind: &'static str,
    value: String,
    start: usize,
    end: usize,
}

/// The facts in `text`, in order and without overlaps, at most 32. Positions count Unicode scalar values.
///
/// Values: `order_id` upper case; `amount` a decimal number, a space, and the currency (ISO 4217 where the text says
/// which, else the sign or word as written); `time` in ISO 8601, truncated (`--03-02`, `T09:30`) or relative
/// (`-P1D`, a day ago) where the text says no more; `phone` and `email` masked.
pub fn extract(text: &str) -> Vec<ExtractedFact> {
    let characters: Vec<char> = text.chars().collect();
    let folded: Vec<char> = characters.iter().map(|c| script::fold_char(*c)).collect();
    let scan = Scan(&folded);
    let mut found: Vec<Found> = Vec::new();
    let spans = personal::find(&characters);
    for span in &spans {
        let kind = match span.kind {
            Kind::Phone => "phone",
            Kind::Email => "email",
            Kind::Identity | Kind::Card => continue,
        };
        found.push(Found { kind, value: mask::word(span.kind).to_owned(), start: span.start, end: span.end });
    }
    let free = |found: &[Found], start: usize, end: usize| {
        !found.iter().any(|fact| fact.start < end && start < fact.end)
            && !spans.iter().any(|span| span.start < end && start < span.end)
    };
    for candidates in [time::find(scan), amount::find(scan), order::find(scan)] {
        for fact in candidates {
            if free(&found, fact.start, fact.end) {
                found.push(fact);
            }
        }
    }
    found.sort_by_key(|fact| fact.start);
    found.truncate(MOST_FACTS);
    found.into_iter().map(written).collect()
}

fn written(fact: Found) -> ExtractedFact {
    ExtractedFact {
        kind: fact.kind.to_owned(),
        value: fact.value,
        start: i64::try_from(fact.start).unwrap_or(i64::MAX),
        end: i64::try_from(fact.end).unwrap_or(i64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn facts(text: &str) -> String {
        let facts = extract(text);
        let written = facts.iter().map(|fact| {
            let place: String = text.chars().skip(fact.start as usize).take((fact.end - fact.start) as usize).collect();
            format!("{} {} «{place}»", fact.kind, fact.value)
        });
        written.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn facts_with_their_places() {
        for (text, expected) in [
            ("衣服收到有破洞,訂單 A1001,我要退貨", "order_id A1001 «A1001»"),
            ("order no. 20260302123 and a-77812", "order_id 20260302123 «20260302123»; order_id A-77812 «a-77812»"),
            ("订单号:246813579012还没发", "order_id 246813579012 «246813579012»"),
            ("246813579012 到哪了", "order_id 246813579012 «246813579012»"),
            ("快递单号 SF1234567890123,运单号75123456789012", ""),
            ("买了 iPhone17 和 4090 显卡", ""),
            ("付了1,299.50元,退 ¥20", "amount 1299.50 元 «1,299.50元»; amount 20 CNY «¥20»"),
            (
                "三百五十块 or NT$ 1200 or 30 dollars",
                "amount 350 元 «三百五十块»; amount 1200 TWD «NT$ 1200»; amount 30 USD «30 dollars»",
            ),
            ("1.5万元人民币", "amount 15000 CNY «1.5万元人民币»"),
            ("我们一块去,买3块", "amount 3 元 «3块»"),
            ("2026年3月2日下午3点半下单", "time 2026-03-02T15:30 «2026年3月2日下午3点半»"),
            ("2026-03-02 09:05 and 2026/3/4", "time 2026-03-02T09:05 «2026-03-02 09:05»; time 2026-03-04 «2026/3/4»"),
            ("3月2號買的,前天到,昨晚壞了", "time --03-02 «3月2號»; time -P2D «前天»; time -P1D «昨晚»"),
            (
                "bought on March 2nd, 2026, broke 3 days ago at 9:30 pm",
                "time 2026-03-02 «March 2nd, 2026»; time -P3D «3 days ago»; time T21:30 «9:30 pm»",
            ),
            ("5天前 上周五 last monday", "time -P5D «5天前»; time -P7D «上周五»; time -P7D «last monday»"),
            ("13月45日 25:61 mayonnaise 2", ""),
            ("打13800138000或写a@b.cn", "phone [phone] «13800138000»; email [email] «a@b.cn»"),
            ("身份证110101199003078515", ""),
            ("", ""),
        ] {
            assert_eq!(facts(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn places_are_in_order_and_inside(text in "[0-9年月日号元块万点三十百 :.,$¥a-cA-C昨天上周-]{0,50}") {
            let mut end = 0;
            for fact in extract(&text) {
                prop_assert!(fact.start >= end && fact.end > fact.start);
                end = fact.end;
            }
            prop_assert!(end as usize <= text.chars().count());
        }
    }
}
