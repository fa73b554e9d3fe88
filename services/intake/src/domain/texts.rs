//! What intake writes to customers, in three languages.

use kefu_contracts::{Language, Status};

use super::missing;

/// A text in the languages there are.
struct Text {
    zh_hans: &'static str,
    zh_hant: &'static str,
    en: &'static str,
}

impl Text {
    fn in_language(&self, language: Language) -> &'static str {
        match language {
            Language::ZhHans => self.zh_hans,
            Language::ZhHant => self.zh_hant,
            Language::En | Language::Other => self.en,
        }
    }
}

const ACKNOWLEDGEMENT: Text = Text {
    zh_hans: "您好,您的消息我们已经收到,客服会尽快回复您。",
    zh_hant: "您好,您的訊息我們已經收到,客服會儘快回覆您。",
    en: "Hello, we have received your message and will reply as soon as we can.",
};

const OPEN: Text = Text {
    zh_hans: "您的问题正在处理中,有进展我们会马上告诉您。",
    zh_hant: "您的問題正在處理中,有進展我們會馬上告訴您。",
    en: "We are working on your request and will tell you as soon as there is news.",
};

const PENDING_CUSTOMER: Text = Text {
    zh_hans: "我们需要您补充一些信息才能继续处理,收到后会马上跟进。",
    zh_hant: "我們需要您補充一些資料才能繼續處理,收到後會馬上跟進。",
    en: "We need some more information from you before we can go on.",
};

const PENDING_DEPARTMENT: Text = Text {
    zh_hans: "您的问题已转给相关部门,有结果我们会通知您。",
    zh_hant: "您的問題已轉給相關部門,有結果我們會通知您。",
    en: "We have passed your request to the department in charge and will tell you what it answers.",
};

const RESOLVED: Text = Text {
    zh_hans: "您的问题已经处理完毕。如果还没有解决,请直接回复我们。",
    zh_hant: "您的問題已經處理完畢。如果還沒有解決,請直接回覆我們。",
    en: "Your request has been dealt with. If it is not solved, just reply to this message.",
};

const CLOSED: Text = Text {
    zh_hans: "本次服务已结束,感谢您的支持。",
    zh_hant: "本次服務已結束,感謝您的支持。",
    en: "Your request is closed. Thank you for contacting us.",
};

const MERGED: Text = Text {
    zh_hans: "您的这个问题已并入您的另一个会话,我们会在那里继续处理。",
    zh_hant: "您的這個問題已併入您的另一個對話,我們會在那裡繼續處理。",
    en: "This request has been joined with another one of yours, and we go on with it there.",
};

const ASK: Text = Text {
    zh_hans: "为了尽快处理您的投诉,请补充:",
    zh_hant: "為了儘快處理您的投訴,請補充:",
    en: "To look into your complaint we still need: ",
};

const ASK_CONTENT: Text = Text { zh_hans: "事情的经过", zh_hant: "事情的經過", en: "what happened" };
const ASK_TIME: Text = Text { zh_hans: "发生的时间", zh_hant: "發生的時間", en: "when it happened" };
const ASK_ORDER: Text = Text { zh_hans: "订单号", zh_hant: "訂單號", en: "the order number" };
const AND: Text = Text { zh_hans: "、", zh_hant: "、", en: ", " };
const STOP: Text = Text { zh_hans: "。", zh_hant: "。", en: "." };

/// Receipt is acknowledged.
pub fn acknowledgement(language: Language) -> &'static str {
    ACKNOWLEDGEMENT.in_language(language)
}

/// The case's state is now `status`.
pub fn progress(status: Status, merged: bool, language: Language) -> &'static str {
    let text = match status {
        Status::Closed if merged => MERGED,
        Status::Closed => CLOSED,
        Status::Open => OPEN,
        Status::PendingCustomer => PENDING_CUSTOMER,
        Status::PendingDepartment => PENDING_DEPARTMENT,
        Status::Resolved => RESOLVED,
    };
    text.in_language(language)
}

/// The facts called `names` are asked for.
pub fn info_request(names: &[&str], language: Language) -> String {
    let asked = names.iter().filter_map(|name| match *name {
        missing::CONTENT => Some(ASK_CONTENT.in_language(language)),
        missing::TIME => Some(ASK_TIME.in_language(language)),
        missing::ORDER => Some(ASK_ORDER.in_language(language)),
        _ => None,
    });
    let asked: Vec<&str> = asked.collect();
    let list = asked.join(AND.in_language(language));
    format!("{}{list}{}", ASK.in_language(language), STOP.in_language(language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_facts_are_asked_for_by_name() {
        let names = [missing::TIME, missing::ORDER];
        assert_eq!(info_request(&names, Language::ZhHant), "為了儘快處理您的投訴,請補充:發生的時間、訂單號。");
        assert_eq!(
            info_request(&names, Language::Other),
            "To look into your complaint we still need: when it happened, the order number."
        );
    }
}
