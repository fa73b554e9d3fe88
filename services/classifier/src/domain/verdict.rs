//! The verdict on a case: a pure function of what its customer said and of its standing.

use kefu_contracts::classification::{Alternative, Classification, ExtractedFact};
use kefu_contracts::priority::{Standing, priority};
use kefu_contracts::{Category, Channel, Language, Priority, Severity, Subtype, Timestamp};
use kefu_text::{facts, language};
use serde::{Deserialize, Serialize};

use super::sentiment::sentiment;
use super::severity::{Heard, reports_harm, severity};
use crate::model::Model;
use crate::model::labels::{COUNT, LABELS, Label};
use crate::model::reading::Reading;

/// How many other labels a verdict names.
const ALTERNATIVES: usize = 3;

/// What is known of a case at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    /// What the customer said so far.
    pub text: String,
    /// Where it came in.
    pub channel: Channel,
    /// The customer's rank.
    pub tier: Option<String>,
    /// Whether it is flagged important.
    pub important: bool,
    /// The rating of the review that it began with, 1 to 5.
    pub rating: Option<i64>,
}

/// What the classifier says of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The category; absent if there is no text.
    pub category: Option<Category>,
    /// The subtype; absent if there is no text.
    pub subtype: Option<Subtype>,
    /// How sure, 0 to 1.
    pub confidence: f64,
    /// What else it could be, the likeliest first.
    pub alternatives: Vec<Alternative>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// What is done first.
    pub priority: Priority,
    /// The mood, -1 to 1.
    pub sentiment: f64,
    /// The text's language.
    pub language: Language,
    /// What was found in the text.
    pub facts: Vec<ExtractedFact>,
    /// Names of the rules that spoke.
    pub rules: Vec<String>,
}

/// The verdict on a case in `situation`.
pub fn verdict(situation: &Situation, model: &Model) -> Verdict {
    let text = situation.text.as_str();
    let reading = Reading::of(text);
    let Some(mut probabilities) = model.probabilities(&reading) else { return without_text(situation) };
    let mut rules = weigh_rating(&mut probabilities, situation);
    let heard = Heard::of(text);
    let meant = likeliest(&probabilities);
    let (mut severity_found, mut names) = severity(heard, meant, situation.channel);
    if reports_harm(&names) && !matches!(meant.category, Category::Complaint) {
        // harm done is a complaint, even if the customer only asks what to do
        keep_complaints(&mut probabilities);
        rules.push("harm");
        (severity_found, names) = severity(heard, likeliest(&probabilities), situation.channel);
    }
    rules.extend(names);
    let ranking = ranked(&probabilities);
    let (label, confidence) = ranking.first().copied().unwrap_or((LABELS[0], 0.0));
    let standing = Standing {
        severity: severity_found,
        channel: situation.channel,
        tier: situation.tier.as_deref(),
        important: situation.important,
        category: Some(label.category),
    };
    Verdict {
        category: Some(label.category),
        subtype: Some(label.subtype),
        confidence: rounded(confidence),
        alternatives: ranking.iter().skip(1).take(ALTERNATIVES).map(alternative).collect(),
        severity: severity_found,
        priority: priority(standing),
        sentiment: sentiment(reading.mood, &probabilities),
        language: language::detect(text),
        facts: facts::extract(text),
        rules: rules.into_iter().map(str::to_owned).collect(),
    }
}

/// Without words there is a standing, but nothing that it is about.
fn without_text(situation: &Situation) -> Verdict {
    let severity = (situation.channel == Channel::Regulator).then_some(Severity::Major);
    let standing = Standing {
        severity,
        channel: situation.channel,
        tier: situation.tier.as_deref(),
        important: situation.important,
        category: None,
    };
    Verdict {
        category: None,
        subtype: None,
        confidence: 0.0,
        alternatives: Vec::new(),
        severity,
        priority: priority(standing),
        sentiment: 0.0,
        language: language::detect(&situation.text),
        facts: facts::extract(&situation.text),
        rules: severity.iter().map(|_| "regulator".to_owned()).collect(),
    }
}

/// A review tells how it is meant: stars speak against what does not fit them.
fn weigh_rating(probabilities: &mut [f32; COUNT], situation: &Situation) -> Vec<&'static str> {
    let fitting = match situation.rating {
        Some(1 | 2) => Category::Complaint,
        Some(4 | 5) => Category::Praise,
        _ => return Vec::new(),
    };
    for (label, probability) in LABELS.iter().zip(probabilities.iter_mut()) {
        *probability *= match label.category {
            category if category == fitting => 1.0,
            Category::Suggestion | Category::AfterSales => 0.3,
            _ => 0.05,
        };
    }
    normalise(probabilities);
    vec!["rating"]
}

fn keep_complaints(probabilities: &mut [f32; COUNT]) {
    for (label, probability) in LABELS.iter().zip(probabilities.iter_mut()) {
        if label.category != Category::Complaint {
            *probability *= 0.001;
        } else if label.subtype == Subtype::Quality {
            // what does harm is a matter of quality unless the text speaks for another
            *probability += 0.05;
        }
    }
    normalise(probabilities);
}

fn normalise(probabilities: &mut [f32; COUNT]) {
    let total: f32 = probabilities.iter().sum();
    if total > 0.0 {
        probabilities.iter_mut().for_each(|probability| *probability /= total);
    }
}

