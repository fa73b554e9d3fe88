//! Concepts: words of three languages that mean the same for what a case is about.

use std::collections::HashMap;

use kefu_text::script;

/// Longest word of a concept, in characters.
const LONGEST: usize = 24;

/// Words that stand for concepts.
#[derive(Clone, Debug, Default)]
pub struct Concepts {
    /// By first character, the words that begin so, the longest first.
    words: HashMap<char, Vec<(Vec<char>, u16)>>,
}

impl Concepts {
    /// Reads lines of `name <tab> words`, the words separated by `|`. A Latin word matches where a word begins.
    pub fn parse(text: &str) -> Concepts {
        let mut words: HashMap<char, Vec<(Vec<char>, u16)>> = HashMap::new();
        for (number, line) in text.lines().enumerate() {
            let spelled = line.split_once('\t').map_or("", |(_, words)| words);
            for word in spelled.split('|').filter(|word| !word.is_empty()) {
                let word: Vec<char> = word.chars().map(script::fold_char).take(LONGEST).collect();
                if let Some(first) = word.first() {
                    words.entry(*first).or_default().push((word, u16::try_from(number).unwrap_or(u16::MAX)));
                }
            }
        }
        words.values_mut().for_each(|words| words.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then(a.cmp(b))));
        Concepts { words }
    }

    /// The concepts named in folded text, each once, in their own order.
    pub fn find(&self, folded: &[char]) -> Vec<u16> {
        let mut found: Vec<u16> = self.occurrences(folded).into_iter().map(|(_, _, concept)| concept).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Where concepts are named in folded text: start, length and concept; the longest word at a place, none within
    /// another.
    pub fn occurrences(&self, folded: &[char]) -> Vec<(usize, usize, u16)> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < folded.len() {
            match self.at(folded, at).next() {
                Some((word, concept)) => {
                    found.push((at, word.len(), *concept));
                    at += word.len();
                }
                None => at += 1,
            }
        }
        found
    }

    /// The words that stand at `at`, the longest first.
    fn at<'a>(&'a self, folded: &'a [char], at: usize) -> impl Iterator<Item = &'a (Vec<char>, u16)> {
        let rest = folded.get(at..).unwrap_or_default();
        let latin = |c: Option<&char>| c.is_some_and(char::is_ascii_alphabetic);
        let within = latin(rest.first()) && latin(at.checked_sub(1).and_then(|before| folded.get(before)));
        let words = rest.first().filter(|_| !within).and_then(|first| self.words.get(first));
        words.into_iter().flatten().filter(move |(word, _)| rest.starts_with(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_line_are_one_concept() {
        let concepts = Concepts::parse("refund\t退款|退钱|refund\nwhen\t什么时候|when");
        let find = |text: &str| concepts.find(&text.chars().map(script::fold_char).collect::<Vec<_>>());
        assert_eq!(find("什麼時候退錢"), [0, 1]);
        assert_eq!(find("When are refunds paid"), [0, 1]);
        assert_eq!(find("whenever prerefund"), [1]);
        assert_eq!(find("你好"), [0; 0]);
    }
}
