//! What the customer is told of an after-sales decision, in three languages.
//!
//! Owns the words for the reasons that the shop's policy gives; what people write as a reason is passed on as it is.

use kefu_contracts::{AfterSalesKind, AfterSalesReason, Language};

use super::event::AfterSalesDecision;

/// The same in Simplified and Traditional Chinese and English.
type Words = [&'static str; 3];

/// The whole message: what was decided, why, and what happens next.
pub fn text(decision: &AfterSalesDecision, language: Language) -> String {
    let granted = if decision.eligible { GRANTED } else { REFUSED };
    let [before, between, after] = granted.map(|words| language.pick(words));
    let mut text = format!("{before}{}{between}{}{after}", decision.order_id, kind(decision.kind, language));
    let said = decision.reasons.iter().map(|reason| {
        let known = reason.parse().ok().map(|reason| language.pick(words(reason)));
        known.unwrap_or(reason)
    });
    for reason in said.filter(|reason| !reason.is_empty()) {
        text.push_str(language.pick(SPACE));
        text.push_str(reason);
    }
    for (number, step) in (1..).zip(&decision.steps) {
        text.push_str(&format!("\n{number}. {step}"));
    }
    text
}

const SPACE: Words = ["", "", " "];
const GRANTED: [Words; 3] = [
    ["订单 ", "訂單 ", "For order "],
    [" 的", " 的", " your request for "],
    ["申请已通过。", "申請已通過。", " is granted."],
];
const REFUSED: [Words; 3] = [
    ["订单 ", "訂單 ", "For order "],
    [" 的", " 的", " your request for "],
    [
        "申请暂不符合售后政策,如有疑问请回复,我们的同事会再核实。",
        "申請暫不符合售後政策,如有疑問請回覆,我們的同事會再核實。",
        " does not meet our policy. If you think otherwise, please reply, and a colleague will look into it.",
    ],
];

fn kind(kind: AfterSalesKind, language: Language) -> &'static str {
    let words = match kind {
        AfterSalesKind::Return => ["退货", "退貨", "a return"],
        AfterSalesKind::Exchange => ["换货", "換貨", "an exchange"],
        AfterSalesKind::Refund => ["退款", "退款", "a refund"],
        AfterSalesKind::Repair => ["维修", "維修", "a repair"],
    };
    language.pick(words)
}

fn words(reason: AfterSalesReason) -> Words {
    use AfterSalesReason as R;
    match reason {
        R::WithinPolicy => ["", "", ""],
        R::FreightBuyer => ["寄回运费由您承担。", "寄回運費由您承擔。", "You pay for sending it back."],
        R::FreightSeller => ["寄回运费由我们承担。", "寄回運費由我們承擔。", "We pay for sending it back."],
        R::OrderUnknown => ["没有查到该订单。", "沒有查到該訂單。", "We could not find the order."],
        R::ItemUnknown => ["订单中没有所填商品。", "訂單中沒有所填商品。", "The article is not part of the order."],
        R::NotOffered => ["暂不提供此项服务。", "暫不提供此項服務。", "We do not offer this."],
        R::NotYet => {
            ["订单尚未到可申请的状态。", "訂單尚未到可申請的狀態。", "The order has not come to that point yet."]
        }
        R::PeriodOver => ["已超过申请期限。", "已超過申請期限。", "The period for it is over."],
        R::CategoryExcepted => {
            ["该类商品不在此范围内。", "該類商品不在此範圍內。", "It is not offered for this kind of article."]
        }
        R::ConditionRefused => {
            ["商品状况不符合要求。", "商品狀況不符合要求。", "The condition of the article does not allow it."]
        }
        R::ConditionUnknown => ["请说明商品状况。", "請說明商品狀況。", "Please tell us the condition of the article."],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(eligible: bool, reasons: &[&str], steps: &[&str]) -> AfterSalesDecision {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        AfterSalesDecision {
            order_id: "A1".to_owned(),
            kind: AfterSalesKind::Return,
            eligible,
            reasons: owned(reasons),
            steps: owned(steps),
            policy_version: 1,
        }
    }

    #[test]
    fn a_decision_says_what_why_and_what_happens_next() {
        let granted = decision(true, &["within_policy", "freight_seller"], &["pack it", "send it"]);
        assert_eq!(
            text(&granted, Language::En),
            "For order A1 your request for a return is granted. We pay for sending it back.\n1. pack it\n2. send it"
        );
        assert_eq!(
            text(&granted, Language::ZhHant),
            "訂單 A1 的退貨申請已通過。寄回運費由我們承擔。\n1. pack it\n2. send it"
        );
        let refused = decision(false, &["period_over", "see my note"], &[]);
        assert!(text(&refused, Language::ZhHans).ends_with("核实。已超过申请期限。see my note"));
    }

    #[test]
    fn each_reason_has_words_in_each_language() {
        for reason in AfterSalesReason::ALL {
            let [zh_hans, zh_hant, en] = words(*reason);
            let is_said = *reason != AfterSalesReason::WithinPolicy;
            assert!([zh_hans, zh_hant, en].iter().all(|words| words.is_empty() != is_said), "{reason}");
        }
    }
}
