//! What people ask of a handover, read from commands.

use std::collections::BTreeMap;

use kefu_contracts::command::Command;
use kefu_contracts::handover::{ItemKind, Placement};
use kefu_contracts::{Code, Reject, Timestamp};
use serde::{Deserialize, Serialize};

/// The most characters of a text that a person adds.
pub const TEXT_CHARS_MAX: usize = 4_000;

/// The refusal of a command that lacks a field.
pub fn missing(field: &str) -> Reject {
    Reject::new(Code::MissingField, format!("data.{field} is missing; give it"))
}

/// What a person writes to an item of the record, or a whole item for a case that is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemNote {
    /// The case.
    pub case_id: String,
    /// What stands out, for a case that is not in the record by itself.
    #[serde(default)]
    pub kind: Option<ItemKind>,
    /// What it is about.
    #[serde(default)]
    pub summary: Option<String>,
    /// What is to be done next.
    #[serde(default)]
    pub action: Option<String>,
    /// By whom.
    #[serde(default)]
    pub owner: Option<String>,
    /// Until when.
    #[serde(default)]
    pub due_at: Option<Timestamp>,
    /// What to do if that fails.
    #[serde(default)]
    pub contingency: Option<String>,
    /// Where the case goes.
    #[serde(default)]
    pub placement: Option<Placement>,
}

impl ItemNote {
    /// Lays a later note over this one.
    pub fn amend(&mut self, later: ItemNote) {
        self.kind = later.kind.or(self.kind);
        self.summary = later.summary.or_else(|| self.summary.take());
        self.action = later.action.or_else(|| self.action.take());
        self.owner = later.owner.or_else(|| self.owner.take());
        self.due_at = later.due_at.or(self.due_at);
        self.contingency = later.contingency.or_else(|| self.contingency.take());
        self.placement = later.placement.or(self.placement);
    }
}

/// What a person wants done to a handover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// To claim it as the incoming agent and go through it.
    StartReview,
    /// To add a remark.
    AddRemark(String),
    /// To add an item, or to write to one.
    AddItem(Box<ItemNote>),
    /// To ask about the record.
    Ask(String),
    /// To answer a question.
    AnswerQuestion {
        /// The question's number.
        no: i64,
        /// The answer.
        text: String,
    },
    /// To say in one's own words what one takes over.
    ReadBack(String),
    /// To sign as the outgoing agent.
    SignOut {
        /// Where cases go, as far as not said before.
        placements: BTreeMap<String, Placement>,
    },
    /// To sign as the incoming agent.
    SignIn {
        /// The read-back, if not given before.
        readback: Option<String>,
        /// The version that the person saw; another one is not signed.
        version_hash: Option<String>,
    },
    /// To report a problem.
    ReportProblem(String),
    /// To add something after the signatures.
    Amend(String),
    /// To close the supervisor's audit.
    Audit {
        /// What was found.
        findings: Option<String>,
    },
}

/// The fields of a command's data.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    text: Option<String>,
    no: Option<i64>,
    placements: BTreeMap<String, Placement>,
    readback: Option<String>,
    version_hash: Option<String>,
    findings: Option<String>,
}

/// Reads a command; none if it is no command to a handover.
pub fn read(command: &Command) -> Option<Result<Request, Reject>> {
    let data = || if command.data.0.is_null() { serde_json::json!({}) } else { command.data.0.clone() };
    let fields = || {
        serde_json::from_value::<Fields>(data())
            .map_err(|error| Reject::new(Code::InvalidField, format!("data: {error}")))
    };
    let text = || checked(fields()?.text.ok_or_else(|| missing("text"))?, "text");
    Some(match command.kind.as_str() {
        "start_review" => Ok(Request::StartReview),
        "add_remark" => text().map(Request::AddRemark),
        "add_item" => item(data()).map(|note| Request::AddItem(Box::new(note))),
        "ask" => text().map(Request::Ask),
        "answer_question" => {
            let no = || fields()?.no.ok_or_else(|| missing("no"));
            no().and_then(|no| Ok(Request::AnswerQuestion { no, text: text()? }))
        }
        "read_back" => text().map(Request::ReadBack),
        "sign_out" => fields().map(|fields| Request::SignOut { placements: fields.placements }),
        "sign_in" => fields().and_then(|fields| {
            let readback = fields.readback.map(|text| checked(text, "readback")).transpose()?;
            Ok(Request::SignIn { readback, version_hash: fields.version_hash })
        }),
        "report_problem" => text().map(Request::ReportProblem),
        "amend" => text().map(Request::Amend),
        "audit" => fields().and_then(|fields| {
            Ok(Request::Audit { findings: fields.findings.map(|text| checked(text, "findings")).transpose()? })
        }),
        _ => return None,
    })
}

