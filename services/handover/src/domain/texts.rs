//! What this service writes to staff, in three languages.

use kefu_contracts::Language;

/// News for staff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News<'a> {
    /// A handover will soon be late.
    SoonLate {
        /// The outgoing agent.
        outgoing: &'a str,
        /// The shift that ends.
        shift_id: &'a str,
    },
    /// A handover was not signed in time.
    Late {
        /// The outgoing agent.
        outgoing: &'a str,
        /// The shift that ended.
        shift_id: &'a str,
    },
    /// A handover was given up.
    Skipped {
        /// The outgoing agent.
        outgoing: &'a str,
        /// The shift that ended.
        shift_id: &'a str,
        /// How many cases went to the queue.
        cases: usize,
    },
    /// Somebody reported a problem of a handover.
    Problem {
        /// Who.
        by: &'a str,
        /// The outgoing agent.
        outgoing: &'a str,
        /// The shift that ended.
        shift_id: &'a str,
    },
    /// Somebody who works a shift has not checked in early enough.
    NotArrived {
        /// Who.
        agent_id: &'a str,
        /// The shift.
        shift_id: &'a str,
    },
}

/// The text of a notice.
pub fn text(language: Language, news: News<'_>) -> String {
    let [zh_hans, zh_hant, en] = match news {
        News::SoonLate { outgoing, shift_id } => [
            format!("{outgoing} 在班次 {shift_id} 的交接将在 10 分钟后超时,请尽快双方签字。"),
            format!("{outgoing} 在班次 {shift_id} 的交接將在 10 分鐘後逾時,請儘快雙方簽字。"),
            format!("The handover of {outgoing} for shift {shift_id} will be late in 10 minutes. Please sign it."),
        ],
        News::Late { outgoing, shift_id } => [
            format!("{outgoing} 在班次 {shift_id} 的交接未按时完成签字,请跟进。"),
            format!("{outgoing} 在班次 {shift_id} 的交接未按時完成簽字,請跟進。"),
            format!("The handover of {outgoing} for shift {shift_id} was not signed in time. Please look after it."),
        ],
        News::Skipped { outgoing, shift_id, cases } => [
            format!("{outgoing} 在班次 {shift_id} 没有完成交接,{cases} 个未结案件已转回队列。"),
            format!("{outgoing} 在班次 {shift_id} 沒有完成交接,{cases} 個未結案件已轉回佇列。"),
            format!(
                "The handover of {outgoing} for shift {shift_id} was skipped. Open cases sent to the queue: {cases}."
            ),
        ],
        News::Problem { by, outgoing, shift_id } => [
            format!("{by} 反映 {outgoing} 在班次 {shift_id} 的交接有问题,请查看交接记录。"),
            format!("{by} 反映 {outgoing} 在班次 {shift_id} 的交接有問題,請查看交接紀錄。"),
            format!(
                "{by} reported a problem with the handover of {outgoing} for shift {shift_id}. Please see the record."
            ),
        ],
        News::NotArrived { agent_id, shift_id } => [
            format!("{agent_id} 尚未到岗,班次 {shift_id} 将在 10 分钟内开始。"),
            format!("{agent_id} 尚未到崗,班次 {shift_id} 將在 10 分鐘內開始。"),
            format!("{agent_id} has not checked in, and shift {shift_id} starts within 10 minutes."),
        ],
    };
    match language {
        Language::ZhHans => zh_hans,
        Language::ZhHant => zh_hant,
        Language::En | Language::Other => en,
    }
}
