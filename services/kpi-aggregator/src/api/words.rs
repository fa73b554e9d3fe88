//! The words of the board in three languages.

use kefu_contracts::Language;
use kefu_text::language::of_tag;

/// Everything the board says.
#[derive(Debug)]
pub(super) struct Words {
    /// The language's tag.
    pub(super) tag: &'static str,
    pub(super) title: &'static str,
    pub(super) as_of: &'static str,
    pub(super) backlog: &'static str,
    pub(super) by_category: &'static str,
    pub(super) by_channel: &'static str,
    pub(super) cases: &'static str,
    pub(super) opened: &'static str,
    pub(super) resolved: &'static str,
    pub(super) closed: &'static str,
    pub(super) reopened: &'static str,
    pub(super) complaints: &'static str,
    pub(super) sla: &'static str,
    pub(super) clock: &'static str,
    pub(super) in_time: &'static str,
    pub(super) breached: &'static str,
    pub(super) attained: &'static str,
    pub(super) satisfaction: &'static str,
    pub(super) csat: &'static str,
    pub(super) sent: &'static str,
    pub(super) answered: &'static str,
    pub(super) response_rate: &'static str,
    pub(super) handovers: &'static str,
    pub(super) due: &'static str,
    pub(super) on_time: &'static str,
    pub(super) late: &'static str,
    pub(super) skipped: &'static str,
    pub(super) unclassified: &'static str,
    pub(super) by_hour: &'static str,
    pub(super) by_day: &'static str,
    pub(super) nothing: &'static str,
    pub(super) earlier: &'static str,
    pub(super) later: &'static str,
    pub(super) key: &'static str,
    pub(super) show: &'static str,
    pub(super) unknown_key: &'static str,
}

const ZH_HANS: Words = Words {
    tag: "zh-Hans",
    title: "客服主管看板",
    as_of: "截至",
    backlog: "待处理个案",
    by_category: "按类别",
    by_channel: "按渠道",
    cases: "当日个案",
    opened: "新开",
    resolved: "已解决",
    closed: "已关闭",
    reopened: "重开",
    complaints: "投诉",
    sla: "时限达成",
    clock: "时限",
    in_time: "按时",
    breached: "超时",
    attained: "达成率",
    satisfaction: "满意度",
    csat: "满意率",
    sent: "已发调查",
    answered: "已答",
    response_rate: "回复率",
    handovers: "交接班",
    due: "应交接",
    on_time: "按时",
    late: "迟交",
    skipped: "未交",
    unclassified: "未分类",
    by_hour: "每小时新开与解决的个案",
    by_day: "每天新开与解决的个案",
    nothing: "暂无",
    earlier: "前一天",
    later: "后一天",
    key: "密钥",
    show: "进入看板",
    unknown_key: "密钥无效,或没有 read 或 supervisor 权限。",
};

const ZH_HANT: Words = Words {
    tag: "zh-Hant",
    title: "客服主管看板",
    as_of: "截至",
    backlog: "待處理個案",
    by_category: "按類別",
    by_channel: "按渠道",
    cases: "當日個案",
    opened: "新開",
    resolved: "已解決",
    closed: "已關閉",
    reopened: "重開",
    complaints: "投訴",
    sla: "時限達成",
    clock: "時限",
    in_time: "按時",
    breached: "逾時",
    attained: "達成率",
    satisfaction: "滿意度",
    csat: "滿意率",
    sent: "已發調查",
    answered: "已答",
    response_rate: "回覆率",
    handovers: "交接班",
    due: "應交接",
    on_time: "按時",
    late: "遲交",
    skipped: "未交",
    unclassified: "未分類",
    by_hour: "每小時新開與解決的個案",
    by_day: "每天新開與解決的個案",
    nothing: "暫無",
    earlier: "前一天",
    later: "後一天",
    key: "金鑰",
    show: "進入看板",
    unknown_key: "金鑰無效,或沒有 read 或 supervisor 權限。",
};

