//! Notices to staff: to whom, in which language, under which key.

use kefu_contracts::id::hash_id;
use kefu_contracts::outbound::{OutboundKind, OutboundMessage, Recipient};
use kefu_contracts::{Channel, Json, Language, Timestamp};
use kefu_policy::{Policy, Role};

use crate::domain::texts::{self, News};

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    /// `agent`, `supervisor` or `role`.
    kind: &'static str,
    id: String,
}

impl Addressee {
    /// An agent.
    pub fn agent(id: &str) -> Self {
        Self { kind: "agent", id: id.to_owned() }
    }

    /// Who supervises a team: the supervisor, else who stands above; where the policy names nobody, the role, so that
    /// the gateway decides.
    pub fn supervisor_of(team: &str, policy: &Policy) -> Self {
        match policy.recipient(team, Role::Supervisor) {
            Some((_, id)) => Self { kind: "supervisor", id: id.to_owned() },
            None => Self { kind: "role", id: format!("{team}:supervisor") },
        }
    }
}

/// Whether a person supervises a team by the policy.
pub fn supervises(policy: &Policy, team: &str, person: &str) -> bool {
    policy.teams.get(team).is_some_and(|team| {
        [&team.supervisor, &team.department_head].into_iter().flatten().any(|leader| leader == person)
    })
}

/// A notice with its key. `subject` names what it is about; the same news of a subject is one message.
pub fn message(
    policy: &Policy,
    tenant: &str,
    to: &Addressee,
    news: News<'_>,
    subject: &[&str],
    at: Timestamp,
) -> (String, OutboundMessage) {
    let spoken = policy.staff_member(&to.id).and_then(|member| member.languages.first().copied());
    let language = spoken.unwrap_or(Language::En);
    let (name, data) = described(news);
    let identity: Vec<&str> = [&["handover notice", tenant, name, to.id.as_str()], subject].concat();
    let message = OutboundMessage {
        message_id: hash_id(&identity),
        tenant: tenant.to_owned(),
        conversation_id: None,
        case_id: None,
        recipient: Recipient { kind: to.kind.to_owned(), id: to.id.clone(), address: None },
        channel: Channel::Chat,
        kind: OutboundKind::Notice,
        language,
        subject: None,
        text: texts::text(language, news),
        data: Some(Json(data)),
        at,
        expires_at: None,
    };
    (format!("{tenant}/staff/{}", to.id), message)
}

/// The name of the news, and what programs need of it.
fn described(news: News<'_>) -> (&'static str, serde_json::Value) {
    use serde_json::json;
    match news {
        News::SoonLate { outgoing, shift_id } => {
            ("handover_soon_late", json!({"news": "handover_soon_late", "outgoing": outgoing, "shift_id": shift_id}))
        }
        News::Late { outgoing, shift_id } => {
            ("handover_late", json!({"news": "handover_late", "outgoing": outgoing, "shift_id": shift_id}))
        }
        News::Skipped { outgoing, shift_id, cases } => (
            "handover_skipped",
            json!({"news": "handover_skipped", "outgoing": outgoing, "shift_id": shift_id, "cases": cases}),
        ),
        News::Problem { by, outgoing, shift_id } => (
            "handover_problem",
            json!({"news": "handover_problem", "by": by, "outgoing": outgoing, "shift_id": shift_id}),
        ),
        News::NotArrived { agent_id, shift_id } => {
            ("not_arrived", json!({"news": "not_arrived", "agent_id": agent_id, "shift_id": shift_id}))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::shift::tests::policies;

    #[test]
    fn a_notice_speaks_the_language_of_its_reader_and_keeps_its_id() {
        let policies = policies(&[("UTC", None, r#"  - {team: care, name: day, hours: "09:00-18:00", staff: [a-1]}"#)]);
        let policy = policies.in_force("demo", 0);
        let news = News::Late { outgoing: "a-1", shift_id: "care/day/2026-03-02" };
        let tell = |to: &Addressee, at| message(policy, "demo", to, news, &["h-1"], Timestamp::from_ms(at));
        let (agent, supervisor) = (Addressee::agent("a-1"), Addressee::supervisor_of("care", policy));
        for (to, key, kind, language) in [
            (&agent, "demo/staff/a-1", "agent", Language::ZhHans),
            (&supervisor, "demo/staff/s-1", "supervisor", Language::En),
        ] {
            let (told, message) = tell(to, 5);
            assert_eq!((told.as_str(), message.recipient.kind.as_str(), message.language), (key, kind, language));
            assert_eq!(message.message_id, tell(to, 6).1.message_id);
        }
        assert_ne!(tell(&agent, 5).1.message_id, tell(&supervisor, 5).1.message_id);
        assert_eq!(Addressee::supervisor_of("nobody", policy).kind, "role");
    }

    #[test]
    fn supervisors_are_those_of_the_team() {
        let policies = policies(&[("UTC", None, r#"  - {team: care, name: day, hours: "09:00-18:00", staff: [a-1]}"#)]);
        let policy = policies.in_force("demo", 0);
        for (team, person, expected) in [("care", "s-1", true), ("desk", "s-1", false), ("care", "a-1", false)] {
            assert_eq!(supervises(policy, team, person), expected, "{person} of {team}");
        }
    }
}
