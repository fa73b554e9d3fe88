//! Words that please and words that grieve.

use std::sync::LazyLock;

use kefu_text::lexicon::Lexicon;

use super::concepts::Concepts;

/// Two lines: words that please, words that grieve; the longer word counts where two begin alike.
pub const WORDS: &str = include_str!("../../model/sentiment.tsv");

/// Characters before a word in which a negation turns it round.
const REACH: usize = 4;
const NEGATIONS: [&str; 12] =
    ["不", "没", "别", "无", "未", "勿", "not ", "no ", "never ", "nt ", "without ", "hardly "];

static MOODS: LazyLock<Concepts> = LazyLock::new(|| Concepts::parse(WORDS));
static NEGATING: LazyLock<Lexicon<()>> =
    LazyLock::new(|| Lexicon::new(NEGATIONS.map(|negation| (negation.chars().collect(), ()))));

/// How many words of a text please and how many grieve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mood {
    /// Words that please.
    pub pleased: u32,
    /// Words that grieve.
    pub grieved: u32,
}

impl Mood {
    /// The mood of folded text; a negated word counts for the other side.
    pub fn of(folded: &[char]) -> Mood {
        let mut mood = Mood { pleased: 0, grieved: 0 };
        for (start, side) in MOODS.occurrences(folded) {
            let before = folded.get(start.saturating_sub(REACH)..start).unwrap_or_default();
            if (side == 0) != negates(before) {
                mood.pleased += 1;
            } else {
                mood.grieved += 1;
            }
        }
        mood
    }
}

/// Whether a negation stands in `before`, after the last sign that ends a phrase.
fn negates(before: &[char]) -> bool {
    let goes_on = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '\'');
    let phrase = before.rsplit(|c| !goes_on(c)).next().unwrap_or_default();
    let phrase: Vec<char> = phrase.iter().copied().filter(|c| *c != '\'').collect();
    (0..phrase.len()).any(|at| NEGATING.at(&phrase, at).next().is_some())
}

#[cfg(test)]
mod tests {
    use crate::model::reading::Reading;

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
            let mood = Reading::of(text).mood;
            assert_eq!((mood.pleased, mood.grieved), expected, "{text}");
        }
    }
}
