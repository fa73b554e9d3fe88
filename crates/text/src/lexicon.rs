//! Many words looked for in one text at once.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// Folded words and what each means, by their first character: at most characters of a text no word begins.
#[derive(Clone, Debug)]
pub struct Lexicon<T> {
    by_first: HashMap<char, Vec<Word<T>>, FixedState>,
}

/// A word, and its meaning.
type Word<T> = (Box<[char]>, T);

impl<T> Default for Lexicon<T> {
    fn default() -> Self {
        Self { by_first: HashMap::default() }
    }
}

impl<T: Copy + Ord> Lexicon<T> {
    /// Knows `words`, in whatever order they come; empty ones are left out.
    pub fn new(words: impl IntoIterator<Item = (Box<[char]>, T)>) -> Self {
        let mut lexicon = Self::default();
        for (word, meaning) in words {
            if let Some(first) = word.first() {
                lexicon.by_first.entry(*first).or_default().push((word, meaning));
            }
        }
        for words in lexicon.by_first.values_mut() {
            words.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        }
        lexicon
    }

    /// The words that stand at `at` in a folded text, the longest first: their lengths and meanings.
    pub fn at<'a>(&'a self, text: &'a [char], at: usize) -> impl Iterator<Item = (usize, T)> {
        let rest = text.get(at..).unwrap_or_default();
        let words = rest.first().and_then(|first| self.by_first.get(first));
        let standing = words.into_iter().flatten().filter(|(word, _)| rest.starts_with(word));
        standing.map(|(word, meaning)| (word.len(), *meaning))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn characters(text: &str) -> Box<[char]> {
        text.chars().collect()
    }

    #[test]
    fn longer_words_come_first_and_equal_ones_by_their_meanings() {
        let lexicon = Lexicon::new(
            [("退", 1), ("退款", 3), ("退款", 2), ("", 9)].map(|(word, number)| (characters(word), number)),
        );
        assert_eq!(lexicon.at(&characters("要退款"), 1).collect::<Vec<_>>(), [(2, 2), (2, 3), (1, 1)]);
        assert_eq!(lexicon.at(&characters("要退款"), 2).next(), None);
        assert_eq!(lexicon.at(&characters("要退款"), 9).next(), None);
    }

    proptest! {
        #[test]
        fn it_finds_what_a_search_for_each_word_finds(
            words in prop::collection::vec("[ab退款]{1,3}", 0..12),
            text in "[ab退款]{0,12}",
        ) {
            let lexicon = Lexicon::new(words.iter().enumerate().map(|(number, word)| (characters(word), number)));
            let text = characters(&text);
            for at in 0..=text.len() {
                let mut found: Vec<usize> = lexicon.at(&text, at).map(|(_, number)| number).collect();
                found.sort_unstable();
                let stands = |word: &String| text[at..].starts_with(&characters(word));
                let expected: Vec<usize> = (0..words.len()).filter(|number| stands(&words[*number])).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
