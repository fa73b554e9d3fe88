//! A case as its inputs make it.
//!
//! Owns what is kept of a case between inputs, and how it looks from outside: the snapshot, and the context of a fact.

use std::collections::BTreeMap;

use kefu_contracts::case::Case;
use kefu_contracts::case_event::{CaseContext, Verdict};
use kefu_contracts::priority::Standing;
use kefu_contracts::{ActorKind, Category, Channel, Flag, Priority, Status, Timestamp};
use serde::{Deserialize, Serialize};

use super::event::{Event, cut};
use super::input::{Content, Input};
use super::known_customer::{Given, KnownCustomer};
use super::missing;

/// Customers kept of a case, of which the last is the one it has.
const MAX_CUSTOMERS: usize = 4;
/// Orders kept of a case, and the bytes of their numbers together; further ones are not taken.
const MAX_ORDERS: usize = 100;
const MAX_ORDER_BYTES: usize = 8_192;
/// Labels kept of a case, and their bytes together; what does not fit is not taken.
const MAX_LABELS: usize = 64;
const MAX_LABEL_BYTES: usize = 16_384;
/// Bytes kept of what was found or done; the fact that tells of it has all of it.
const MAX_SUMMARY: usize = 8_192;
/// The most that facts within these bounds take when they are stored, in bytes.
pub const MAX_FACTS: usize = 53_248;

/// What people of the shop have set, so that the classifier leaves it alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetByPerson {
    /// Category and subtype.
    pub category: bool,
    /// The severity.
    pub severity: bool,
    /// The priority.
    pub priority: bool,
}

/// A case as its inputs make it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Where it was opened.
    pub channel: Channel,
    /// Where it stands.
    pub status: Status,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The event that opened it.
    pub opened_by: String,
    /// Who the customer was said to be, the latest last.
    pub customers: Vec<KnownCustomer>,
    /// Orders named, in the order of their first mention.
    pub order_ids: Vec<String>,
    /// Labels, the last value of each.
    pub attributes: BTreeMap<String, String>,
    /// What it is about.
    pub verdict: Verdict,
    /// What is done first.
    pub priority: Option<Priority>,
    /// What people have set.
    pub set_by_person: SetByPerson,
    /// Whether the customer said what happened.
    pub has_content: bool,
    /// Whether the customer said when it happened.
    pub has_time: bool,
    /// Whether it was noticed that facts are missing.
    pub info_missing: bool,
    /// The agent responsible.
    pub assignee: Option<String>,
    /// The team responsible.
    pub team: Option<String>,
    /// The department consulted last.
    pub department: Option<String>,
    /// Marks.
    pub flags: Vec<Flag>,
    /// Whether its receipt is to be acknowledged to the customer.
    pub owes_acknowledgement: bool,
    /// When its receipt was acknowledged.
    pub acknowledged_at: Option<Timestamp>,
    /// When the customer first turned to the shop.
    pub first_contact_at: Option<Timestamp>,
    /// When a person first replied to that.
    pub first_reply_at: Option<Timestamp>,
    /// The customer's latest message.
    pub last_customer_message_at: Option<Timestamp>,
    /// The latest reply by a person.
    pub last_agent_message_at: Option<Timestamp>,
    /// The instant promised, while a promise is open.
    pub promised_until: Option<Timestamp>,
    /// When it was last resolved, while it stays so.
    pub resolved_at: Option<Timestamp>,
    /// When the customer confirmed the solution, while it stays so.
    pub confirmed_at: Option<Timestamp>,
    /// When it was last closed, while it stays so.
    pub closed_at: Option<Timestamp>,
    /// How often it was reopened.
    pub reopen_count: i64,
    /// Messages by the customer.
    pub customer_messages: i64,
    /// Replies by people.
    pub agent_messages: i64,
    /// Whether a bot replied.
    pub bot_replied: bool,
    /// The case that took it in.
    pub merged_into: Option<String>,
    /// What was found or done.
    pub summary: Option<String>,
    /// When it closes by itself.
    pub auto_close_at: Option<Timestamp>,
    /// When it last closed by itself.
    pub auto_closed_at: Option<Timestamp>,
}

impl Facts {
    /// A case that `input` opens at `at`.
    pub fn opened_by(input: &Input, at: Timestamp) -> Self {
        Self {
            channel: input.channel,
            status: Status::Open,
            opened_at: at,
            opened_by: input.id.clone(),
            customers: Vec::new(),
            order_ids: Vec::new(),
            attributes: BTreeMap::new(),
            verdict: Verdict::default(),
            priority: None,
            set_by_person: SetByPerson::default(),
            has_content: false,
            has_time: false,
            info_missing: false,
            assignee: None,
            team: None,
            department: None,
            flags: Vec::new(),
            owes_acknowledgement: false,
            acknowledged_at: None,
            first_contact_at: None,
            first_reply_at: None,
            last_customer_message_at: None,
            last_agent_message_at: None,
            promised_until: None,
            resolved_at: None,
            confirmed_at: None,
            closed_at: None,
            reopen_count: 0,
            customer_messages: 0,
            agent_messages: 0,
            bot_replied: false,
            merged_into: None,
            summary: None,
            auto_close_at: None,
            auto_closed_at: None,
        }
    }

