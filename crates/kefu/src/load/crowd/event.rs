//! From a step of a story to the event that gateways and shops would send.

use std::collections::BTreeMap;

use kefu_contracts::channel_event::{Actor, AfterSalesItem, ChannelEvent, EventData};
use kefu_contracts::order::{OrderEvent, OrderItem};
use kefu_contracts::{AfterSalesKind, Channel, Language, OrderStatus, Timestamp};

use super::Contact;
use super::dice::Dice;
use super::people::{agent, department};
use super::sentences::{self, PRODUCTS, Product, Texts};
use super::story::{Act, Deed};
use crate::replay::Recorded;

/// What an event has whatever happens.
pub(super) struct Frame<'a> {
    pub(super) seed: u64,
    /// Number of the event in the run, from 1.
    pub(super) number: u64,
    pub(super) tenant: &'a str,
    pub(super) at: Timestamp,
}

/// The event of the step at which `contact` stands.
pub(super) fn make(frame: &Frame<'_>, contact: &Contact, dice: &mut Dice) -> Recorded {
    match contact.this_step().map_or(Act::Contact(Deed::Ask), |step| step.act) {
        Act::Order(status) => Recorded::Order(Box::new(order_event(frame, contact, status))),
        Act::Contact(deed) => Recorded::Channel(Box::new(channel_event(frame, contact, deed, dice))),
    }
}

/// Orders of different seeds rarely meet.
fn order_id(frame: &Frame<'_>, contact: &Contact) -> String {
    format!("A{:05}{:06}", frame.seed % 100_000, contact.order.number)
}

fn product(contact: &Contact) -> Option<&'static Product> {
    PRODUCTS.get(usize::from(contact.order.product))
}

fn order_event(frame: &Frame<'_>, contact: &Contact, status: OrderStatus) -> OrderEvent {
    let is_sent = matches!(status, OrderStatus::Shipped | OrderStatus::OutForDelivery | OrderStatus::Delivered);
    let item = product(contact).map(|product| OrderItem {
        sku: product.sku.to_owned(),
        name: product.name(contact.customer().language()).to_owned(),
        category: Some(product.category.to_owned()),
        quantity: 1,
        unit_price: product.price,
    });
    OrderEvent {
        event_id: format!("o-{}-{}", frame.seed, frame.number),
        tenant: frame.tenant.to_owned(),
        order_id: order_id(frame, contact),
        customer_id: contact.customer().id(),
        occurred_at: frame.at,
        status,
        amount: item.as_ref().map(|item| item.unit_price),
        items: item.into_iter().collect(),
        currency: Some("CNY".to_owned()),
        carrier: is_sent.then(|| "SF Express".to_owned()),
        tracking_no: is_sent.then(|| format!("SF{:010}", contact.order.number)),
    }
}

fn channel_event(frame: &Frame<'_>, contact: &Contact, deed: Deed, dice: &mut Dice) -> ChannelEvent {
    let (kind, actor, data) = happening(frame, contact, deed, dice);
    let is_first = contact.step == 0;
    let names_order = is_first || matches!(deed, Deed::Facts | Deed::AfterSales(_));
    let mut attributes = BTreeMap::new();
    if is_first {
        attributes.insert("shop".to_owned(), format!("s{}", 1 + contact.number % 5));
        if let Some(product) = product(contact) {
            attributes.insert("product".to_owned(), product.sku.to_owned());
        }
    }
    ChannelEvent {
        event_id: format!("e-{}-{}", frame.seed, frame.number),
        tenant: frame.tenant.to_owned(),
        conversation_id: format!("c-{}-{}", frame.seed, contact.number),
        channel: contact.channel,
        occurred_at: frame.at,
        kind: kind.to_owned(),
        actor,
        data,
        customer: is_first.then(|| contact.customer().info()),
        order_ids: if names_order { vec![order_id(frame, contact)] } else { Vec::new() },
        attributes,
    }
}

