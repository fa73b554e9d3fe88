//! Concepts: words of three languages that mean the same for what a case is about.

use kefu_text::lexicon::Lexicon;
use kefu_text::script;

/// Longest word of a concept, in characters.
const LONGEST: usize = 24;

/// Words that stand for concepts.
#[derive(Clone, Debug, Default)]
pub struct Concepts {
    words: Lexicon<u16>,
}

impl Concepts {
    /// Reads lines of `name <tab> words`, the words separated by `|`. A Latin word matches where a word begins.
    pub fn parse(text: &str) -> Concepts {
        let words = text.lines().enumerate().flat_map(|(number, line)| {
            let spelled = line.split_once('\t').map_or("", |(_, words)| words);
            let concept = u16::try_from(number).unwrap_or(u16::MAX);
            spelled.split('|').map(move |word| (word.chars().map(script::fold_char).take(LONGEST).collect(), concept))
        });
        Concepts { words: Lexicon::new(words) }
    }

    /// The concepts named in folded text, each once, in their own order.
    pub fn find(&self, folded: &[char]) -> Vec<u16> {
        let mut found: Vec<u16> = self.occurrences(folded).map(|(_, concept)| concept).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Where concepts are named in folded text: start and concept; the longest word at a place, none within another.
    pub fn occurrences(&self, folded: &[char]) -> impl Iterator<Item = (usize, u16)> {
        let mut next = 0;
        std::iter::from_fn(move || {
            while next < folded.len() {
                let start = next;
                if let Some((length, concept)) = self.at(folded, start) {
                    next = start + length;
                    return Some((start, concept));
                }
                next += 1;
            }
            None
        })
    }

    /// The longest word that stands at `at`: its length and concept.
    fn at(&self, folded: &[char], at: usize) -> Option<(usize, u16)> {
        let latin = |at: usize| folded.get(at).is_some_and(char::is_ascii_alphabetic);
        let within = latin(at) && at > 0 && latin(at - 1);
        if within { None } else { self.words.at(folded, at).next() }
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
