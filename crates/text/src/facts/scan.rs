//! Looking for words and numbers at a place in a folded text.

/// A text whose characters are folded, one by one.
#[derive(Clone, Copy)]
pub(super) struct Scan<'a>(pub(super) &'a [char]);

impl Scan<'_> {
    /// The character at `at`.
    pub(super) fn at(self, at: usize) -> Option<char> {
        self.0.get(at).copied()
    }

    /// Where `word` ends, if it stands at `at`.
    pub(super) fn word(self, at: usize, word: &str) -> Option<usize> {
        let length = word.chars().count();
        let there = self.0.get(at..at + length)?;
        there.iter().copied().eq(word.chars()).then_some(at + length)
    }

    /// The first of `words` that stands at `at`, and where it ends.
    pub(super) fn any<T: Copy>(self, at: usize, words: &[(&str, T)]) -> Option<(T, usize)> {
        words.iter().find_map(|(word, meaning)| Some((*meaning, self.word(at, word)?)))
    }

    /// Whether `word` ends right before `end`, one space allowed between; where it starts.
    pub(super) fn word_before(self, end: usize, word: &str) -> Option<usize> {
        let end = if self.at(end.wrapping_sub(1)) == Some(' ') { end - 1 } else { end };
        let start = end.checked_sub(word.chars().count())?;
        self.word(start, word).map(|_| start)
    }

    /// The whole number at `at` of at most `most` digits, and where it ends; none if a digit follows.
    pub(super) fn number(self, at: usize, most: usize) -> Option<(u32, usize)> {
        let digits: String = self.0.get(at..)?.iter().take_while(|c| c.is_ascii_digit()).take(most + 1).collect();
        if digits.is_empty() || digits.len() > most {
            return None;
        }
        Some((digits.parse().ok()?, at + digits.len()))
    }

    /// `at` without the spaces that stand there.
    pub(super) fn skip_spaces(self, at: usize) -> usize {
        at + self.0.get(at..).map_or(0, |rest| rest.iter().take_while(|c| **c == ' ').count())
    }

    /// Whether a word of Latin letters or digits may start at `at`: none goes on there.
    pub(super) fn starts_word(self, at: usize) -> bool {
        at.checked_sub(1).and_then(|before| self.at(before)).is_none_or(|c| !c.is_ascii_alphanumeric())
    }

    /// Whether a word of Latin letters or digits may end before `at`: none goes on there.
    pub(super) fn ends_word(self, at: usize) -> bool {
        self.at(at).is_none_or(|c| !c.is_ascii_alphanumeric())
    }
}
