//! From the flat wire shape to the typed event.

use std::str::FromStr;

use kefu_contracts::channel_event::EventData;
use kefu_contracts::{Code, Reject};

use super::{AfterSalesDecision, AfterSalesRequest, Call, CallOutcome, Direction, Event};

impl Event {
    /// Reads an event of type `kind`; what its type does not have is left out.
    ///
    /// # Errors
    /// If the type is unknown, or a field is missing or holds what it must not hold.
    pub fn read(kind: &str, data: EventData) -> Result<Event, Reject> {
        Ok(match kind {
            "message" => message(data)?,
            "call" => Event::Call(Box::new(call(data)?)),
            "note" => Event::Note { text: need(data.text, "text")? },
            "assigned" => Event::Assigned { agent_id: data.agent_id, team: data.team },
            "info_requested" => Event::InfoRequested { fields: need(data.fields, "fields")?, text: data.text },
            "promised" => Event::Promised { due_at: need(data.due_at, "due_at")?, text: data.text },
            "department_consulted" => Event::DepartmentConsulted {
                department: need(data.department, "department")?,
                text: need(data.text, "text")?,
            },
            "department_answered" => Event::DepartmentAnswered {
                department: need(data.department, "department")?,
                text: need(data.text, "text")?,
            },
            "reopened" => Event::Reopened { text: data.text },
            "resolved" => Event::Resolved { summary: data.summary },
            "confirmed" => Event::Confirmed { text: data.text },
            "dissatisfied" => Event::Dissatisfied { text: data.text },
            "closed" => Event::Closed { reason: optional_word(data.reason, "reason")? },
            "category_set" => category_set(data)?,
            "priority_set" => Event::PrioritySet { priority: word(data.priority, "priority")? },
            "identity_verified" => Event::IdentityVerified { method: need(data.method, "method")? },
            "flagged" => Event::Flagged { flag: word(data.flag, "flag")?, reason: data.reason },
            "unflagged" => Event::Unflagged { flag: word(data.flag, "flag")?, reason: data.reason },
            "after_sales_requested" => Event::AfterSalesRequested(Box::new(request(data)?)),
            "after_sales_decided" => Event::AfterSalesDecided(Box::new(decision(data)?)),
            "after_sales_completed" => Event::AfterSalesCompleted { order_id: need(data.order_id, "order_id")? },
            "case_opened" => {
                Event::CaseOpened { reason: need(data.reason, "reason")?, order_id: data.order_id, text: data.text }
            }
            "merged" => Event::Merged { into_case_id: case_id(data.into_case_id)? },
            "review" => Event::Review { rating: rating(data.rating)?, text: data.text },
            "delivered" => Event::Delivered {
                message_id: need(data.message_id, "message_id")?,
                delivered: one_of(data.status, "status", &[("delivered", true), ("failed", false)])?,
            },
            "channel_heartbeat" => Event::ChannelHeartbeat { source: need(data.source, "source")? },
            other => return Err(unknown_type(other)),
        })
    }
}

fn unknown_type(kind: &str) -> Reject {
    let kind: String = kind.chars().take(64).collect();
    Reject::new(Code::UnknownEventType, format!("type `{kind}` is unknown; see the list of event types"))
}

fn message(data: EventData) -> Result<Event, Reject> {
    let attachments = data.attachments.unwrap_or_default();
    if data.text.is_none() && attachments.is_empty() {
        return Err(missing("text"));
    }
    Ok(Event::Message { text: data.text, subject: data.subject, attachments })
}

fn call(data: EventData) -> Result<Call, Reject> {
    let directions = [("inbound", Direction::Inbound), ("outbound", Direction::Outbound)];
    let outcomes = [
        ("answered", CallOutcome::Answered),
        ("abandoned", CallOutcome::Abandoned),
        ("voicemail", CallOutcome::Voicemail),
    ];
    let outcome = one_of(data.outcome, "outcome", &outcomes)?;
    // nobody talks in a call that was not answered
    let talk_ms = if outcome == CallOutcome::Answered { need(data.talk_ms, "talk_ms")? } else { 0 };
    Ok(Call {
        direction: one_of(data.direction, "direction", &directions)?,
        outcome,
        wait_ms: length(need(data.wait_ms, "wait_ms")?, "wait_ms")?,
        talk_ms: length(data.talk_ms.unwrap_or(talk_ms), "talk_ms")?,
        recording: data.recording,
        summary: data.summary,
        agent_id: data.agent_id,
    })
}

/// Longer calls are mistakes of a gateway, and would move what follows from them out of reach.
const LONGEST_CALL_MS: i64 = 24 * 3_600_000;

fn length(ms: i64, field: &str) -> Result<i64, Reject> {
    if (0..=LONGEST_CALL_MS).contains(&ms) {
        return Ok(ms);
    }
    Err(invalid(field, format!("is {ms}; milliseconds from 0 to {LONGEST_CALL_MS} are taken")))
}

fn category_set(data: EventData) -> Result<Event, Reject> {
    let category = word(data.category, "category")?;
    let subtype = optional_word(data.subtype, "subtype")?;
    if let Some(subtype) = subtype
        && !kefu_contracts::Subtype::belongs_to(subtype, category)
    {
        return Err(invalid("subtype", format!("`{subtype}` is none of `{category}`; name one that is, or none")));
    }
    Ok(Event::CategorySet { category, subtype, severity: optional_word(data.severity, "severity")? })
}

