//! Times at which something happened: dates, times of day, days counted back from now.

use super::Found;
use super::scan::Scan;

const MONTHS: [(&str, u32); 24] = [
    ("january", 1),
    ("february", 2),
    ("march", 3),
    ("april", 4),
    ("may", 5),
    ("june", 6),
    ("july", 7),
    ("august", 8),
    ("september", 9),
    ("october", 10),
    ("november", 11),
    ("december", 12),
    ("jan", 1),
    ("feb", 2),
    ("mar", 3),
    ("apr", 4),
    ("jun", 6),
    ("jul", 7),
    ("aug", 8),
    ("sept", 9),
    ("sep", 9),
    ("oct", 10),
    ("nov", 11),
    ("dec", 12),
];

/// Days back, longer words first.
const RELATIVE: [(&str, &str); 18] = [
    ("大前天", "-P3D"),
    ("前天", "-P2D"),
    ("昨天", "-P1D"),
    ("昨日", "-P1D"),
    ("昨晚", "-P1D"),
    ("昨儿", "-P1D"),
    ("今天", "P0D"),
    ("今日", "P0D"),
    ("今早", "P0D"),
    ("上个月", "-P1M"),
    ("上月", "-P1M"),
    ("the day before yesterday", "-P2D"),
    ("yesterday", "-P1D"),
    ("last night", "-P1D"),
    ("today", "P0D"),
    ("this morning", "P0D"),
    ("last week", "-P7D"),
    ("last month", "-P1M"),
];

const LAST_WEEK: [&str; 4] = ["上个星期", "上星期", "上个礼拜", "上周"];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Parts of the day, and how many hours they add to the first twelve.
const DAY_PARTS: [(&str, u32); 8] =
    [("上午", 0), ("早上", 0), ("凌晨", 0), ("清晨", 0), ("中午", 12), ("下午", 12), ("傍晚", 12), ("晚上", 12)];