fn item(data: serde_json::Value) -> Result<ItemNote, Reject> {
    let note: ItemNote = serde_json::from_value(data)
        .map_err(|error| Reject::new(Code::InvalidField, format!("data is no item: {error}")))?;
    if !note.case_id.contains('#') {
        return Err(Reject::new(
            Code::InvalidField,
            format!("data.case_id `{}` is no case; give `conversation#ordinal`", note.case_id),
        ));
    }
    for text in [&note.summary, &note.action, &note.owner, &note.contingency].into_iter().flatten() {
        checked(text.clone(), "item")?;
    }
    Ok(note)
}

fn checked(text: String, field: &str) -> Result<String, Reject> {
    if text.trim().is_empty() {
        return Err(missing(field));
    }
    match text.chars().count() {
        0..=TEXT_CHARS_MAX => Ok(text),
        count => Err(Reject::new(
            Code::InvalidField,
            format!("data.{field} has {count} characters; {TEXT_CHARS_MAX} are the most allowed"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use kefu_contracts::channel_event::Actor;
    use kefu_contracts::{ActorKind, Json};
    use serde_json::json;

    use super::*;

    fn parsed(kind: &str, data: serde_json::Value) -> Option<Result<Request, String>> {
        let command = Command {
            command_id: "k-1".to_owned(),
            tenant: "demo".to_owned(),
            kind: kind.to_owned(),
            target: "h-1".to_owned(),
            actor: Actor { kind: ActorKind::Agent, id: "a-1".to_owned(), name: None },
            at: Timestamp::from_ms(0),
            data: Json(data),
        };
        read(&command).map(|read| read.map_err(|refusal| format!("{} {}", refusal.code.status(), refusal.code)))
    }

    #[test]
    fn every_kind_with_what_it_needs() {
        let taken = BTreeMap::from([("c-1#1".to_owned(), Placement::Taken)]);
        let note = ItemNote { case_id: "c-1#1".into(), placement: Some(Placement::Queue), ..ItemNote::default() };
        for (kind, data, request) in [
            ("start_review", json!(null), Request::StartReview),
            ("add_remark", json!({"text": "r"}), Request::AddRemark("r".into())),
            ("add_item", json!({"case_id": "c-1#1", "placement": "queue"}), Request::AddItem(Box::new(note))),
            ("ask", json!({"text": "q"}), Request::Ask("q".into())),
            ("answer_question", json!({"no": 1, "text": "a"}), Request::AnswerQuestion { no: 1, text: "a".into() }),
            ("read_back", json!({"text": "b"}), Request::ReadBack("b".into())),
            ("sign_out", json!({"placements": {"c-1#1": "taken"}}), Request::SignOut { placements: taken }),
            ("sign_in", json!({}), Request::SignIn { readback: None, version_hash: None }),
            ("report_problem", json!({"text": "p"}), Request::ReportProblem("p".into())),
            ("amend", json!({"text": "m"}), Request::Amend("m".into())),
            ("audit", json!({"findings": "f"}), Request::Audit { findings: Some("f".into()) }),
        ] {
            assert_eq!(parsed(kind, data), Some(Ok(request)), "{kind}");
        }
        assert_eq!(parsed("check_in", json!({})), None);
    }

    #[test]
    fn what_is_missing_or_wrong_is_said() {
        let long = "x".repeat(TEXT_CHARS_MAX + 1);
        for (kind, data, refusal) in [
            ("add_remark", json!({}), "422 missing_field"),
            ("ask", json!({"text": "  "}), "422 missing_field"),
            ("amend", json!({"text": long}), "422 invalid_field"),
            ("answer_question", json!({"text": "a"}), "422 missing_field"),
            ("sign_out", json!({"placements": {"c-1#1": "lost"}}), "422 invalid_field"),
            ("add_item", json!({"placement": "taken"}), "422 invalid_field"),
            ("add_item", json!({"case_id": "c-1"}), "422 invalid_field"),
        ] {
            assert_eq!(parsed(kind, data.clone()), Some(Err(refusal.to_owned())), "{kind} {data}");
        }
    }
}
