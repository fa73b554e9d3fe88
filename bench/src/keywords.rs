//! What a text is about, by 100 keywords in two languages.

use aho_corasick::automaton::Automaton;
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, BuildError, MatchError};

/// The keywords of each category.
pub const KEYWORDS: [[&str; 20]; 5] = [
    [
        "refund",
        "invoice",
        "payment",
        "charge",
        "billing",
        "price",
        "coupon",
        "discount",
        "receipt",
        "overcharged",
        "退款",
        "发票",
        "付款",
        "扣费",
        "账单",
        "价格",
        "优惠券",
        "折扣",
        "支付失败",
        "重复扣款",
    ],
    [
        "delivery",
        "shipping",
        "package",
        "courier",
        "tracking",
        "delayed",
        "address",
        "warehouse",
        "lost parcel",
        "arrive",
        "快递",
        "物流",
        "包裹",
        "发货",
        "配送",
        "延误",
        "收货地址",
        "仓库",
        "丢件",
        "签收",
    ],
    [
        "password",
        "login",
        "account",
        "verify",
        "register",
        "locked",
        "profile",
        "email change",
        "two-factor",
        "security",
        "密码",
        "登录",
        "账号",
        "验证码",
        "注册",
        "锁定",
        "个人资料",
        "更换手机",
        "实名认证",
        "安全设置",
    ],
    [
        "crash",
        "error",
        "bug",
        "timeout",
        "slow",
        "install",
        "update",
        "screen",
        "freeze",
        "not working",
        "闪退",
        "报错",
        "故障",
        "超时",
        "卡顿",
        "安装",
        "升级",
        "黑屏",
        "无法打开",
        "不能用",
    ],
    [
        "complaint",
        "manager",
        "rude",
        "unacceptable",
        "angry",
        "compensation",
        "terrible",
        "supervisor",
        "report you",
        "disappointed",
        "投诉",
        "经理",
        "态度差",
        "不能接受",
        "生气",
        "赔偿",
        "糟糕",
        "主管",
        "举报",
        "失望",
    ],
];

/// What a text is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The category with most keywords; of several the first. The last if there is no keyword.
    pub category: u8,
    /// Keywords found, overlapping ones too.
    pub hits: u8,
}

/// Finds keywords.
#[derive(Clone, Debug)]
pub struct Keywords(DFA);

impl Keywords {
    /// Builds the automaton.
    ///
    /// # Errors
    /// If the keywords make none.
    pub fn new() -> Result<Self, BuildError> {
        DFA::builder().ascii_case_insensitive(true).build(KEYWORDS.iter().flatten()).map(Self)
    }

    /// Says what `text` is about.
    ///
    /// # Errors
    /// If the automaton does not start anywhere in a text, which the one that was built does.
    pub fn classify(&self, text: &[u8]) -> Result<Verdict, MatchError> {
        let mut counts = [0_u32; KEYWORDS.len()];
        let mut state = self.0.start_state(Anchored::No)?;
        for byte in text {
            state = self.0.next_state(Anchored::No, state, *byte);
            if self.0.is_match(state) {
                for index in 0..self.0.match_len(state) {
                    let category = self.0.match_pattern(state, index).as_usize() / KEYWORDS[0].len();
                    counts.get_mut(category).into_iter().for_each(|count| *count += 1);
                }
            }
        }
        let (mut category, mut most) = (KEYWORDS.len() - 1, counts[KEYWORDS.len() - 1]);
        for (index, count) in counts.iter().enumerate().rev() {
            if *count > most {
                (category, most) = (index, *count);
            }
        }
        let in_a_byte = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
        Ok(Verdict { category: u8::try_from(category).unwrap_or_default(), hits: in_a_byte(counts.iter().sum()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_keywords_decide() {
        let keywords = Keywords::new().unwrap();
        for (text, category, hits) in [
            ("My PACKAGE is delayed, I want a refund", 1, 3),
            ("nothing of note", 4, 0),
            ("包裹 refund 退款", 0, 3),
            // `charge` is a part of `overcharged`, and counts too
            ("overcharged", 0, 2),
            ("rude bug", 4, 2),
            ("login error", 3, 2),
        ] {
            assert_eq!(keywords.classify(text.as_bytes()).unwrap(), Verdict { category, hits }, "{text}");
        }
    }
}