pub(super) fn find(scan: Scan<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < scan.0.len() {
        match time(scan, at) {
            Some((value, end)) => {
                found.push(Found { kind: "time", value, start: at, end });
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

fn time(scan: Scan<'_>, at: usize) -> Option<(String, usize)> {
    if !scan.at(at).is_some_and(begins_time) || !scan.starts_word(at) {
        return None;
    }
    if let Some((date, end)) = date(scan, at) {
        let joined = if scan.at(end) == Some('t') { end + 1 } else { scan.skip_spaces(end) };
        return Some(match time_of_day(scan, joined) {
            Some((time, end)) => (format!("{date}T{time}"), end),
            None => (date, end),
        });
    }
    relative(scan, at).or_else(|| time_of_day(scan, at).map(|(time, end)| (format!("T{time}"), end)))
}

/// Whether a time may begin with `c`. Looking for every word at every character would cost more than all else.
fn begins_time(c: char) -> bool {
    matches!(c, '0'..='9' | 'a' | 'd' | 'f' | 'j' | 'l'..='o' | 's' | 't' | 'y')
        || matches!(c, '大' | '前' | '昨' | '今' | '上' | '早' | '凌' | '清' | '中' | '下' | '傍' | '晚')
}

fn date(scan: Scan<'_>, at: usize) -> Option<(String, usize)> {
    year_first(scan, at).or_else(|| month_and_day(scan, at)).or_else(|| english(scan, at))
}

/// 2026-03-02, 2026/3/2, 2026.3.2, 2026年3月2日.
fn year_first(scan: Scan<'_>, at: usize) -> Option<(String, usize)> {
    let (year, end) = scan.number(at, 4).filter(|(year, _)| (2000..2100).contains(year))?;
    let separator = scan.at(end).filter(|c| matches!(c, '-' | '/' | '.' | '年'))?;
    let (month, end) = scan.number(end + 1, 2)?;
    let expected = if separator == '年' { '月' } else { separator };
    if scan.at(end) != Some(expected) {
        return None;
    }
    let (day, end) = scan.number(end + 1, 2)?;
    let end = end + usize::from(matches!(scan.at(end), Some('日' | '号')));
    written(Some(year), month, day).map(|date| (date, end))
}

/// 3月2日.
fn month_and_day(scan: Scan<'_>, at: usize) -> Option<(String, usize)> {
    let (month, end) = scan.number(at, 2)?;
    let (day, end) = scan.number(scan.word(end, "月")?, 2)?;
    let end = end + usize::from(matches!(scan.at(end), Some('日' | '号')));
    written(None, month, day).map(|date| (date, end))
}

/// March 2nd, 2026; 2 March 2026.
fn english(scan: Scan<'_>, at: usize) -> Option<(String, usize)> {
    let (month, day, end) = match scan.any(at, &MONTHS).filter(|(_, end)| scan.ends_word(*end)) {
        Some((month, end)) => {
            let (day, end) = ordinal(scan, scan.skip_spaces(end + usize::from(scan.at(end) == Some('.'))))?;
            (month, day, end)
        }
        None => {
            let (day, end) = ordinal(scan, at)?;
            let (month, end) = scan.any(scan.skip_spaces(end), &MONTHS).filter(|(_, end)| scan.ends_word(*end))?;
            (month, day, end)
        }
    };
    let after = scan.skip_spaces(end + usize::from(scan.at(end) == Some(',')));
    let year = scan.number(after, 4).filter(|(year, _)| (2000..2100).contains(year));
    let date = written(year.map(|(year, _)| year), month, day)?;
    Some((date, year.map_or(end, |(_, end)| end)))
}

fn ordinal(scan: Scan<'_>, at: usize) -> Option<(u32, usize)> {
    let (day, end) = scan.number(at, 2)?;
    let end = ["st", "nd", "rd", "th"].iter().find_map(|suffix| scan.word(end, suffix)).unwrap_or(end);
    scan.ends_word(end).then_some((day, end))
}

fn written(year: Option<u32>, month: u32, day: u32) -> Option<String> {
    let longest = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let year = year.map_or("-".to_owned(), |year| year.to_string());
    (1..=longest).contains(&day).then(|| format!("{year}-{month:02}-{day:02}"))
}

/// 昨天, 上周五, 5天前, 3 days ago.
fn relative(scan: Scan<'_>, at: usize) -> Option<(String, usize)> {
    if let Some((value, end)) = scan.any(at, &RELATIVE) {
        return (!scan.at(at).is_some_and(|c| c.is_ascii()) || scan.ends_word(end)).then(|| (value.to_owned(), end));
    }
    if let Some(end) = LAST_WEEK.iter().find_map(|word| scan.word(at, word)) {
        let weekday = scan.at(end).is_some_and(|c| "一二三四五六日天".contains(c));
        return Some(("-P7D".to_owned(), end + usize::from(weekday)));
    }
    if let Some(end) = scan.word(at, "last ") {
        return WEEKDAYS.iter().find_map(|day| scan.word(end, day)).map(|end| ("-P7D".to_owned(), end));
    }
    let (count, end) = scan.number(at, 3)?;
    let unit = scan.skip_spaces(end);
    let units =
        [("天前", "D"), ("日前", "D"), ("个月前", "M"), ("days ago", "D"), ("day ago", "D"), ("months ago", "M")];
    let weeks = [("周前", ()), ("个星期前", ()), ("weeks ago", ()), ("week ago", ())];
    if let Some((unit, end)) = scan.any(unit, &units) {
        return Some((format!("-P{count}{unit}"), end));
    }
    scan.any(unit, &weeks).map(|((), end)| (format!("-P{}D", count * 7), end))
}

/// 09:30, 下午3点半, 3 pm; written `15:30`.
fn time_of_day(scan: Scan<'_>, at: usize) -> Option<(String, usize)> {
    let (part, at) = match scan.any(at, &DAY_PARTS) {
        Some((hours, end)) => (Some(hours), end),
        None => (None, at),
    };
    let (hour, end) = scan.number(at, 2)?;
    let (minute, end) = match scan.at(end) {
        Some(':') => scan.number(end + 1, 2).filter(|(_, after)| *after == end + 3)?,
        Some('点') => match (scan.word(end + 1, "半"), scan.number(end + 1, 2)) {
            (Some(after), _) => (30, after),
            (None, Some((minute, after))) => (minute, after + usize::from(scan.at(after) == Some('分'))),
            (None, None) => (0, end + 1),
        },
        _ => (0, end),
    };
    let is_clock = scan.0.get(at..end).is_some_and(|said| said.iter().any(|c| matches!(c, ':' | '点')));
    let half = scan.skip_spaces(end);
    let english = [("pm", 12), ("p.m.", 12), ("am", 0), ("a.m.", 0)];
    let (added, end) = match scan.any(half, &english).filter(|(_, after)| scan.ends_word(*after)) {
        Some((added, after)) => (Some(added), after),
        None if is_clock => (part, end),
        None => return None,
    };
    let hour = match (added, hour) {
        (Some(12), 1..=11) => hour + 12,
        (Some(0), 12) => 0,
        _ => hour,
    };
    (hour < 24 && minute < 60).then(|| (format!("{hour:02}:{minute:02}"), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_begins_a_time() {
        let words = MONTHS.iter().chain(&DAY_PARTS).map(|(word, _)| *word);
        let words = words.chain(RELATIVE.iter().map(|(word, _)| *word)).chain(LAST_WEEK).chain(["last monday"]);
        for word in words {
            assert!(word.starts_with(begins_time), "{word}");
        }
        assert!(!"很好,bcegh".chars().any(begins_time));
    }
}
