//! The messages about a survey: the invitation, the reminder, and the customer's word that nothing is solved.
//!
//! Owns their ids, recipients and data. The link itself is made where the message leaves kefu: keys are kept there.

use kefu_contracts::channel_event::{Actor, ChannelEvent, EventData};
use kefu_contracts::id::hash_id;
use kefu_contracts::outbound::{OutboundKind, OutboundMessage, Recipient};
use kefu_contracts::partition::conversation_of;
use kefu_contracts::survey::Survey;
use kefu_contracts::{ActorKind, Channel, Json, Timestamp};
use serde_json::json;

use super::resolution::Addressee;
use super::texts;

/// A message to the customer about a survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// The first.
    Invitation,
    /// The second, if the first was not answered.
    Reminder,
}

/// The message that asks `addressee` to answer `survey`. After `window_until` the channel may not be used.
pub fn asking(
    what: Asking,
    survey: &Survey,
    addressee: &Addressee,
    factors: &[String],
    window_until: Option<Timestamp>,
    at: Timestamp,
) -> OutboundMessage {
    let (name, kind, text) = match what {
        Asking::Invitation => ("survey_invitation", OutboundKind::Survey, texts::invitation(survey.language)),
        Asking::Reminder => ("survey_reminder", OutboundKind::Reminder, texts::reminder(survey.language)),
    };
    let levels: Vec<_> =
        texts::levels(survey.language).map(|(score, text)| json!({"score": score, "text": text})).collect();
    OutboundMessage {
        message_id: hash_id(&[name, &survey.tenant, &survey.survey_id]),
        tenant: survey.tenant.clone(),
        conversation_id: Some(conversation_of(&survey.case_id).to_owned()),
        case_id: Some(survey.case_id.clone()),
        recipient: Recipient {
            kind: "customer".to_owned(),
            id: addressee.customer_id.clone(),
            address: addressee.address.clone(),
        },
        channel: survey.channel,
        kind,
        language: survey.language,
        subject: (survey.channel == Channel::Email).then(|| texts::subject(survey.language).to_owned()),
        text: text.to_owned(),
        data: Some(Json(json!({
            "survey_id": survey.survey_id,
            "expires_at": survey.expires_at,
            "levels": levels,
            "factors": factors,
        }))),
        at,
        expires_at: Some(window_until.map_or(survey.expires_at, |until| until.min(survey.expires_at))),
    }
}

/// The event that says in the conversation what the customer answered: the problem is not solved.
pub fn dissatisfied(survey: &Survey, addressee: &Addressee, at: Timestamp) -> ChannelEvent {
    ChannelEvent {
        event_id: hash_id(&["survey_dissatisfied", &survey.tenant, &survey.survey_id]),
        tenant: survey.tenant.clone(),
        conversation_id: conversation_of(&survey.case_id).to_owned(),
        channel: survey.channel,
        occurred_at: at,
        kind: "dissatisfied".to_owned(),
        actor: Actor { kind: ActorKind::Customer, id: addressee.customer_id.clone(), name: None },
        data: EventData { text: survey.comment.clone(), ..EventData::default() },
        customer: None,
        order_ids: Vec::new(),
        attributes: std::collections::BTreeMap::new(),
    }
}