fn request(data: EventData) -> Result<AfterSalesRequest, Reject> {
    let items = data.items;
    if items.iter().flatten().any(|item| item.quantity < 1) {
        return Err(invalid("items", "holds a quantity under 1; leave out what is not concerned".to_owned()));
    }
    Ok(AfterSalesRequest {
        kind: word(data.kind, "kind")?,
        order_id: need(data.order_id, "order_id")?,
        items,
        reason: need(data.reason, "reason")?,
        condition: data.condition,
    })
}

fn decision(data: EventData) -> Result<AfterSalesDecision, Reject> {
    Ok(AfterSalesDecision {
        order_id: need(data.order_id, "order_id")?,
        kind: word(data.kind, "kind")?,
        eligible: need(data.eligible, "eligible")?,
        reasons: need(data.reasons, "reasons")?,
        steps: need(data.steps, "steps")?,
        policy_version: need(data.policy_version, "policy_version")?,
    })
}

fn rating(rating: Option<i64>) -> Result<i64, Reject> {
    match need(rating, "rating")? {
        rating @ 1..=5 => Ok(rating),
        other => Err(invalid("rating", format!("is {other}; 1 to 5 are taken"))),
    }
}

fn case_id(id: Option<String>) -> Result<String, Reject> {
    let id = need(id, "into_case_id")?;
    match id.rsplit_once('#') {
        Some((conversation, ordinal)) if !conversation.is_empty() && ordinal.parse::<u32>().is_ok() => Ok(id),
        _ => Err(invalid("into_case_id", "is no case_id; write conversation_id#ordinal".to_owned())),
    }
}

fn need<T>(value: Option<T>, field: &str) -> Result<T, Reject> {
    value.ok_or_else(|| missing(field))
}

fn word<T: FromStr<Err: std::fmt::Display>>(value: Option<String>, field: &str) -> Result<T, Reject> {
    need(optional_word(value, field)?, field)
}

fn optional_word<T: FromStr<Err: std::fmt::Display>>(value: Option<String>, field: &str) -> Result<Option<T>, Reject> {
    let Some(text) = value else { return Ok(None) };
    text.parse().map(Some).map_err(|error: T::Err| invalid(field, error.to_string()))
}

fn one_of<T: Copy>(value: Option<String>, field: &str, words: &[(&str, T)]) -> Result<T, Reject> {
    let text = need(value, field)?;
    let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
    found.ok_or_else(|| invalid(field, format!("is an unknown word; use one of {}", known())))
}

fn missing(field: &str) -> Reject {
    Reject::new(Code::MissingField, format!("data.{field} is missing; send the event again with it"))
}

fn invalid(field: &str, what: String) -> Reject {
    Reject::new(Code::InvalidField, format!("data.{field}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> EventData {
        EventData::default()
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_type_needs_its_fields() {
        for (kind, data, wanted) in [
            ("shouted", data(), "unknown_event_type"),
            ("message", data(), "missing_field: data.text"),
            ("note", data(), "missing_field: data.text"),
            ("call", EventData { outcome: text("answered"), wait_ms: Some(1), ..data() }, "data.talk_ms"),
            ("call", EventData { outcome: text("lost"), ..data() }, "invalid_field: data.outcome"),
            ("info_requested", data(), "missing_field: data.fields"),
            ("promised", data(), "missing_field: data.due_at"),
            ("department_consulted", EventData { text: text("?"), ..data() }, "missing_field: data.department"),
            ("department_answered", EventData { department: text("d"), ..data() }, "missing_field: data.text"),
            ("closed", EventData { reason: text("bored"), ..data() }, "invalid_field: data.reason"),
            ("category_set", data(), "missing_field: data.category"),
            ("category_set", EventData { category: text("praise"), subtype: text("fraud"), ..data() }, "data.subtype"),
            ("priority_set", EventData { priority: text("top"), ..data() }, "invalid_field: data.priority"),
            ("identity_verified", data(), "missing_field: data.method"),
            ("flagged", data(), "missing_field: data.flag"),
            ("after_sales_requested", EventData { kind: text("return"), ..data() }, "missing_field: data.order_id"),
            ("after_sales_decided", EventData { order_id: text("A"), ..data() }, "missing_field: data.kind"),
            ("after_sales_completed", data(), "missing_field: data.order_id"),
            ("case_opened", data(), "missing_field: data.reason"),
            ("merged", EventData { into_case_id: text("c-1"), ..data() }, "invalid_field: data.into_case_id"),
            ("review", EventData { rating: Some(6), ..data() }, "invalid_field: data.rating"),
            ("delivered", EventData { message_id: text("m"), ..data() }, "missing_field: data.status"),
            ("channel_heartbeat", data(), "missing_field: data.source"),
        ] {
            let error = Event::read(kind, data).unwrap_err().to_string();
            assert!(error.contains(wanted), "{kind}: {error}");
        }
    }

    #[test]
    fn what_is_read_is_written_back() {
        let call = EventData {
            direction: text("inbound"),
            outcome: text("abandoned"),
            wait_ms: Some(4_000),
            talk_ms: Some(0),
            ..data()
        };
        let set = EventData { category: text("complaint"), subtype: text("fraud"), ..data() };
        for (kind, data) in [
            ("message", EventData { text: text("hi"), subject: text("s"), ..data() }),
            ("call", call),
            ("category_set", set),
            ("closed", EventData { reason: text("spam"), ..data() }),
            ("delivered", EventData { message_id: text("m"), status: text("failed"), ..data() }),
            ("review", EventData { rating: Some(2), text: text("bad"), ..data() }),
        ] {
            assert_eq!(Event::read(kind, data.clone()).unwrap().data(), data, "{kind}");
        }
    }
}
