//! A made-up event as a line of JSON, without the fields it does not have.
//!
//! The general form of an event writes every absent field as null, which makes a line five times as long.

use std::collections::BTreeMap;
use std::io::Write;

use kefu_contracts::channel_event::{Actor, AfterSalesItem, ChannelEvent, CustomerInfo, EventData};
use kefu_contracts::{Channel, Timestamp};
use serde::Serialize;

use crate::replay::Recorded;

#[derive(Serialize)]
struct Line<'a> {
    event_id: &'a str,
    tenant: &'a str,
    conversation_id: &'a str,
    channel: Channel,
    occurred_at: Timestamp,
    #[serde(rename = "type")]
    kind: &'a str,
    actor: &'a Actor,
    data: Data<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<&'a CustomerInfo>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    order_ids: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: &'a BTreeMap<String, String>,
}

/// The fields that made-up events have.
macro_rules! data {
    ($($field:ident: $type:ty),+ $(,)?) => {
        #[derive(Serialize)]
        struct Data<'a> {
            $(#[serde(skip_serializing_if = "Option::is_none")] $field: Option<&'a $type>),+
        }

        impl<'a> Data<'a> {
            fn of(data: &'a EventData) -> Self {
                Self { $($field: data.$field.as_ref()),+ }
            }
        }
    };
}

data! {
    text: String, subject: String, direction: String, outcome: String, wait_ms: i64, talk_ms: i64, summary: String,
    agent_id: String, fields: Vec<String>, due_at: Timestamp, department: String, reason: String, flag: String,
    kind: String, order_id: String, items: Vec<AfterSalesItem>, condition: String, rating: i64,
}

/// Writes a made-up event and the end of its line.
///
/// # Errors
/// If `out` does not take it.
pub(super) fn write(recorded: &Recorded, mut out: impl Write) -> std::io::Result<()> {
    match recorded {
        Recorded::Channel(event) => serde_json::to_writer(&mut out, &line(event))?,
        Recorded::Order(event) => serde_json::to_writer(&mut out, event)?,
        Recorded::Command(command) => serde_json::to_writer(&mut out, command)?,
    }
    out.write_all(b"\n")
}

fn line(event: &ChannelEvent) -> Line<'_> {
    Line {
        event_id: &event.event_id,
        tenant: &event.tenant,
        conversation_id: &event.conversation_id,
        channel: event.channel,
        occurred_at: event.occurred_at,
        kind: &event.kind,
        actor: &event.actor,
        data: Data::of(&event.data),
        customer: event.customer.as_ref(),
        order_ids: &event.order_ids,
        attributes: &event.attributes,
    }
}

#[cfg(test)]
mod tests {
    use kefu_contracts::order::OrderEvent;

    use super::super::crowd::{Crowd, Shape};
    use super::*;

    #[test]
    fn a_line_is_read_as_the_event_it_was() {
        let tenants = vec!["load-1".to_owned()];
        let mut crowd = Crowd::new(Shape { seed: 9, tenants, open_max: 5_000, customers: 900, orders: true });
        for n in 0..20_000 {
            let made = crowd.next(Timestamp::from_ms(1_772_380_800_000 + n * 5_000));
            let mut text = Vec::new();
            write(&made, &mut text).unwrap();
            match made {
                Recorded::Channel(event) => {
                    assert_eq!(serde_json::from_slice::<ChannelEvent>(&text).unwrap(), *event);
                }
                Recorded::Order(event) => assert_eq!(serde_json::from_slice::<OrderEvent>(&text).unwrap(), *event),
                Recorded::Command(command) => panic!("nobody commands here: {command:?}"),
            }
        }
    }
}
