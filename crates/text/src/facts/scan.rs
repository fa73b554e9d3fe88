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
        let mut end = at;
        for c in word.chars() {
            if self.at(end)? != c {
                return None;
            }
            end += 1;
        }
        Some(end)
    }

    /// The first of `words` that stands at `at`, and where it ends.
    pub(super) fn any<T: Copy>(self, at: usize, words: &[(&str, T)]) -> Option<(T, usize)> {
        words.iter().find_map(|(word, meaning)| Some((*meaning, self.word(at, word)?)))
    }

    /// Whether `word` ends right before `end`, one space allowed between; where it starts.
    pub(super) fn word_before(self, end: usize, word: &str) -> Option<usize> {
        let mut start = if self.at(end.wrapping_sub(1)) == Some(' ') { end - 1 } else { end };
        for c in word.chars().rev() {
            start = start.checked_sub(1)?;
            if self.at(start)? != c {
                return None;
            }
        }
        Some(start)
    }

    /// The whole number at `at` of at most `most` digits, and where it ends; none if a digit follows.
    pub(super) fn number(self, at: usize, most: usize) -> Option<(u32, usize)> {
        let (mut value, mut end) = (0, at);
        while let Some(digit) = self.at(end).filter(char::is_ascii_digit).and_then(|c| c.to_digit(10)) {
            if end - at == most {
                return None;
            }
            value = value * 10 + digit;
            end += 1;
        }
        (end > at).then_some((value, end))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_and_numbers_are_found_as_by_comparing_strings(
            text in "[a-b 1-2天前]{0,8}",
            word in "[a-b 1-2天前]{1,3}",
            at in 0usize..10,
        ) {
            let characters: Vec<char> = text.chars().collect();
            let scan = Scan(&characters);
            let before: String = characters.iter().take(at).collect();
            let after: String = characters.iter().skip(at).collect();
            let length = word.chars().count();
            prop_assert_eq!(scan.word(at, &word), after.starts_with(&word).then_some(at + length));
            if at <= characters.len() {
                let close = before.strip_suffix(' ').unwrap_or(&before);
                let start = close.strip_suffix(&word).map(|rest| rest.chars().count());
                prop_assert_eq!(scan.word_before(at, &word), start);
            }
            let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
            let number = digits.parse().ok().filter(|_| digits.len() <= 2).map(|number| (number, at + digits.len()));
            prop_assert_eq!(scan.number(at, 2), number);
        }
    }
}
