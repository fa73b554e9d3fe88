//! Amounts of money.

use super::Found;
use super::scan::Scan;

/// Signs before a number, longer ones first.
const BEFORE: [(&str, &str); 17] = [
    ("nt$", "TWD"),
    ("hk$", "HKD"),
    ("us$", "USD"),
    ("s$", "SGD"),
    ("a$", "AUD"),
    ("twd", "TWD"),
    ("hkd", "HKD"),
    ("usd", "USD"),
    ("eur", "EUR"),
    ("rmb", "CNY"),
    ("cny", "CNY"),
    ("人民币", "CNY"),
    ("¥", "CNY"),
    ("￥", "CNY"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("$", "$"),
];

/// Words after a number, longer ones first.
const AFTER: [(&str, &str); 23] = [
    ("元人民币", "CNY"),
    ("块人民币", "CNY"),
    ("人民币", "CNY"),
    ("新台币", "TWD"),
    ("台币", "TWD"),
    ("港币", "HKD"),
    ("港元", "HKD"),
    ("美元", "USD"),
    ("美金", "USD"),
    ("欧元", "EUR"),
    ("块钱", "元"),
    ("元", "元"),
    ("圆", "元"),
    ("块", "元"),
    ("rmb", "CNY"),
    ("cny", "CNY"),
    ("yuan", "CNY"),
    ("usd", "USD"),
    ("us dollars", "USD"),
    ("dollars", "USD"),
    ("dollar", "USD"),
    ("euros", "EUR"),
    ("euro", "EUR"),
];

pub(super) fn find(scan: Scan<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < scan.0.len() {
        let Some(number) = number(scan, at) else {
            at += 1;
            continue;
        };
        let before = if number.spelled { None } else { currency_before(scan, at) };
        let after = scan
            .any(scan.skip_spaces(number.end), &AFTER)
            .filter(|(currency, end)| (*currency == "元" || scan.ends_word(*end)) && !number.is_idiom(scan));
        let place = match (before, after) {
            (Some((start, currency)), None) => Some((start, number.end, currency)),
            (Some((start, currency)), Some((_, end))) => Some((start, end, currency)),
            (None, Some((currency, end))) => Some((at, end, currency)),
            (None, None) => None,
        };
        if let Some((start, end, currency)) = place.filter(|(start, ..)| scan.starts_word(*start)) {
            found.push(Found { kind: "amount", value: format!("{} {currency}", number.written), start, end });
            at = end;
        } else {
            at = number.end;
        }
    }
    found
}

/// The currency whose sign stands before `at`, and where the sign starts.
fn currency_before(scan: Scan<'_>, at: usize) -> Option<(usize, &'static str)> {
    BEFORE.iter().find_map(|(sign, currency)| {
        let start = scan.word_before(at, sign)?;
        (scan.starts_word(start) || !sign.is_ascii()).then_some((start, *currency))
    })
}

struct Number {
    written: String,
    end: usize,
    /// In Chinese numerals.
    spelled: bool,
    numerals: usize,
}

impl Number {
    /// 一块 is "together" or "a piece" as often as money; 一块钱 is money.
    fn is_idiom(&self, scan: Scan<'_>) -> bool {
        self.spelled
            && self.numerals == 1
            && scan.word(self.end, "块").is_some()
            && scan.word(self.end, "块钱").is_none()
    }
}

/// The number at `at`: digits with thousands and decimals, or Chinese numerals; 万 multiplies.
fn number(scan: Scan<'_>, at: usize) -> Option<Number> {
    if scan.at(at).is_some_and(|c| c.is_ascii_digit()) { in_digits(scan, at) } else { in_numerals(scan, at) }
}

fn in_digits(scan: Scan<'_>, start: usize) -> Option<Number> {
    let (mut whole, mut decimals) = (String::new(), String::new());
    let mut at = start;
    let digit = |at: usize| scan.at(at).filter(char::is_ascii_digit);
    loop {
        if let Some(digit) = digit(at) {
            whole.push(digit);
            at += 1;
        } else if scan.at(at) == Some(',') && scan.number(at + 1, 3).is_some_and(|(_, end)| end == at + 4) {
            at += 1;
        } else {
            break;
        }
    }
    if scan.at(at) == Some('.') && digit(at + 1).is_some() {
        at += 1;
        while let Some(digit) = digit(at) {
            decimals.push(digit);
            at += 1;
        }
    }
    if whole.len() > 12 || decimals.len() > 4 {
        return None;
    }
    if scan.word(at, "万").is_some() {
        at += 1;
        while decimals.len() < 4 {
            decimals.push('0');
        }
        whole.push_str(&decimals);
        decimals.clear();
    }
    let trimmed = whole.trim_start_matches('0');
    let mut written = if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_owned() };
    if !decimals.is_empty() {
        written.push('.');
        written.push_str(&decimals);
    }
    Some(Number { written, end: at, spelled: false, numerals: 0 })
}

/// 三百五十, 两千, 一万二: numerals below a hundred million.
fn in_numerals(scan: Scan<'_>, start: usize) -> Option<Number> {
    let (mut total, mut section, mut digit) = (0u64, 0u64, 0u64);
    let mut unit = 1u64;
    let mut at = start;
    while let Some(c) = scan.at(at) {
        match c {
            '零' => unit = 1,
            '一' | '二' | '两' | '三' | '四' | '五' | '六' | '七' | '八' | '九' => {
                digit = 1 + "一二三四五六七八九".chars().position(|n| n == if c == '两' { '二' } else { c })? as u64;
            }
            '十' | '百' | '千' => {
                unit = match c {
                    '十' => 10,
                    '百' => 100,
                    _ => 1000,
                };
                section += digit.max(u64::from(c == '十')) * unit;
                digit = 0;
            }
            '万' => {
                total += (section + digit) * 10_000;
                (section, digit, unit) = (0, 0, 10_000);
            }
            _ => break,
        }
        at += 1;
        if at - start > 16 {
            return None;
        }
    }
    // a digit right after a unit counts tenths of it: 三百五 is 350
    let last = if unit >= 100 && at - start > 1 { digit * unit / 10 } else { digit };
    let value = total + section + last;
    (at > start && value > 0).then(|| Number {
        written: value.to_string(),
        end: at,
        spelled: true,
        numerals: at - start,
    })
}
