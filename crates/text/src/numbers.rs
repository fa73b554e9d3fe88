//! Runs of digits in a text, in groups as people write them.

use crate::script;

/// Digits without anything between them, narrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) digits: String,
    /// The first digit's position.
    pub(crate) start: usize,
    /// The position after the last digit.
    pub(crate) end: usize,
}

/// Groups with one separator each between them, as in a telephone number; no letter or digit touches the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) groups: Vec<Group>,
    /// Whether a plus stands before it.
    pub(crate) plus: bool,
    opening: usize,
}

impl Run {
    /// Where it starts, with its plus or parenthesis.
    pub(crate) fn start(&self) -> usize {
        self.groups.first().map_or(0, |group| group.start - self.opening)
    }

    /// Where it ends, exclusive.
    pub(crate) fn end(&self) -> usize {
        self.groups.last().map_or(0, |group| group.end)
    }
}

/// The runs of digits in `text`. Digits that are part of a word (`A1001`) or of a decimal are no run.
pub(crate) fn runs(text: &[char]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if digit(text, at).is_none() {
            at += 1;
            continue;
        }
        let free = at == 0 || !is_word(text, at - 1);
        let run = run(text, at);
        at = run.end().max(at + 1);
        if free {
            runs.push(run);
        }
    }
    runs
}

fn run(text: &[char], start: usize) -> Run {
    let mut groups = Vec::new();
    let mut at = start;
    loop {
        let first = at;
        let mut digits = String::new();
        while let Some(digit) = digit(text, at) {
            digits.push(digit);
            at += 1;
        }
        groups.push(Group { digits, start: first, end: at });
        let gap = separator(text, at);
        if gap == 0 || digit(text, at + gap).is_none() {
            break;
        }
        at += gap;
    }
    let before = |back: usize| start.checked_sub(back).and_then(|at| text.get(at)).map(|c| script::narrow(*c));
    let (plus, opening) = match (before(2), before(1)) {
        (Some('+'), Some('(')) => (true, 2),
        (_, Some('+')) => (true, 1),
        (_, Some('(')) => (false, 1),
        _ => (false, 0),
    };
    Run { groups, plus, opening }
}

/// How many characters separate two groups at `at`: a space, a dash, or a parenthesis with a space.
fn separator(text: &[char], at: usize) -> usize {
    let c = |at: usize| text.get(at).map(|c| script::narrow(*c));
    match (c(at), c(at + 1)) {
        (Some(')'), Some(' ' | '-')) | (Some(' '), Some('(')) => 2,
        (Some(' ' | '-' | '(' | ')' | '–'), _) => 1,
        _ => 0,
    }
}

fn digit(text: &[char], at: usize) -> Option<char> {
    text.get(at).map(|c| script::narrow(*c)).filter(char::is_ascii_digit)
}

fn is_word(text: &[char], at: usize) -> bool {
    text.get(at).map(|c| script::narrow(*c)).is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '#'))
}
