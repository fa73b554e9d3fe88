//! How large an event and its fields may be.
//!
//! Owns the numbers: what is larger is refused before it reaches a case, so that states and facts stay small.

use kefu_contracts::channel_event::{ChannelEvent, EventData};
use kefu_contracts::{Code, Reject};

/// Bytes of an id, a name, an address.
pub const MAX_ID: usize = 256;
/// Bytes of a text.
pub const MAX_TEXT: usize = 65_536;
/// Bytes of any other field.
pub const MAX_FIELD: usize = 4_096;
/// Entries of a list.
pub const MAX_LIST: usize = 100;
/// Labels of an event.
pub const MAX_LABELS: usize = 32;

/// Checks the sizes of an event.
///
/// # Errors
/// The first field that is too large.
pub fn check(event: &ChannelEvent) -> Result<(), Reject> {
    let mut sizes = Sizes(Ok(()));
    sizes.text("event_id", &event.event_id, MAX_ID);
    sizes.text("conversation_id", &event.conversation_id, MAX_ID);
    sizes.text("type", &event.kind, MAX_ID);
    sizes.text("actor.id", &event.actor.id, MAX_ID);
    sizes.optional("actor.name", event.actor.name.as_ref(), MAX_ID);
    if let Some(customer) = &event.customer {
        sizes.text("customer.id", &customer.id, MAX_ID);
        let fields = [&customer.name, &customer.phone, &customer.email, &customer.tier, &customer.locale];
        for field in fields {
            sizes.optional("customer", field.as_ref(), MAX_ID);
        }
    }
    sizes.list("order_ids", event.order_ids.len(), MAX_LIST);
    for order_id in &event.order_ids {
        sizes.text("order_ids", order_id, MAX_ID);
    }
    sizes.list("attributes", event.attributes.len(), MAX_LABELS);
    for (name, value) in &event.attributes {
        sizes.text("attributes", name, MAX_ID);
        sizes.text("attributes", value, MAX_FIELD);
    }
    data(&event.data, &mut sizes);
    sizes.0
}

fn data(data: &EventData, sizes: &mut Sizes) {
    sizes.optional("data.text", data.text.as_ref(), MAX_TEXT);
    sizes.optional("data.summary", data.summary.as_ref(), MAX_TEXT);
    let ids = [
        ("data.agent_id", &data.agent_id),
        ("data.team", &data.team),
        ("data.department", &data.department),
        ("data.method", &data.method),
        ("data.order_id", &data.order_id),
        ("data.message_id", &data.message_id),
        ("data.source", &data.source),
    ];
    for (name, field) in ids {
        sizes.optional(name, field.as_ref(), MAX_ID);
    }
    let fields = [
        ("data.subject", &data.subject),
        ("data.recording", &data.recording),
        ("data.reason", &data.reason),
        ("data.condition", &data.condition),
        ("data.into_case_id", &data.into_case_id),
    ];
    for (name, field) in fields {
        sizes.optional(name, field.as_ref(), MAX_FIELD);
    }
    for (name, list) in [("data.fields", &data.fields), ("data.reasons", &data.reasons), ("data.steps", &data.steps)] {
        sizes.list(name, list.as_ref().map_or(0, Vec::len), MAX_LIST);
        for entry in list.iter().flatten() {
            sizes.text(name, entry, MAX_FIELD);
        }
    }
    sizes.list("data.attachments", data.attachments.as_ref().map_or(0, Vec::len), MAX_LIST);
    for attachment in data.attachments.iter().flatten() {
        sizes.text("data.attachments", &attachment.uri, MAX_FIELD);
        sizes.text("data.attachments", &attachment.media_type, MAX_ID);
        sizes.optional("data.attachments", attachment.sha256.as_ref(), MAX_ID);
    }
    sizes.list("data.items", data.items.as_ref().map_or(0, Vec::len), MAX_LIST);
    for item in data.items.iter().flatten() {
        sizes.text("data.items", &item.sku, MAX_ID);
        sizes.optional("data.items", item.category.as_ref(), MAX_ID);
    }
}

/// Remembers the first fault.
struct Sizes(Result<(), Reject>);

impl Sizes {
    fn optional(&mut self, name: &str, value: Option<&String>, most: usize) {
        if let Some(value) = value {
            self.text(name, value, most);
        }
    }

    fn text(&mut self, name: &str, value: &str, most: usize) {
        if value.len() > most && self.0.is_ok() {
            let detail = format!("{name} has {} bytes, more than {most}; shorten it or refer to it", value.len());
            self.0 = Err(Reject::new(Code::TooLarge, detail));
        }
    }

    fn list(&mut self, name: &str, length: usize, most: usize) {
        if length > most && self.0.is_ok() {
            let detail = format!("{name} has {length} entries, more than {most}; send them in several events");
            self.0 = Err(Reject::new(Code::TooLarge, detail));
        }
    }
}
