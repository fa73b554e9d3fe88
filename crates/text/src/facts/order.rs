//! Order numbers.
//!
//! A number is one if it has a letter or more before its digits (A1001), if the text calls it so, or if it is as long
//! as only order numbers are. Numbers of parcels, models and sizes are none.

use super::Found;
use super::scan::Scan;

/// What stands before an order number, with `:`, `#`, `号` or spaces between.
const ORDER: [&str; 6] = ["订单", "单号", "订单编号", "order", "no", "number"];
/// What stands before another number.
const NOT_ORDER: [&str; 13] = [
    "快递单号",
    "快递",
    "运单",
    "物流",
    "型号",
    "货号",
    "款号",
    "tracking",
    "waybill",
    "parcel",
    "model",
    "sku",
    "version",
];
/// How far back such a word is looked for, in characters.
const REACH: usize = 12;
/// Digits that need no word before them.
const LONG: usize = 12;

pub(super) fn find(scan: Scan<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < scan.0.len() {
        if !scan.starts_word(at) || !scan.at(at).is_some_and(|c| c.is_ascii_alphanumeric()) {
            at += 1;
            continue;
        }
        let end = token_end(scan, at);
        let token = scan.0.get(at..end).unwrap_or_default();
        if is_order(scan, at, token) {
            let value = token.iter().map(char::to_ascii_uppercase).collect();
            found.push(Found { kind: "order_id", value, start: at, end });
        }
        at = end;
    }
    found
}

/// Whether the token at `at` is an order number. Few tokens have its digits, so what stands before is looked at last.
fn is_order(scan: Scan<'_>, at: usize, token: &[char]) -> bool {
    let digits = token.iter().filter(|c| c.is_ascii_digit()).count();
    if digits < 4 {
        return false;
    }
    let letters = token.iter().take_while(|c| c.is_ascii_alphabetic()).count();
    let by_shape = (1..=3).contains(&letters) && digits <= 10 && !token.windows(2).any(|pair| pair == ['-', '-']);
    let by_length = letters == 0 && digits == token.len() && (LONG..=20).contains(&digits);
    let by_name = || letters <= 6 && follows(scan, at, &ORDER);
    (by_shape || by_length || by_name()) && !follows(scan, at, &NOT_ORDER)
}

/// A token is letters, then digits, with dashes inside.
fn token_end(scan: Scan<'_>, start: usize) -> usize {
    let mut at = start;
    while scan.at(at).is_some_and(|c| c.is_ascii_alphanumeric())
        || scan.at(at) == Some('-') && scan.at(at + 1).is_some_and(|c| c.is_ascii_alphanumeric())
    {
        at += 1;
    }
    at
}

/// Whether one of `words` stands shortly before `at`, with no other word or sentence between.
fn follows(scan: Scan<'_>, at: usize, words: &[&str]) -> bool {
    let joins = |c: char| matches!(c, ' ' | ':' | '#' | '.' | '号' | '为' | '是' | '码' | '[' | '(' | '=' | '【');
    let before = scan.0.get(at.saturating_sub(REACH)..at).unwrap_or_default();
    let joint = before.iter().rev().take_while(|c| joins(**c)).count();
    let end = at - joint;
    words.iter().any(|word| {
        // the last character of a word may itself be a joint (单号)
        (0..=joint.min(1)).any(|back| scan.word_before(end + back, word).is_some())
    })
}
