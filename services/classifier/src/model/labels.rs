//! What a case can be about: every pair of category and subtype, in a fixed order.

use kefu_contracts::{Category, Subtype};

/// A category with one of its subtypes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// The category.
    pub category: Category,
    /// The subtype, which belongs to it.
    pub subtype: Subtype,
}

const fn label(category: Category, subtype: Subtype) -> Label {
    Label { category, subtype }
}

/// How many labels there are.
pub const COUNT: usize = 23;

/// Every label; a model's scores come in this order.
pub const LABELS: [Label; COUNT] = [
    label(Category::Inquiry, Subtype::ProductInfo),
    label(Category::Inquiry, Subtype::OrderStatus),
    label(Category::Inquiry, Subtype::OrderManagement),
    label(Category::Inquiry, Subtype::Payment),
    label(Category::Inquiry, Subtype::Logistics),
    label(Category::Inquiry, Subtype::Account),
    label(Category::Inquiry, Subtype::Invoice),
    label(Category::Inquiry, Subtype::Promotion),
    label(Category::Inquiry, Subtype::AfterSalesPolicy),
    label(Category::Inquiry, Subtype::HumanAgent),
    label(Category::Complaint, Subtype::Quality),
    label(Category::Complaint, Subtype::Service),
    label(Category::Complaint, Subtype::Logistics),
    label(Category::Complaint, Subtype::Price),
    label(Category::Complaint, Subtype::Fraud),
    label(Category::AfterSales, Subtype::Return),
    label(Category::AfterSales, Subtype::Exchange),
    label(Category::AfterSales, Subtype::Refund),
    label(Category::AfterSales, Subtype::Repair),
    label(Category::Suggestion, Subtype::Feedback),
    label(Category::Praise, Subtype::General),
    label(Category::Other, Subtype::Chitchat),
    label(Category::Other, Subtype::Spam),
];

impl Label {
    /// Its place in [`LABELS`].
    pub fn index(self) -> Option<usize> {
        LABELS.iter().position(|label| *label == self)
    }

    /// The label written `category/subtype`.
    pub fn parse(text: &str) -> Option<Label> {
        let (category, subtype) = text.split_once('/')?;
        let label = Label { category: category.parse().ok()?, subtype: subtype.parse().ok()? };
        label.index().map(|_| label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_the_vocabulary_is_a_label() {
        let mut pairs = 0;
        for category in Category::ALL {
            for subtype in Subtype::ALL.iter().filter(|subtype| subtype.belongs_to(*category)) {
                pairs += 1;
                let written = format!("{category}/{subtype}");
                assert_eq!(Label::parse(&written), Some(label(*category, *subtype)), "{written}");
            }
        }
        assert_eq!(pairs, COUNT);
        assert_eq!(Label::parse("praise/refund"), None);
    }
}
