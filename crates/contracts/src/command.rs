//! What people do through the APIs, and the answers they get.

use apache_avro::AvroSchema;
use serde::{Deserialize, Serialize};

use crate::channel_event::Actor;
use crate::id::hash_64;
use crate::{Code, Json, Reject, Timestamp};

/// Something a person wants done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct Command {
    /// The request's `Idempotency-Key`, or an id made by the API.
    pub command_id: String,
    /// The shop.
    pub tenant: String,
    /// What is to be done.
    pub kind: String,
    /// What it is to be done to.
    pub target: String,
    /// Who wants it.
    pub actor: Actor,
    /// When the API took it.
    pub at: Timestamp,
    /// The fields of this kind.
    #[serde(default = "no_fields")]
    #[avro(default = r#""{}""#)]
    pub data: Json,
}

impl Command {
    /// The key of its record: `tenant/target`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.tenant, self.target)
    }

    /// A hash of everything that makes it the same request: who wants what done to what. Its id and its instant are
    /// left out.
    pub fn request_hash(&self) -> u64 {
        let data = self.data.0.to_string();
        hash_64(&[&self.kind, &self.target, self.actor.kind.as_str(), &self.actor.id, &data])
    }

    /// [`Command::request_hash`] as it stands in an answer: 16 hexadecimal digits.
    pub fn request(&self) -> String {
        format!("{:016x}", self.request_hash())
    }

    /// Holds its record's key against what it says of itself.
    ///
    /// # Errors
    /// If the record has another key: whoever decides would do it to something else.
    pub fn check_key(&self, key: &str) -> Result<(), Reject> {
        let fits = key.strip_prefix(&self.tenant).and_then(|rest| rest.strip_prefix('/')) == Some(&self.target);
        if fits {
            return Ok(());
        }
        let detail = format!("the key of command `{}` is not its `tenant/target`; send it again", self.command_id);
        Err(Reject::new(Code::BadKey, detail))
    }
}

/// The schema's default: an object, so that a command without data reads the same from Avro and from JSON.
fn no_fields() -> Json {
    Json(serde_json::Value::Object(serde_json::Map::new()))
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "kefu.v1")]
pub struct CommandResult {
    /// The command answered.
    pub command_id: String,
    /// The shop.
    pub tenant: String,
    /// The HTTP status of the answer.
    pub status: i64,
    /// The code of a refusal.
    pub code: Option<String>,
    /// What was wrong, for a person.
    pub detail: Option<String>,
    /// The answer's body.
    pub body: Json,
    /// When it was decided.
    pub at: Timestamp,
    /// Which request of this `command_id` was answered: a hash of kind, target, actor and data.
    #[serde(default)]
    pub request: Option<String>,
}

/// What commands are aimed at, and who decides them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// What `target` is the id of.
    pub name: &'static str,
    /// The kinds of command.
    pub kinds: &'static [&'static str],
    /// The service that decides them; none if no service of this release does.
    pub decided_by: Option<&'static str>,
}

const SURVEYS: Option<&str> = Some("satisfaction-survey");
const HANDOVERS: Option<&str> = Some("handover");
const ARTICLES: Option<&str> = Some("classifier");
const ESCALATIONS: Option<&str> = Some("escalation");

/// Every kind of command. A service passes over the kinds of others on the common topic; intake refuses those that no
/// service decides, so that each command gets exactly one answer.
pub const TARGETS: &[Target] = &[
    Target { name: "survey", kinds: &["answer"], decided_by: SURVEYS },
    Target { name: "suggestion", kinds: &["suggest", "suggestion_answered"], decided_by: None },
    Target { name: "case", kinds: &["escalate"], decided_by: ESCALATIONS },
    Target { name: "escalation", kinds: &["acknowledge", "cancel"], decided_by: ESCALATIONS },
    Target { name: "case review", kinds: &["review_update"], decided_by: SURVEYS },
    Target { name: "follow-up", kinds: &["follow_up_done"], decided_by: SURVEYS },
    Target {
        name: "handover",
        kinds: &[
            "start_review",
            "add_remark",
            "add_item",
            "ask",
            "answer_question",
            "read_back",
            "sign_out",
            "sign_in",
            "report_problem",
            "amend",
            "audit",
        ],
        decided_by: HANDOVERS,
    },
    Target {
        name: "shift",
        kinds: &["check_in", "check_out", "swap_request", "swap_accept", "absence"],
        decided_by: HANDOVERS,
    },
    Target { name: "article", kinds: &["article_put", "article_retire"], decided_by: ARTICLES },
    Target { name: "workforce", kinds: &["training_recorded", "examination_recorded"], decided_by: None },
    Target { name: "measure", kinds: &["measure_put", "measure_done"], decided_by: None },
];

/// What commands of a kind are aimed at; none if there is no such kind.
pub fn target_of(kind: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.kinds.contains(&kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ActorKind;

    #[test]
    fn the_key_is_tenant_and_target() {
        let command = Command {
            command_id: "k-1".into(),
            tenant: "demo".into(),
            kind: "check_in".into(),
            target: "care/day/2026-03-02".into(),
            actor: Actor { kind: ActorKind::Agent, id: "a-1".into(), name: None },
            at: Timestamp::from_ms(0),
            data: no_fields(),
        };
        assert_eq!(command.check_key(&command.key()), Ok(()));
        for key in ["demo/care/day/2026-03-03", "demo2/care/day/2026-03-02", "democare/day/2026-03-02", "demo", ""] {
            assert_eq!(command.check_key(key).map_err(|reject| reject.code), Err(Code::BadKey), "{key}");
        }
    }

    #[test]
    fn a_kind_is_aimed_at_one_thing() {
        let kinds: Vec<&str> = TARGETS.iter().flat_map(|target| target.kinds).copied().collect();
        for kind in &kinds {
            assert_eq!(kinds.iter().filter(|other| *other == kind).count(), 1, "{kind}");
            assert!(target_of(kind).is_some_and(|target| target.kinds.contains(kind)));
        }
        assert_eq!(target_of("frobnicate"), None);
    }
}