    /// Takes in who the customer is, which orders are named and which labels given, whatever the input is.
    pub fn learn(&mut self, input: &Input, at: Timestamp) {
        self.learn_customer(input, at);
        input.order_ids.iter().for_each(|order_id| self.name_order(order_id));
        if let Content::Event(Event::AfterSalesRequested(request)) = &input.content {
            self.name_order(&request.order_id);
        }
        if let Content::Event(Event::CaseOpened { order_id: Some(order_id), .. }) = &input.content {
            self.name_order(order_id);
        }
        input.attributes.iter().for_each(|(name, value)| self.label(name, value));
    }

    fn label(&mut self, name: &str, value: &str) {
        let others = self.attributes.iter().filter(|(known, _)| *known != name);
        let (count, bytes) = others.fold((1, name.len() + value.len()), |(count, bytes), (name, value)| {
            (count + 1, bytes + name.len() + value.len())
        });
        if count <= MAX_LABELS && bytes <= MAX_LABEL_BYTES {
            self.attributes.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Takes note of what was found or done.
    pub fn summarise(&mut self, summary: &str) {
        let mut summary = summary.to_owned();
        cut(&mut summary, MAX_SUMMARY);
        self.summary = Some(summary);
    }

    /// The customer is who the event says; if it does not say, whoever is known; else who wrote it.
    fn learn_customer(&mut self, input: &Input, at: Timestamp) {
        let writer = input.actor.as_ref().filter(|actor| actor.kind == ActorKind::Customer);
        let told = input.customer.as_ref().map(|info| info.id.as_str());
        let writes = writer.filter(|_| self.customers.is_empty()).map(|actor| actor.id.as_str());
        if let Some(id) = told.or(writes)
            && self.customer().is_none_or(|known| known.id != id)
        {
            let place = self.customers.iter().position(|known| known.id == id);
            let known = place.map_or_else(|| KnownCustomer::new(id), |place| self.customers.remove(place));
            self.customers.push(known);
            if self.customers.len() > MAX_CUSTOMERS {
                self.customers.remove(0);
            }
        }
        let Some(known) = self.customers.last_mut() else { return };
        if let Some(info) = &input.customer {
            known.learn(info, at);
        }
        if let Some(name) = writer.and_then(|actor| actor.name.clone())
            && known.name.is_none()
        {
            known.name = Some(Given { value: name, at });
        }
    }

    /// The customer, as far as known.
    pub fn customer(&self) -> Option<&KnownCustomer> {
        self.customers.last()
    }

    /// Takes note of an order.
    pub fn name_order(&mut self, order_id: &str) {
        if self.order_ids.iter().any(|known| known == order_id) {
            return;
        }
        let bytes: usize = self.order_ids.iter().map(String::len).sum();
        if self.order_ids.len() < MAX_ORDERS && bytes + order_id.len() <= MAX_ORDER_BYTES {
            self.order_ids.push(order_id.to_owned());
        }
    }

    /// Whether the category is `category`.
    pub fn is(&self, category: Category) -> bool {
        self.verdict.category == Some(category)
    }

    /// What decides what is done first.
    pub fn standing(&self) -> Standing<'_> {
        let tier = self.customer().and_then(|known| known.tier.as_ref());
        Standing {
            severity: self.verdict.severity,
            channel: self.channel,
            tier: tier.map(|given| given.value.as_str()),
            important: self.flags.contains(&Flag::Important),
            category: self.verdict.category,
        }
    }

    /// What a fact tells of the case beside itself.
    pub fn context(&self) -> CaseContext {
        let value = |given: &Given| given.value.clone();
        let customer = self.customer();
        CaseContext {
            customer_id: customer.map(|known| known.id.clone()),
            tier: customer.and_then(|known| known.tier.as_ref()).map(value),
            address: customer.and_then(|known| known.address(self.channel)).map(str::to_owned),
            locale: customer.and_then(|known| known.locale.as_ref()).map(value),
            order_ids: self.order_ids.clone(),
            shop: self.attributes.get("shop").cloned(),
            product: self.attributes.get("product").cloned(),
            assignee: self.assignee.clone(),
            team: self.team.clone(),
            priority: self.priority,
        }
    }

    /// The snapshot of the case called `case_id`.
    pub fn snapshot(&self, tenant: &str, conversation_id: &str, case_id: &str, revision: i64) -> Case {
        Case {
            case_id: case_id.to_owned(),
            tenant: tenant.to_owned(),
            conversation_id: conversation_id.to_owned(),
            channel: self.channel,
            status: self.status,
            revision,
            customer: self.customer().map(KnownCustomer::info),
            order_ids: self.order_ids.clone(),
            category: self.verdict.category,
            subtype: self.verdict.subtype,
            severity: self.verdict.severity,
            priority: self.priority,
            sentiment: self.verdict.sentiment,
            language: self.verdict.language,
            confidence: self.verdict.confidence,
            assignee: self.assignee.clone(),
            team: self.team.clone(),
            department: self.department.clone(),
            flags: self.flags.clone(),
            missing_fields: missing::of(self).into_iter().map(str::to_owned).collect(),
            opened_at: self.opened_at,
            acknowledged_at: self.acknowledged_at,
            first_reply_at: self.first_reply_at,
            last_customer_message_at: self.last_customer_message_at,
            last_agent_message_at: self.last_agent_message_at,
            promised_until: self.promised_until,
            resolved_at: self.resolved_at,
            confirmed_at: self.confirmed_at,
            closed_at: self.closed_at,
            reopen_count: self.reopen_count,
            customer_messages: self.customer_messages,
            agent_messages: self.agent_messages,
            auto_answered: self.bot_replied && self.agent_messages == 0,
            merged_into: self.merged_into.clone(),
            summary: self.summary.clone(),
            attributes: self.attributes.clone(),
        }
    }
}
