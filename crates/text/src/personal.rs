//! Where personal data stands in a text: telephone numbers, mail addresses, identity numbers, bank cards.
//!
//! Works on characters, so positions are in Unicode scalar values. When in doubt a number is personal; order numbers
//! are not, as they have letters before them, other lengths or other first digits.

use crate::numbers::{self, Run};

/// What kind of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Phone,
    Email,
    Identity,
    Card,
}

/// Personal data from `start` to before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The personal data in `text`, in order and without overlaps.
pub(crate) fn find(text: &[char]) -> Vec<Span> {
    let mut spans = emails(text);
    for run in numbers::runs(text) {
        if !spans.iter().any(|span| span.start < run.end() && run.start() < span.end) {
            within_run(text, &run, &mut spans);
        }
    }
    spans.sort_by_key(|span| span.start);
    spans
}

fn within_run(text: &[char], run: &Run, spans: &mut Vec<Span>) {
    let mut at = 0;
    while at < run.groups.len() {
        match longest(text, run, at) {
            Some((kind, count, end)) => {
                let start = if at == 0 { run.start() } else { run.groups[at].start };
                spans.push(Span { kind, start, end });
                at += count;
            }
            None => at += 1,
        }
    }
}

/// What begins with group `at`, how many groups it takes and where it ends.
fn longest(text: &[char], run: &Run, at: usize) -> Option<(Kind, usize, usize)> {
    let groups = run.groups.get(at..)?;
    if let Some(end) = identity(text, groups.first()?) {
        return Some((Kind::Identity, 1, end));
    }
    let most = groups.len().min(6);
    (1..=most).rev().find_map(|count| {
        let taken = groups.get(..count)?;
        let digits: String = taken.iter().map(|group| group.digits.as_str()).collect();
        let lengths: Vec<usize> = taken.iter().map(|group| group.digits.len()).collect();
        let end = taken.last()?.end;
        if is_phone(&digits, &lengths, run.plus && at == 0) {
            Some((Kind::Phone, count, end))
        } else if is_card(&digits, &lengths) {
            Some((Kind::Card, count, end))
        } else {
            None
        }
    })
}

/// Chinese mobile and fixed lines, Taiwanese ones, the North American form, and anything after a plus.
fn is_phone(digits: &str, groups: &[usize], plus: bool) -> bool {
    if plus {
        return (8..=15).contains(&digits.len());
    }
    let (national, prefixed) = match digits.strip_prefix("0086").or_else(|| digits.strip_prefix("86")) {
        Some(rest) if rest.len() == 11 => (rest, true),
        _ => (digits, false),
    };
    let mobile = national.len() == 11
        && national.starts_with('1')
        && national.chars().nth(1).is_some_and(|c| ('3'..='9').contains(&c));
    let local =
        if prefixed && groups.first().is_some_and(|first| *first <= 4) { groups.get(1..) } else { Some(groups) };
    let shape = local.unwrap_or_default();
    if mobile {
        return prefixed || matches!(shape, [11] | [3, 4, 4] | [3, 8] | [7, 4]);
    }
    match shape {
        [4, 3, 3] | [4, 6] | [10] => digits.starts_with("09"),
        [3 | 4, 7 | 8] | [3 | 4, 4, 4] | [4, 3, 4] | [2, 4, 4] | [2, 8] => digits.starts_with('0'),
        [3, 3, 4] => digits.starts_with(|c| matches!(c, '2'..='9')),
        _ => false,
    }
}

/// A card number has an issuer's prefix and length, and a valid check digit.
fn is_card(digits: &str, groups: &[usize]) -> bool {
    let written_so = matches!(groups, [_] | [4, 4, 4, 4] | [4, 4, 4, 4, 3] | [4, 6, 5] | [6, 13] | [6, 10]);
    let prefix = |count: usize| digits.get(..count).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    let issued = match digits.len() {
        15 => matches!(prefix(2), 34 | 37),
        16 => matches!(prefix(2), 35 | 40..=49 | 51..=55 | 62 | 65) || matches!(prefix(4), 2221..=2720 | 6011),
        17..=19 => prefix(2) == 62,
        _ => false,
    };
    written_so && issued && luhn(digits)
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte.saturating_sub(b'0'));
            if place % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A Chinese identity number: region, date of birth, three digits and a check character; where it ends.
///
/// The check character is not checked: one with a slip of the pen is personal too.
fn identity(text: &[char], group: &numbers::Group) -> Option<usize> {
    let number = |range: std::ops::Range<usize>| group.digits.get(range).and_then(|text| text.parse::<u32>().ok());
    let end = match group.digits.len() {
        18 => group.end,
        17 if matches!(text.get(group.end), Some('x' | 'X' | 'Ｘ' | 'ｘ')) => group.end + 1,
        _ => return None,
    };
    let plausible = (11..=82).contains(&number(0..2)?)
        && (1900..2100).contains(&number(6..10)?)
        && (1..=12).contains(&number(10..12)?)
        && (1..=31).contains(&number(12..14)?);
    plausible.then_some(end)
}

fn emails(text: &[char]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (at, _) in text.iter().enumerate().filter(|(_, c)| matches!(c, '@' | '＠')) {
        let floor = spans.last().map_or(0, |span| span.end);
        let before = text.get(floor..at).unwrap_or_default();
        let local = before.iter().rev().take_while(|c| c.is_ascii_alphanumeric() || "._%+-".contains(**c)).count();
        let after = text.get(at + 1..).unwrap_or_default();
        let domain = after.iter().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
        let domain: String = domain.collect();
        let domain = domain.trim_end_matches(['.', '-']);
        let has_top = domain.rsplit_once('.').is_some_and(|(name, top)| {
            !name.is_empty() && top.len() >= 2 && top.bytes().all(|byte| byte.is_ascii_alphabetic())
        });
        if local > 0 && has_top {
            spans.push(Span { kind: Kind::Email, start: at - local, end: at + 1 + domain.len() });
        }
    }
    spans
}
