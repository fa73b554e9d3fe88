//! The customer's mood: words that please or grieve, and what the model makes of the whole.

use kefu_contracts::Category;

use crate::model::labels::{COUNT, LABELS};
use crate::model::mood::Mood;

/// The mood of a text, -1 to 1 in hundredths: what its words say, and what `probabilities`, the model's by label, mean.
pub fn sentiment(mood: Mood, probabilities: &[f32; COUNT]) -> f64 {
    let (pleased, grieved) = (f64::from(mood.pleased), f64::from(mood.grieved));
    let of = |category: Category| -> f64 {
        let labelled = LABELS.iter().zip(probabilities).filter(|(label, _)| label.category == category);
        labelled.map(|(_, probability)| f64::from(*probability)).sum()
    };
    let said = (pleased - grieved) / (pleased + grieved + 1.0);
    let meant = of(Category::Praise) - of(Category::Complaint);
    ((said * 0.7 + meant * 0.5).clamp(-1.0, 1.0) * 100.0).round() / 100.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    use crate::model::reading::Reading;

    #[test]
    fn moods_of_short_texts() {
        let mood = |text: &str| {
            let reading = Reading::of(text);
            sentiment(reading.mood, &Model::standard().probabilities(&reading).unwrap())
        };
        for text in ["非常满意,谢谢", "很喜歡,會再回購", "I love it, great quality", "一点都不贵,好用"]
        {
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
