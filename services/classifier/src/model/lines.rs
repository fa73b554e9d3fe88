//! The lines a model is trained on.

use kefu_contracts::{Category, Language};

use super::labels::Label;

/// A sentence and what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// What it is about.
    pub label: Label,
    /// The language it is written in.
    pub language: Language,
    /// The sentence.
    pub text: &'a str,
}

/// Reads lines of `category/subtype <tab> language <tab> text`; what is no such line is left out.
pub fn parse(text: &str) -> Vec<Line<'_>> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<Line<'_>> {
    let mut fields = line.splitn(3, '\t');
    let label = Label::parse(fields.next()?)?;
    let language = fields.next()?.parse().ok()?;
    let text = fields.next()?.trim();
    (!text.is_empty()).then_some(Line { label, language, text })
}

const GREETINGS: [&str; 8] =
    ["你好,", "您好,请问", "亲,", "在吗,", "请问一下", "你好我想问一下,", "客服你好,", "麻烦你,"];
const ENGLISH_GREETINGS: [&str; 6] =
    ["Hi, ", "Hello, ", "hi there ", "Good morning, ", "please help, ", "I need help, "];

/// The line as it reads after a greeting, so that a greeting says nothing about what follows. Small talk has none.
pub fn with_greeting(at: usize, line: &Line<'_>) -> Option<String> {
    if line.label.category == Category::Other {
        return None;
    }
    let greetings: &[&str] = if line.language == Language::En { &ENGLISH_GREETINGS } else { &GREETINGS };
    let greeting = greetings.get(at % greetings.len())?;
    Some(format!("{greeting}{}", line.text))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::model::labels::LABELS;

    const LINES: &str = include_str!("../../model/lines.tsv");

    #[test]
    fn every_line_counts_once_and_every_label_has_lines_in_every_language() {
        let lines = parse(LINES);
        assert_eq!(lines.len(), LINES.lines().count(), "a line has another form");
        assert_eq!(
            lines.iter().map(|line| line.text).collect::<BTreeSet<_>>().len(),
            lines.len(),
            "a text stands twice"
        );
        let mut counts: BTreeMap<(Label, Language), usize> = BTreeMap::new();
        for line in &lines {
            *counts.entry((line.label, line.language)).or_default() += 1;
        }
        for label in LABELS {
            for language in [Language::ZhHans, Language::ZhHant, Language::En] {
                let count = counts.get(&(label, language)).copied().unwrap_or_default();
                assert!(count >= 8, "{label:?} in {language}: {count}");
            }
        }
    }
}