/// The label that [`ranked`] puts first.
fn likeliest(probabilities: &[f32; COUNT]) -> Label {
    let mut best = (LABELS[0], probabilities[0]);
    for (label, probability) in LABELS.into_iter().zip(*probabilities) {
        if probability.total_cmp(&best.1).is_gt() {
            best = (label, probability);
        }
    }
    best.0
}

/// Labels by probability, the likeliest first; equal ones in the order of [`LABELS`].
fn ranked(probabilities: &[f32; COUNT]) -> Vec<(Label, f32)> {
    let mut ranking: Vec<(Label, f32)> = LABELS.iter().copied().zip(probabilities.iter().copied()).collect();
    ranking.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranking
}

fn alternative((label, confidence): &(Label, f32)) -> Alternative {
    Alternative { category: label.category, subtype: label.subtype, confidence: rounded(*confidence) }
}

/// Four places are all that a probability is worth.
fn rounded(probability: f32) -> f64 {
    (f64::from(probability) * 10_000.0).round() / 10_000.0
}

impl Verdict {
    /// The verdict as it is told.
    pub fn told(&self, tenant: &str, case_id: &str, at: Timestamp, model: &Model, revision: i64) -> Classification {
        Classification {
            case_id: case_id.to_owned(),
            tenant: tenant.to_owned(),
            at,
            category: self.category,
            subtype: self.subtype,
            confidence: self.confidence,
            alternatives: self.alternatives.clone(),
            severity: self.severity,
            priority: self.priority,
            sentiment: self.sentiment,
            language: self.language,
            facts: self.facts.clone(),
            rules: self.rules.clone(),
            model_version: model.version.clone(),
            revision,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(text: &str) -> Situation {
        Situation { text: text.into(), channel: Channel::Chat, tier: None, important: false, rating: None }
    }

    #[test]
    fn cases_of_every_kind() {
        use Priority::{High, Low, Normal, Urgent};
        for (text, about, severity, priority) in [
            ("衣服收到有破洞,訂單 A1001,我要退貨", "complaint/quality", "major", High),
            ("What is your return policy?", "inquiry/after_sales_policy", "-", Normal),
            ("我要退货,不喜欢这个颜色", "after_sales/return", "minor", Normal),
            ("买完第二天就降价了,帮我退差价", "after_sales/refund", "minor", Normal),
            ("显示签收了但是我没有收到", "complaint/logistics", "major", High),
            ("取消訂單,地址寫錯了", "inquiry/order_management", "-", Normal),
            ("转人工", "inquiry/human_agent", "-", Normal),
            ("充电宝突然着火了,把桌子烧了,怎么办", "complaint/quality", "critical", Urgent),
            ("你们卖假货,我要打12315", "complaint/fraud", "critical", Urgent),
            ("服务很好,非常满意", "praise/general", "-", Low),
            ("建议你们增加夜间客服", "suggestion/feedback", "-", Low),
            ("hello", "other/chitchat", "-", Normal),
        ] {
            let verdict = verdict(&said(text), Model::standard());
            let label = Label { category: verdict.category.unwrap(), subtype: verdict.subtype.unwrap() };
            let found = verdict.severity.map_or("-", Severity::as_str);
            assert_eq!((label, found, verdict.priority), (Label::parse(about).unwrap(), severity, priority), "{text}");
            assert!(verdict.confidence > 0.0 && verdict.confidence <= 1.0);
            assert_eq!(verdict.alternatives.len(), ALTERNATIVES);
        }
    }

    #[test]
    fn a_case_without_text_has_a_standing_only() {
        let silent = verdict(&Situation { tier: Some("vip".into()), ..said(" 。") }, Model::standard());
        assert_eq!((silent.category, silent.subtype, silent.confidence), (None, None, 0.0));
        assert_eq!((silent.priority, silent.language), (Priority::High, Language::Other));
        let forwarded = verdict(&Situation { channel: Channel::Regulator, ..said("") }, Model::standard());
        assert_eq!((forwarded.priority, forwarded.severity), (Priority::Urgent, Some(Severity::Major)));
    }

    #[test]
    fn stars_tell_how_a_review_is_meant() {
        let review = |rating| verdict(&Situation { rating: Some(rating), ..said("用了一个月了") }, Model::standard());
        assert_eq!(review(1).category, Some(Category::Complaint));
        assert_eq!(review(5).category, Some(Category::Praise));
        assert_eq!(review(1).rules, ["rating"]);
    }

    #[test]
    fn facts_and_language_come_with_it() {
        let verdict = verdict(&said("衣服收到有破洞,訂單 A1001,我要退貨"), Model::standard());
        assert_eq!(verdict.language, Language::ZhHant);
        assert_eq!(verdict.facts.iter().map(|fact| fact.value.as_str()).collect::<Vec<_>>(), ["A1001"]);
    }

    proptest! {
        #[test]
        fn the_likeliest_label_is_ranked_first(tenths in prop::array::uniform23(0u8..4)) {
            let probabilities = tenths.map(|tenth| f32::from(tenth) / 10.0);
            prop_assert_eq!(likeliest(&probabilities), ranked(&probabilities)[0].0);
        }
    }
}
