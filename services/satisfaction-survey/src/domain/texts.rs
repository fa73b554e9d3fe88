//! What is written to customers, in the three languages there are texts in.

use kefu_contracts::Language;

/// A text in each language; others get the English one.
struct Wording {
    zh_hans: &'static str,
    zh_hant: &'static str,
    en: &'static str,
}

impl Wording {
    fn in_language(&self, language: Language) -> &'static str {
        match language {
            Language::ZhHans => self.zh_hans,
            Language::ZhHant => self.zh_hant,
            Language::En | Language::Other => self.en,
        }
    }
}

const SUBJECT: Wording = Wording {
    zh_hans: "您对我们的服务满意吗?",
    zh_hant: "您對我們的服務滿意嗎?",
    en: "How satisfied are you with our service?",
};

const INVITATION: Wording = Wording {
    zh_hans: "您咨询的问题已处理完毕。请花一分钟评价我们的服务,并告诉我们问题是否已经解决。",
    zh_hant: "您諮詢的問題已處理完畢。請花一分鐘評價我們的服務,並告訴我們問題是否已經解決。",
    en: "We have finished working on your request. Please take a minute to rate our service and to tell us whether \
         your problem is solved.",
};

const REMINDER: Wording = Wording {
    zh_hans: "您还没有评价我们的服务。您的意见能帮助我们改进,只需一分钟。",
    zh_hant: "您還沒有評價我們的服務。您的意見能幫助我們改進,只需一分鐘。",
    en: "You have not rated our service yet. Your opinion helps us to improve, and it takes only a minute.",
};

const CARE_SUBJECT: Wording = Wording {
    zh_hans: "您的订单一切都好吗?",
    zh_hant: "您的訂單一切都好嗎?",
    en: "Is everything all right with your order?",
};

const CARE: Wording = Wording {
    zh_hans: "您的订单 {order} 已经送达。希望您满意!如有任何问题,请直接回复,我们很乐意帮忙。",
    zh_hant: "您的訂單 {order} 已經送達。希望您滿意!如有任何問題,請直接回覆,我們很樂意幫忙。",
    en: "Your order {order} has arrived. We hope you like it. If anything is not as it should be, just reply: we are \
         glad to help.",
};

/// The five levels, from 5 down to 1.
const LEVELS: [Wording; 5] = [
    Wording { zh_hans: "高度满意", zh_hant: "高度滿意", en: "very satisfied" },
    Wording { zh_hans: "一般满意", zh_hant: "一般滿意", en: "satisfied" },
    Wording { zh_hans: "无意见", zh_hant: "無意見", en: "no opinion" },
    Wording { zh_hans: "有些不满意", zh_hant: "有些不滿意", en: "somewhat dissatisfied" },
    Wording { zh_hans: "极不满意", zh_hant: "極不滿意", en: "very dissatisfied" },
];

/// The subject of a mail with an invitation or a reminder.
pub fn subject(language: Language) -> &'static str {
    SUBJECT.in_language(language)
}

/// The invitation to a survey.
pub fn invitation(language: Language) -> &'static str {
    INVITATION.in_language(language)
}

/// The reminder of a survey.
pub fn reminder(language: Language) -> &'static str {
    REMINDER.in_language(language)
}

/// The subject of a mail of care.
pub fn care_subject(language: Language) -> &'static str {
    CARE_SUBJECT.in_language(language)
}

/// The message of care about an order.
pub fn care(order_id: &str, language: Language) -> String {
    CARE.in_language(language).replace("{order}", order_id)
}

/// The scores and what they are called, from 5 down to 1.
pub fn levels(language: Language) -> impl Iterator<Item = (i64, &'static str)> {
    (1..=5).rev().zip(LEVELS.iter().map(move |level| level.in_language(language)))
}
