//! Words that please and words that grieve.

use std::sync::LazyLock;

use super::concepts::Concepts;

/// Two lines: words that please, words that grieve; the longer word counts where two begin alike.
pub const WORDS: &str = include_str!("../../model/sentiment.tsv");

/// Characters before a word in which a negation turns it round.
const REACH: usize = 4;
const NEGATIONS: [&str; 12] =
    ["不", "没", "别", "无", "未", "勿", "not ", "no ", "never ", "nt ", "without ", "hardly "];

static MOODS: LazyLock<Concepts> = LazyLock::new(|| Concepts::parse(WORDS));

/// How many words of folded text please and how many grieve; a negated one counts for the other side.
pub fn count(folded: &[char]) -> (u32, u32) {
    let (mut pleased, mut grieved) = (0, 0);
    for (start, _, mood) in MOODS.occurrences(folded) {
        let before: String = folded
            .get(start.saturating_sub(REACH)..start)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|c| c.is_alphanumeric() || matches!(c, ' ' | '\''))
            .filter(|c| **c != '\'')
            .collect();
        let before: String = before.chars().rev().collect();
        let negated = NEGATIONS.iter().any(|negation| before.contains(negation));
        if (mood == 0) != negated {
            pleased += 1;
        } else {
            grieved += 1;
        }
    }
    (pleased, grieved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::features::folded;

    #[test]
    fn a_negated_word_counts_for_the_other_side() {
        for (text, expected) in [
            ("很滿意,好看", (2, 0)),
            ("一点都不好用", (0, 1)),
            ("不,好用", (1, 0)),
            ("It isn't good", (0, 1)),
            ("not bad", (1, 0)),
            ("糟糕", (0, 1)),
            ("发货", (0, 0)),
        ] {
            assert_eq!(count(&folded(text)), expected, "{text}");
        }
    }
}
