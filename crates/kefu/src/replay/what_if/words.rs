//! The words of the page in three languages.

use kefu_contracts::Language;

/// The same in Simplified and Traditional Chinese and English.
pub(super) type Words = [&'static str; 3];

/// The words in a language.
pub(super) fn say(language: Language, words: Words) -> &'static str {
    language.pick(words)
}

pub(super) const TITLE: Words = ["换一个政策会怎样", "換一個政策會怎樣", "What another policy would have changed"];
pub(super) const BEFORE: Words = ["之前", "之前", "before"];
pub(super) const AFTER: Words = ["之后", "之後", "after"];
pub(super) const CASES: Words = ["个案件", "個案件", "cases"];
pub(super) const SAME: Words = ["没有任何不同。", "沒有任何不同。", "Nothing would have been different."];
pub(super) const PROMISES: Words = ["承诺兑现", "承諾兌現", "Promises kept"];
pub(super) const CLOCK: Words = ["时钟", "時鐘", "clock"];
pub(super) const IN_TIME: Words = ["按时", "按時", "in time"];
pub(super) const LATE: Words = ["超时", "超時", "late"];
pub(super) const SHARE: Words = ["兑现率", "兌現率", "kept"];
pub(super) const CHANGED: Words = ["结果不同的承诺", "結果不同的承諾", "Promises that would have ended otherwise"];
pub(super) const CASE: Words = ["案件", "案件", "case"];
pub(super) const NONE: Words = ["无此时钟", "無此時鐘", "no clock"];
pub(super) const OPEN: Words = ["进行中", "進行中", "open"];
pub(super) const CANCELLED: Words = ["已取消", "已取消", "cancelled"];
pub(super) const OF: Words = ["/", "/", "of"];
pub(super) const ESCALATIONS: Words = ["升级", "升級", "Escalations"];
pub(super) const TO: Words = ["通知", "通知", "to"];
pub(super) const WHY: Words = ["原因", "原因", "why"];
pub(super) const MOVES: Words = ["去向不同的案件", "去向不同的案件", "Cases that would have gone elsewhere"];
pub(super) const DECISIONS: Words =
    ["结论不同的售后申请", "結論不同的售後申請", "After-sales requests decided otherwise"];
pub(super) const ORDER: Words = ["订单", "訂單", "order"];
pub(super) const MESSAGES: Words = ["给客户和员工的消息", "給客戶和員工的訊息", "Messages to customers and staff"];
pub(super) const KIND: Words = ["种类", "種類", "kind"];
pub(super) const MORE: Words = ["更多未列出", "更多未列出", "more, not listed"];

/// A length of time, in the two largest units that say it.
pub(super) fn duration(language: Language, ms: i64) -> String {
    const UNITS: [(i64, Words); 4] = [
        (86_400_000, ["天", "天", "d"]),
        (3_600_000, ["小时", "小時", "h"]),
        (60_000, ["分", "分", "min"]),
        (1_000, ["秒", "秒", "s"]),
    ];
    let mut rest = ms.max(0);
    let mut parts = Vec::new();
    for (length, words) in UNITS {
        let count = rest / length;
        rest %= length;
        if (count > 0 || !parts.is_empty()) && parts.len() < 2 {
            parts.push((count, words));
        }
    }
    let said = parts.into_iter().filter(|(count, _)| *count > 0);
    let said: Vec<String> = said.map(|(count, words)| format!("{count} {}", say(language, words))).collect();
    if said.is_empty() { format!("0 {}", say(language, ["秒", "秒", "s"])) } else { said.join(" ") }
}
