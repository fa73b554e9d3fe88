//! What is done first: the rule that the classifier's verdict and a case follow alike.
//!
//! What staff set stands above it; that is the case's matter.

use crate::{Category, Channel, Priority, Severity};

/// The tier whose customers come early.
const VIP: &str = "vip";

/// What decides the priority of a case.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// How bad it is; a matter of safety is critical.
    pub severity: Option<Severity>,
    /// Where it came in.
    pub channel: Channel,
    /// The customer's rank.
    pub tier: Option<&'a str>,
    /// Whether it is flagged important.
    pub important: bool,
    /// What it is about.
    pub category: Option<Category>,
}

/// The first rule that matches: urgent if critical or from a regulator; high if major, from an important customer or
/// flagged; low if praise or a suggestion; else normal.
pub fn priority(case: Standing<'_>) -> Priority {
    if case.severity == Some(Severity::Critical) || case.channel == Channel::Regulator {
        Priority::Urgent
    } else if case.severity == Some(Severity::Major)
        || case.tier.is_some_and(|tier| tier.eq_ignore_ascii_case(VIP))
        || case.important
    {
        Priority::High
    } else if matches!(case.category, Some(Category::Praise | Category::Suggestion)) {
        Priority::Low
    } else {
        Priority::Normal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_matches_counts() {
        use Priority::{High, Low, Normal, Urgent};
        let calm = Standing {
            severity: None,
            channel: Channel::Chat,
            tier: None,
            important: false,
            category: Some(Category::Inquiry),
        };
        let praise = Standing { category: Some(Category::Praise), ..calm };
        for (case, expected) in [
            (calm, Normal),
            (praise, Low),
            (Standing { category: Some(Category::Suggestion), ..calm }, Low),
            (Standing { severity: Some(Severity::Minor), ..calm }, Normal),
            (Standing { severity: Some(Severity::Major), ..calm }, High),
            (Standing { severity: Some(Severity::Critical), ..praise }, Urgent),
            (Standing { channel: Channel::Regulator, ..praise }, Urgent),
            (Standing { tier: Some("VIP"), ..praise }, High),
            (Standing { tier: Some("gold"), ..praise }, Low),
            (Standing { important: true, ..calm }, High),
            (Standing { category: None, ..calm }, Normal),
        ] {
            assert_eq!(priority(case), expected, "{case:?}");
        }
    }
}