const EN: Words = Words {
    tag: "en",
    title: "Supervisor board",
    as_of: "as of",
    backlog: "Open cases",
    by_category: "by category",
    by_channel: "by channel",
    cases: "Cases of the day",
    opened: "opened",
    resolved: "resolved",
    closed: "closed",
    reopened: "reopened",
    complaints: "complaints",
    sla: "SLA attainment",
    clock: "clock",
    in_time: "in time",
    breached: "breached",
    attained: "attained",
    satisfaction: "Satisfaction",
    csat: "CSAT",
    sent: "surveys sent",
    answered: "answered",
    response_rate: "response rate",
    handovers: "Shift handovers",
    due: "due",
    on_time: "on time",
    late: "late",
    skipped: "skipped",
    unclassified: "not classified",
    by_hour: "Cases opened and resolved in each hour",
    by_day: "Cases opened and resolved on each day",
    nothing: "nothing yet",
    earlier: "day before",
    later: "day after",
    key: "Key",
    show: "Show the board",
    unknown_key: "The key is not known, or lacks the scope read or supervisor.",
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

/// Names of categories, channels and clocks: word, simplified, traditional, English.
const NAMES: &[(&str, &str, &str, &str)] = &[
    ("inquiry", "咨询", "諮詢", "inquiry"),
    ("complaint", "投诉", "投訴", "complaint"),
    ("after_sales", "售后", "售後", "after-sales"),
    ("suggestion", "建议", "建議", "suggestion"),
    ("praise", "表扬", "表揚", "praise"),
    ("other", "其他", "其他", "other"),
    ("chat", "在线聊天", "線上聊天", "chat"),
    ("phone", "电话", "電話", "phone"),
    ("email", "邮件", "郵件", "e-mail"),
    ("social", "社交媒体", "社群媒體", "social media"),
    ("video", "视频", "視訊", "video"),
    ("web_form", "网页表单", "網頁表單", "web form"),
    ("review", "商品评价", "商品評價", "product review"),
    ("letter", "信件", "信件", "letter"),
    ("visit", "来访", "來訪", "visit"),
    ("regulator", "监管转办", "監管轉辦", "regulator"),
    ("acknowledge", "受理回执", "受理回執", "acknowledgement"),
    ("first_reply", "首次回复", "首次回覆", "first reply"),
    ("next_reply", "后续回复", "後續回覆", "next reply"),
    ("periodic_update", "定期告知", "定期告知", "periodic update"),
    ("requester_wait", "客户等待", "客戶等待", "requester wait"),
    ("agent_work", "客服处理", "客服處理", "agent work"),
    ("resolution", "解决", "解決", "resolution"),
    ("promised", "承诺时间", "承諾時間", "promised time"),
];

/// A category, channel or clock by its word; one that is not known is shown as it is.
pub fn name(word: &str, language: Language) -> &str {
    let Some((_, zh_hans, zh_hant, en)) = NAMES.iter().find(|(known, ..)| *known == word) else { return word };
    match language {
        Language::ZhHans => zh_hans,
        Language::ZhHant => zh_hant,
        Language::En | Language::Other => en,
    }
}

/// The language of `?lang=`, else the first of `Accept-Language` that there are words in, else English.
pub(super) fn language(asked: Option<&str>, accepted: Option<&str>) -> Language {
    if let Some(language) = asked.and_then(of_tag) {
        return language;
    }
    let accepted = accepted.unwrap_or_default().split(',');
    accepted.filter_map(|tag| of_tag(tag.split(';').next()?.trim())).next().unwrap_or(Language::En)
}

#[cfg(test)]
mod tests {
    use kefu_contracts::{Category, Channel, Metric};

    use super::*;

    #[test]
    fn the_browsers_first_known_language_is_taken() {
        for (asked, accepted, wanted) in [
            (None, None, Language::En),
            (None, Some("fr-FR,zh-TW;q=0.9,en;q=0.8"), Language::ZhHant),
            (None, Some("zh-CN"), Language::ZhHans),
            (None, Some("fr, zh-HK ;q=0.8"), Language::ZhHant),
            (Some("en"), Some("zh-CN"), Language::En),
            (Some("xx"), Some("zh-Hant-HK"), Language::ZhHant),
        ] {
            assert_eq!(language(asked, accepted), wanted, "{asked:?} {accepted:?}");
        }
    }

    #[test]
    fn every_word_has_its_names() {
        let words = Category::ALL.iter().map(|word| word.as_str());
        let words = words.chain(Channel::ALL.iter().map(|word| word.as_str()));
        for word in words.chain(Metric::ALL.iter().map(|word| word.as_str())) {
            assert!(NAMES.iter().any(|(known, ..)| *known == word), "{word}");
        }
    }
}
