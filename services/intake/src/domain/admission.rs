//! Which events are taken in at all.
//!
//! Owns the checks that need nothing but the event: key, ids, time, sizes, fields. What passes is typed and masked.

use kefu_contracts::channel_event::ChannelEvent;
use kefu_contracts::{ActorKind, Code, Reject, Timestamp};

use super::event::Event;
use super::input::{Content, Input, Rank};
use super::limits;

/// 2000-01-01T00:00:00Z: earlier instants are mistakes of a clock.
const EARLIEST: Timestamp = Timestamp::from_ms(946_684_800_000);
/// How far ahead a gateway's clock may be.
pub const MOST_AHEAD_MS: i64 = 5 * 60_000;
const MAX_TENANT: usize = 64;

/// Checks an event received under `key` and makes it an input. `now` is the wall clock, if there is one.
///
/// # Errors
/// If the event must not be taken in, and why.
pub fn admit(event: ChannelEvent, key: &str, now: Option<Timestamp>) -> Result<Input, Reject> {
    check_frame(&event, key, now)?;
    let rank = match event.actor.kind {
        ActorKind::Bot | ActorKind::System => Rank::Internal,
        _ => Rank::External,
    };
    let mut content = Event::read(&event.kind, event.data)?;
    content.mask();
    Ok(Input {
        at: event.occurred_at,
        rank,
        id: event.event_id,
        origin: None,
        channel: event.channel,
        actor: Some(event.actor),
        customer: event.customer.map(Box::new),
        order_ids: event.order_ids,
        attributes: event.attributes,
        content: Content::Event(content),
    })
}

/// Checks whether an event to be sent under `key` would be taken in.
///
/// # Errors
/// If it would not, and why.
pub fn check(event: &ChannelEvent, key: &str, now: Option<Timestamp>) -> Result<(), Reject> {
    check_frame(event, key, now)?;
    Event::read(&event.kind, event.data.clone()).map(|_| ())
}

/// Checks all but the fields of the event's type.
fn check_frame(event: &ChannelEvent, key: &str, now: Option<Timestamp>) -> Result<(), Reject> {
    check_key(&event.tenant, &event.conversation_id, key, "conversation_id")?;
    check_time(event.occurred_at, now)?;
    limits::check(event)?;
    for (name, id) in [("event_id", &event.event_id), ("actor.id", &event.actor.id)] {
        if id.is_empty() {
            return Err(Reject::new(Code::MissingField, format!("{name} is empty; give the {name} of the event")));
        }
    }
    Ok(())
}

/// Checks that `key` is `tenant/id`.
///
/// # Errors
/// If it is not, or the tenant is no `[a-z0-9_-]{1,64}`.
pub fn check_key(tenant: &str, id: &str, key: &str, name: &str) -> Result<(), Reject> {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    if tenant.is_empty() || tenant.len() > MAX_TENANT || !tenant.bytes().all(allowed) {
        return Err(Reject::new(Code::InvalidField, "tenant is none; 1 to 64 of a-z, 0-9, _ and - are taken"));
    }
    if id.is_empty() {
        return Err(Reject::new(Code::MissingField, format!("{name} is empty; give the id")));
    }
    if key.split_once('/') != Some((tenant, id)) {
        return Err(Reject::new(Code::BadKey, format!("the key is not tenant/{name}; send the event under that key")));
    }
    Ok(())
}

/// Checks that an instant is neither before 2000 nor, live, too far ahead.
///
/// # Errors
/// If it is.
pub fn check_time(at: Timestamp, now: Option<Timestamp>) -> Result<(), Reject> {
    if at < EARLIEST {
        return Err(Reject::new(Code::TimeOutOfRange, format!("occurred_at {at} is before 2000; set the clock")));
    }
    if now.is_some_and(|now| at > now.plus_ms(MOST_AHEAD_MS)) {
        return Err(Reject::new(
            Code::TimeOutOfRange,
            format!("occurred_at {at} is more than 5 min ahead; set the clock"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use kefu_contracts::Channel;
    use kefu_contracts::channel_event::{Actor, EventData};

    use super::*;

    fn event() -> ChannelEvent {
        ChannelEvent {
            event_id: "e-1".to_owned(),
            tenant: "demo".to_owned(),
            conversation_id: "c-1".to_owned(),
            channel: Channel::Chat,
            occurred_at: Timestamp::from_ms(1_772_413_200_000),
            kind: "message".to_owned(),
            actor: Actor { kind: ActorKind::Customer, id: "u".to_owned(), name: None },
            data: EventData { text: Some("call 13800138000".to_owned()), ..EventData::default() },
            customer: None,
            order_ids: Vec::new(),
            attributes: Default::default(),
        }
    }

    fn refused(event: ChannelEvent, now: Option<Timestamp>) -> Code {
        admit(event, "demo/c-1", now).unwrap_err().code
    }

    #[test]
    fn what_is_taken_in_is_masked() {
        let input = admit(event(), "demo/c-1", None).unwrap();
        let Content::Event(Event::Message { text, .. }) = input.content else { panic!("no message") };
        assert_eq!(text.as_deref(), Some("call [phone]"));
    }

    #[test]
    fn what_is_refused() {
        let at = event().occurred_at;
        let before_2000 = ChannelEvent { occurred_at: Timestamp::from_ms(946_684_799_999), ..event() };
        assert_eq!(refused(before_2000, None), Code::TimeOutOfRange);
        assert_eq!(refused(event(), Some(at.plus_ms(-MOST_AHEAD_MS - 1))), Code::TimeOutOfRange);
        assert!(admit(event(), "demo/c-1", Some(at.plus_ms(-MOST_AHEAD_MS))).is_ok());
        assert_eq!(refused(ChannelEvent { tenant: "other".to_owned(), ..event() }, None), Code::BadKey);
        assert_eq!(refused(ChannelEvent { tenant: "De/mo".to_owned(), ..event() }, None), Code::InvalidField);
        assert_eq!(refused(ChannelEvent { event_id: String::new(), ..event() }, None), Code::MissingField);
        let long = EventData { text: Some("x".repeat(limits::MAX_TEXT + 1)), ..EventData::default() };
        assert_eq!(refused(ChannelEvent { data: long, ..event() }, None), Code::TooLarge);
        let labels = |count: usize| (0..count).map(|number| (format!("k{number}"), "v".repeat(4_096))).collect();
        let text = EventData { text: Some("x".repeat(limits::MAX_TEXT)), ..EventData::default() };
        let full = |labels| ChannelEvent { data: text.clone(), attributes: labels, ..event() };
        assert!(admit(full(labels(7)), "demo/c-1", None).is_ok());
        assert_eq!(refused(full(labels(8)), None), Code::TooLarge);
        let many = vec![String::new(); limits::MAX_LIST + 1];
        assert_eq!(refused(ChannelEvent { order_ids: many, ..event() }, None), Code::TooLarge);
    }
}
