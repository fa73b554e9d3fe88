//! How large an event and its fields may be.
//!
//! Owns the numbers: what is larger is refused before it reaches a case, so that states and facts stay small. How much
//! of many events a conversation keeps is `budget`'s matter.

use kefu_contracts::channel_event::{ChannelEvent, EventData};
use kefu_contracts::{Code, Reject};

/// Bytes of all fields of an event together.
pub const MAX_EVENT: usize = 98_304;
/// Bytes of an id, a name, an address.
pub const MAX_ID: usize = 256;
/// Bytes of a case's id: its conversation's, `#` and a number of up to ten digits.
const MAX_CASE_ID: usize = MAX_ID + 11;
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
    let mut sizes = Sizes { together: 0, found: Ok(()) };
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
    sizes.result()
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
    sizes.optional("data.into_case_id", data.into_case_id.as_ref(), MAX_CASE_ID);
    let fields = [
        ("data.subject", &data.subject),
        ("data.recording", &data.recording),
        ("data.reason", &data.reason),
        ("data.condition", &data.condition),
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

/// Adds up, and remembers the first fault.
struct Sizes {
    together: usize,
    found: Result<(), Reject>,
}

impl Sizes {
    fn optional(&mut self, name: &str, value: Option<&String>, most: usize) {
        if let Some(value) = value {
            self.text(name, value, most);
        }
    }

    fn text(&mut self, name: &str, value: &str, most: usize) {
        self.together += value.len();
        if value.len() > most {
            self.fault(|| format!("{name} has {} bytes, more than {most}; shorten it or refer to it", value.len()));
        }
    }

    fn list(&mut self, name: &str, length: usize, most: usize) {
        if length > most {
            self.fault(|| format!("{name} has {length} entries, more than {most}; send them in several events"));
        }
    }

    fn fault(&mut self, detail: impl FnOnce() -> String) {
        if self.found.is_ok() {
            self.found = Err(Reject::new(Code::TooLarge, detail()));
        }
    }

    fn result(mut self) -> Result<(), Reject> {
        let together = self.together;
        if together > MAX_EVENT {
            self.fault(|| format!("the event's fields have {together} bytes, more than {MAX_EVENT}; send several"));
        }
        self.found
    }
}
