//! The customer's mood: words that please or grieve, and what the model makes of the whole.

use std::sync::LazyLock;

use crate::model::concepts::Concepts;
use crate::model::features::folded;
use crate::model::labels::{COUNT, LABELS};
use kefu_contracts::Category;

/// Two lines: words that please, words that grieve; the longer word counts where two begin alike.
const WORDS: &str = include_str!("../../model/sentiment.tsv");

/// Characters before a word in which a negation turns it round.
const REACH: usize = 4;
const NEGATIONS: [&str; 14] =
    ["不", "没", "別", "别", "无", "未", "勿", "not ", "no ", "never ", "n't ", "nt ", "without ", "hardly "];

static MOODS: LazyLock<Concepts> = LazyLock::new(|| Concepts::parse(WORDS));

/// The mood of `text`, -1 to 1 in hundredths. `probabilities` are the model's, by label.
pub fn sentiment(text: &str, probabilities: &[f32; COUNT]) -> f64 {
    let (pleased, grieved) = words(text);
    let of = |category: Category| -> f64 {
        let labelled = LABELS.iter().zip(probabilities).filter(|(label, _)| label.category == category);
        labelled.map(|(_, probability)| f64::from(*probability)).sum()
    };
    let said = (pleased - grieved) / (pleased + grieved + 1.0);
    let meant = of(Category::Praise) - of(Category::Complaint);
    ((said * 0.7 + meant * 0.5).clamp(-1.0, 1.0) * 100.0).round() / 100.0 + 0.0
}

/// How many words please and grieve; a negated one counts for the other side, the end of a text more than its start.
fn words(text: &str) -> (f64, f64) {
    let folded = folded(text);
    let (mut pleased, mut grieved) = (0.0, 0.0);
    for (start, _, mood) in MOODS.occurrences(&folded) {
        let before: String = folded.get(start.saturating_sub(REACH)..start).unwrap_or_default().iter().collect();
        let negated = NEGATIONS.iter().any(|negation| {
            before.rfind(negation).is_some_and(|at| before.get(at..).is_some_and(|rest| !rest.contains([',', '。', '.', '!'])))
        });
        if (mood == 0) != negated {
            pleased += 1.0;
        } else {
            grieved += 1.0;
        }
    }
    (pleased, grieved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;

    #[test]
    fn moods_of_short_texts() {
        let mood = |text: &str| sentiment(text, &Model::standard().probabilities(text).unwrap());
        for text in ["非常满意,谢谢", "很喜歡,會再回購", "I love it, great quality", "一点都不贵,好用"] {
            assert!(mood(text) > 0.3, "{text}: {}", mood(text));
        }
        for text in ["太差了,很失望", "品質很糟", "Terrible, I am very disappointed", "一点都不好用"] {
            assert!(mood(text) < -0.3, "{text}: {}", mood(text));
        }
        for text in ["什么时候发货", "Where is my order A1001"] {
            assert!(mood(text).abs() <= 0.3, "{text}: {}", mood(text));
        }
    }
}