/// The type of the event, who did it, and its fields.
fn happening(frame: &Frame<'_>, contact: &Contact, deed: Deed, dice: &mut Dice) -> (&'static str, Actor, EventData) {
    let mut say = |texts: &Texts| Some(spoken(texts, frame, contact, dice));
    let customer = || contact.customer().actor();
    let staff = || agent(u64::from(contact.agent));
    let none = EventData::default;
    match deed {
        Deed::Ask => {
            ("message", customer(), EventData { subject: subject(contact), text: opening(contact, say), ..none() })
        }
        Deed::Nudge => ("message", customer(), EventData { text: say(&sentences::NUDGE), ..none() }),
        Deed::Facts => ("message", customer(), EventData { text: say(&sentences::FACTS), ..none() }),
        Deed::Thanks => ("message", customer(), EventData { text: say(&sentences::THANKS), ..none() }),
        Deed::Confirmed => ("confirmed", customer(), none()),
        Deed::Dissatisfied => ("dissatisfied", customer(), EventData { text: say(&sentences::UNHAPPY), ..none() }),
        Deed::Call { answered } => {
            let summary = if answered { opening(contact, say) } else { None };
            let actor = if answered { staff() } else { customer() };
            ("call", actor, call(answered, summary, dice))
        }
        Deed::BadReview => {
            let text = opening(contact, say);
            let rating = 1 + dice.below(2).cast_signed();
            ("review", customer(), EventData { rating: Some(rating), text, ..none() })
        }
        Deed::Reply => ("message", staff(), EventData { text: say(&sentences::REPLY), ..none() }),
        Deed::Note => ("note", staff(), EventData { text: say(&sentences::INTERNAL), ..none() }),
        Deed::Assigned => ("assigned", staff(), EventData { agent_id: Some(staff().id), ..none() }),
        Deed::AskFacts => {
            let fields = vec!["order_id".to_owned(), "photo".to_owned()];
            ("info_requested", staff(), EventData { fields: Some(fields), text: say(&sentences::ASK_FACTS), ..none() })
        }
        Deed::Promise => {
            let text = say(&sentences::PROMISE);
            let hours = 4 + dice.below(44).cast_signed();
            let due_at = Some(frame.at.plus_ms(hours * 3_600_000));
            ("promised", staff(), EventData { due_at, text, ..none() })
        }
        Deed::Flag => ("flagged", staff(), EventData { flag: Some("special_attention".to_owned()), ..none() }),
        Deed::Consult => ("department_consulted", staff(), asked(say(&sentences::INTERNAL))),
        Deed::DepartmentAnswers => ("department_answered", department(WAREHOUSE), asked(say(&sentences::INTERNAL))),
        Deed::AfterSales(kind) => ("after_sales_requested", customer(), after_sales(kind, frame, contact)),
        Deed::AfterSalesDone => {
            ("after_sales_completed", staff(), EventData { order_id: Some(order_id(frame, contact)), ..none() })
        }
        Deed::Resolved => ("resolved", staff(), none()),
        Deed::Closed(reason) => ("closed", staff(), EventData { reason: Some(reason.to_owned()), ..none() }),
    }
}

const WAREHOUSE: &str = "warehouse";

fn asked(text: Option<String>) -> EventData {
    EventData { department: Some(WAREHOUSE.to_owned()), text, ..EventData::default() }
}

fn subject(contact: &Contact) -> Option<String> {
    let name = product(contact)?.name(contact.customer().language());
    (contact.channel == Channel::Email).then(|| name.to_owned())
}

fn opening(contact: &Contact, say: impl FnOnce(&Texts) -> Option<String>) -> Option<String> {
    contact.story().openings.get(usize::from(contact.opening)).and_then(|texts| say(texts))
}

fn call(answered: bool, summary: Option<String>, dice: &mut Dice) -> EventData {
    let (wait, talk) = (dice.delay_ms((3, 90)), dice.delay_ms((40, 900)));
    EventData {
        direction: Some("inbound".to_owned()),
        outcome: Some(if answered { "answered" } else { "abandoned" }.to_owned()),
        wait_ms: Some(wait),
        talk_ms: answered.then_some(talk),
        summary,
        ..EventData::default()
    }
}

fn after_sales(kind: AfterSalesKind, frame: &Frame<'_>, contact: &Contact) -> EventData {
    let item = product(contact).map(|product| AfterSalesItem {
        sku: product.sku.to_owned(),
        quantity: 1,
        category: Some(product.category.to_owned()),
    });
    EventData {
        kind: Some(kind.as_str().to_owned()),
        order_id: Some(order_id(frame, contact)),
        items: item.map(|item| vec![item]),
        reason: Some("quality".to_owned()),
        condition: Some("unused".to_owned()),
        ..EventData::default()
    }
}

/// One of `texts` in the customer's language, with the order and product filled in.
fn spoken(texts: &Texts, frame: &Frame<'_>, contact: &Contact, dice: &mut Dice) -> String {
    let language: Language = contact.customer().language();
    let template = dice.pick(texts.of(language), "");
    let mut text = String::with_capacity(template.len() + 24);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after)) = after.split_once('}') else { break };
        match name {
            "order" => text.push_str(&order_id(frame, contact)),
            _ => text.push_str(product(contact).map_or("", |product| product.name(language))),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::super::story::CONTACTS;
    use super::*;

    /// A placeholder that nobody fills would be read as a product.
    #[test]
    fn sentences_name_only_what_is_filled_in() {
        let openings = CONTACTS.iter().flat_map(|story| story.openings.iter().copied());
        let further = [&sentences::FACTS, &sentences::REPLY, &sentences::NUDGE, &sentences::THANKS];
        for texts in openings.chain(further) {
            for text in [Language::ZhHans, Language::ZhHant, Language::En].into_iter().flat_map(|of| texts.of(of)) {
                let left = text.replace("{order}", "").replace("{product}", "");
                assert!(!left.contains(['{', '}']), "{text}");
            }
        }
    }
}
