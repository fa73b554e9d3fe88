//! What this service writes to customers and staff, in three languages.

use kefu_contracts::{Language, OrderStatus};

fn pick(language: Language, zh_hans: String, zh_hant: String, en: String) -> String {
    match language {
        Language::ZhHans => zh_hans,
        Language::ZhHant => zh_hant,
        Language::En | Language::Other => en,
    }
}

/// Tells a customer how long a department takes at most.
pub fn expected_time(language: Language, expected_ms: i64) -> String {
    let time = duration(language, expected_ms);
    pick(
        language,
        format!("您的问题已转给相关部门,预计{time}内给您答复。"),
        format!("您的問題已轉給相關部門,預計{time}內給您答覆。"),
        format!("We have passed your request to the department in charge. You can expect an answer within {time}."),
    )
}

/// Asks a department to look into a case.
pub fn consultation(language: Language, case_id: &str) -> String {
    pick(
        language,
        format!("请协助处理案件 {case_id},并把结果回复到该案件。"),
        format!("請協助處理案件 {case_id},並把結果回覆到該案件。"),
        format!("Please look into case {case_id} and answer in the case."),
    )
}

/// Tells staff that escalations wait for them.
pub fn notice(language: Language, count: usize, cases: &[&str]) -> String {
    let separator = if matches!(language, Language::ZhHans | Language::ZhHant) { "、" } else { ", " };
    let named = cases.join(separator);
    pick(
        language,
        format!("有 {count} 个升级事项等待您处理。案件:{named}"),
        format!("有 {count} 個升級事項等待您處理。案件:{named}"),
        format!("Escalations that wait for you: {count}. Cases: {named}"),
    )
}

/// Tells staff that an order makes no progress.
pub fn stuck_order(language: Language, order_id: &str, status: OrderStatus, since_ms: i64) -> String {
    let time = duration(language, since_ms);
    pick(
        language,
        format!("订单 {order_id} 停留在 {status} 状态已超过{time},请主动跟进。"),
        format!("訂單 {order_id} 停留在 {status} 狀態已超過{time},請主動跟進。"),
        format!("Order {order_id} has been {status} for more than {time}. Please follow up."),
    )
}

/// A length of time in the largest unit that says it whole, from minutes to days.
fn duration(language: Language, ms: i64) -> String {
    const MINUTE_MS: i64 = 60_000;
    const HOUR_MS: i64 = 60 * MINUTE_MS;
    const DAY_MS: i64 = 24 * HOUR_MS;
    let (count, [zh_hans, zh_hant, one, many]) = if ms >= DAY_MS && ms % DAY_MS == 0 {
        (ms / DAY_MS, ["天", "天", "day", "days"])
    } else if ms >= HOUR_MS && ms % HOUR_MS == 0 {
        (ms / HOUR_MS, ["小时", "小時", "hour", "hours"])
    } else {
        // Whole minutes, upwards: nobody is promised less time than was meant.
        (ms / MINUTE_MS + i64::from(ms % MINUTE_MS > 0), ["分钟", "分鐘", "minute", "minutes"])
    };
    let en = if count == 1 { one } else { many };
    pick(language, format!(" {count} {zh_hans}"), format!(" {count} {zh_hant}"), format!("{count} {en}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_in_words() {
        let (second, minute, hour) = (1_000, 60_000, 3_600_000);
        for (ms, en, zh) in [
            (30 * second, "1 minute", " 1 分钟"),
            (61 * second, "2 minutes", " 2 分钟"),
            (90 * minute, "90 minutes", " 90 分钟"),
            (hour, "1 hour", " 1 小时"),
            (8 * hour, "8 hours", " 8 小时"),
            (48 * hour, "2 days", " 2 天"),
            (49 * hour, "49 hours", " 49 小时"),
        ] {
            assert_eq!(duration(Language::En, ms), en);
            assert_eq!(duration(Language::ZhHans, ms), zh);
        }
    }

    #[test]
    fn each_language_has_its_own_words() {
        let texts = [Language::ZhHans, Language::ZhHant, Language::En].map(|language| {
            [
                expected_time(language, 3_600_000),
                consultation(language, "c-1#1"),
                notice(language, 2, &["c-1#1", "c-2#1"]),
                stuck_order(language, "A1", OrderStatus::Paid, 3_600_000),
            ]
        });
        let [zh_hans, zh_hant, en] = texts;
        for ((zh_hans, zh_hant), en) in zh_hans.iter().zip(&zh_hant).zip(&en) {
            assert!(zh_hans != zh_hant && zh_hant != en, "{zh_hans}");
        }
    }
}
