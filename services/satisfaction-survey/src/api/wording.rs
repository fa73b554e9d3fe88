//! The words of the survey's page, in the three languages there are texts in.

use kefu_contracts::Language;

/// Everything the page says beside the levels of satisfaction.
#[derive(Debug)]
pub(super) struct Words {
    /// The language's tag.
    pub(super) tag: &'static str,
    pub(super) title: &'static str,
    pub(super) how_satisfied: &'static str,
    pub(super) is_solved: &'static str,
    pub(super) yes: &'static str,
    pub(super) no: &'static str,
    pub(super) what_matters: &'static str,
    /// `{n}` is the place.
    pub(super) place: &'static str,
    pub(super) nothing: &'static str,
    pub(super) comment: &'static str,
    pub(super) send: &'static str,
    pub(super) thanks: &'static str,
    pub(super) forged: &'static str,
    pub(super) expired: &'static str,
    pub(super) answered: &'static str,
    pub(super) not_asked: &'static str,
    pub(super) incomplete: &'static str,
    pub(super) later: &'static str,
}

const ZH_HANS: Words = Words {
    tag: "zh-Hans",
    title: "满意度调查",
    how_satisfied: "您对这次服务满意吗?",
    is_solved: "您的问题解决了吗?",
    yes: "已解决",
    no: "没有解决",
    what_matters: "您最看重哪些方面?(可不填)",
    place: "第 {n} 重要",
    nothing: "不选",
    comment: "您还有什么想告诉我们的?(可不填)",
    send: "提交",
    thanks: "谢谢,我们已收到您的评价。",
    forged: "链接无效。请使用收到的原链接。",
    expired: "调查已结束,不能再填写。您可以直接联系我们。",
    answered: "您已经评价过了,谢谢。",
    not_asked: "现在不能评价这次服务。",
    incomplete: "请检查您的填写:需要选一个满意程度,每个方面只能选一次。",
    later: "暂时无法提交,请稍后再试。",
};

const ZH_HANT: Words = Words {
    tag: "zh-Hant",
    title: "滿意度調查",
    how_satisfied: "您對這次服務滿意嗎?",
    is_solved: "您的問題解決了嗎?",
    yes: "已解決",
    no: "沒有解決",
    what_matters: "您最看重哪些方面?(可不填)",
    place: "第 {n} 重要",
    nothing: "不選",
    comment: "您還有什麼想告訴我們的?(可不填)",
    send: "送出",
    thanks: "謝謝,我們已收到您的評價。",
    forged: "連結無效。請使用收到的原連結。",
    expired: "調查已結束,不能再填寫。您可以直接聯絡我們。",
    answered: "您已經評價過了,謝謝。",
    not_asked: "現在不能評價這次服務。",
    incomplete: "請檢查您的填寫:需要選一個滿意程度,每個方面只能選一次。",
    later: "暫時無法送出,請稍後再試。",
};

const EN: Words = Words {
    tag: "en",
    title: "How did we do?",
    how_satisfied: "How satisfied are you with our service?",
    is_solved: "Is your problem solved?",
    yes: "yes",
    no: "no",
    what_matters: "What matters most to you? (optional)",
    place: "number {n}",
    nothing: "nothing",
    comment: "Is there anything else you want to tell us? (optional)",
    send: "Send",
    thanks: "Thank you, we have received your answer.",
    forged: "This link is not valid. Please use the link as we sent it.",
    expired: "This survey has ended. You are welcome to write to us instead.",
    answered: "You have answered already, thank you.",
    not_asked: "This service cannot be rated now.",
    incomplete: "Please look at your answer again: choose one level, and each thing that matters once.",
    later: "Your answer could not be taken just now. Please try again in a moment.",
};

impl Words {
    /// The words in a language; others get the English ones.
    pub(super) fn in_language(language: Language) -> &'static Words {
        match language {
            Language::ZhHans => &ZH_HANS,
            Language::ZhHant => &ZH_HANT,
            Language::En | Language::Other => &EN,
        }
    }
}

/// A factor by its name in policies; one that a shop made up is shown as it is.
pub(super) fn factor(name: &str, language: Language) -> &str {
    let known = match name {
        "speed" => ("响应速度", "回應速度", "speed"),
        "solved" => ("问题得到解决", "問題得到解決", "that it is solved"),
        "politeness" => ("服务态度", "服務態度", "politeness"),
        "knowledge" => ("专业知识", "專業知識", "knowledge"),
        "effort" => ("省心省力", "省心省力", "little effort for me"),
        other => return other,
    };
    match language {
        Language::ZhHans => known.0,
        Language::ZhHant => known.1,
        Language::En | Language::Other => known.2,
    }
}
