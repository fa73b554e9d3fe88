//! A made-up crowd: customers who write, call and order, and agents who answer.
//!
//! Owns which event comes next. Time comes to it as data, everything else follows from the seed. Memory follows the
//! contacts that are open at once, and these are bounded.

mod dice;
mod event;
mod people;
mod sentences;
mod story;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use kefu_contracts::{Channel, Timestamp};

use self::dice::Dice;
use self::people::{AGENTS, Customer};
use self::story::{CONTACTS, ORDER, Step, Story};
use crate::replay::Recorded;

/// Orders of a tenant that new contacts may be about.
const ORDERS_KEPT: usize = 512;
/// How often a contact is about an order that was made up before.
const ABOUT_KNOWN_ORDER: u8 = 70;

/// What a crowd is like.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// The same seed makes the same events of the same instants.
    pub seed: u64,
    /// The shops.
    pub tenants: Vec<String>,
    /// Contacts and orders that run at once.
    pub open_max: usize,
    /// Customers of each shop.
    pub customers: u32,
    /// Whether orders are made up too.
    pub orders: bool,
}

/// A crowd at some instant.
#[derive(Debug)]
pub(crate) struct Crowd {
    shape: Shape,
    dice: Dice,
    open: BinaryHeap<Reverse<Contact>>,
    /// Contacts begun.
    contacts: u64,
    /// Events made.
    events: u64,
    /// Orders placed.
    orders: u64,
    recent: Vec<VecDeque<KnownOrder>>,
}

/// An order that contacts may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct KnownOrder {
    number: u64,
    customer: u32,
    product: u8,
}

/// A contact on its way: where it stands, and when it goes on. The order of the fields is the order of the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Contact {
    due: Timestamp,
    number: u64,
    /// Its place in [`CONTACTS`]; none for an order.
    story: Option<u8>,
    step: u8,
    tenant: u16,
    order: KnownOrder,
    channel: Channel,
    opening: u8,
    agent: u8,
}

impl Contact {
    fn story(&self) -> &'static Story {
        self.story.and_then(|index| CONTACTS.get(usize::from(index))).unwrap_or(&ORDER)
    }

    fn this_step(&self) -> Option<&'static Step> {
        self.story().steps.get(usize::from(self.step))
    }

    fn customer(&self) -> Customer {
        Customer::new(usize::from(self.tenant), self.order.customer)
    }
}

impl Crowd {
    pub(crate) fn new(shape: Shape) -> Self {
        let dice = Dice::new(shape.seed);
        let recent = shape.tenants.iter().map(|_| VecDeque::with_capacity(ORDERS_KEPT)).collect();
        Self { shape, dice, open: BinaryHeap::new(), contacts: 0, events: 0, orders: 0, recent }
    }

    /// The event that happens at `now`: the contact that is due longest goes on, or else a new one begins. If too many
    /// are open already, the next one goes on before its time.
    pub(crate) fn next(&mut self, now: Timestamp) -> Recorded {
        let is_due = self.open.peek().is_some_and(|Reverse(next)| next.due <= now);
        let is_full = self.open.len() >= self.shape.open_max.max(1);
        let waiting = if is_due || is_full { self.open.pop() } else { None };
        let contact = match waiting {
            Some(Reverse(waiting)) => waiting,
            None => self.begin(now),
        };
        let event = self.make(&contact, now);
        if let Some(further) = self.further(contact, now) {
            self.open.push(Reverse(further));
        }
        event
    }

    fn begin(&mut self, now: Timestamp) -> Contact {
        // the first shops are the larger ones
        let shops = self.shape.tenants.len() as u64;
        let tenant = usize::try_from(self.dice.below(shops).min(self.dice.below(shops))).unwrap_or(0);
        self.contacts += 1;
        let story = self.choose_story();
        let order = match story {
            Some(_) => self.known_order(tenant),
            None => self.new_order(tenant),
        };
        let told = story.and_then(|index| CONTACTS.get(usize::from(index))).unwrap_or(&ORDER);
        let channel = self.dice.pick(told.channels, Channel::Chat);
        let opening = self.dice.below(told.openings.len() as u64);
        let agent = 1 + self.dice.below(AGENTS);
        let small = |number: u64| u8::try_from(number).unwrap_or(0);
        Contact {
            due: now,
            number: self.contacts,
            story,
            step: 0,
            tenant: u16::try_from(tenant).unwrap_or(0),
            order,
            channel,
            opening: small(opening),
            agent: small(agent),
        }
    }

    fn choose_story(&mut self) -> Option<u8> {
        let orders = if self.shape.orders { ORDER.weight } else { 0 };
        let all: u64 = CONTACTS.iter().map(|story| story.weight).sum();
        let mut drawn = self.dice.below(all + orders);
        for (index, story) in (0..).zip(CONTACTS) {
            if drawn < story.weight {
                return Some(index);
            }
            drawn -= story.weight;
        }
        None
    }

    fn new_order(&mut self, tenant: usize) -> KnownOrder {
        let order = self.any_order();
        if let Some(recent) = self.recent.get_mut(tenant) {
            if recent.len() == ORDERS_KEPT {
                recent.pop_front();
            }
            recent.push_back(order);
        }
        order
    }

    fn any_order(&mut self) -> KnownOrder {
        self.orders += 1;
        let customer = u32::try_from(self.dice.below(u64::from(self.shape.customers.max(1)))).unwrap_or(0);
        let product = u8::try_from(self.dice.below(sentences::PRODUCTS.len() as u64)).unwrap_or(0);
        KnownOrder { number: self.orders, customer, product }
    }

    fn known_order(&mut self, tenant: usize) -> KnownOrder {
        if self.dice.happens(ABOUT_KNOWN_ORDER)
            && let Some(recent) = self.recent.get(tenant)
            && let Ok(index) = usize::try_from(self.dice.below(recent.len() as u64))
            && let Some(order) = recent.get(index)
        {
            return *order;
        }
        self.any_order()
    }

    /// The contact with its next step that happens, unless it is over.
    fn further(&mut self, contact: Contact, now: Timestamp) -> Option<Contact> {
        let mut next = contact;
        let mut at = now;
        loop {
            next.step += 1;
            let step = next.this_step()?;
            at = at.plus_ms(self.dice.delay_ms(step.after_s));
            if self.dice.happens(step.percent) {
                return Some(Contact { due: at, ..next });
            }
            if step.or_ends {
                return None;
            }
        }
    }

    fn make(&mut self, contact: &Contact, now: Timestamp) -> Recorded {
        self.events += 1;
        let tenant = self.shape.tenants.get(usize::from(contact.tenant)).map_or("", String::as_str);
        let frame = event::Frame { seed: self.shape.seed, number: self.events, tenant, at: now };
        event::make(&frame, contact, &mut self.dice)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

    use super::*;

    const START: Timestamp = Timestamp::from_ms(1_772_380_800_000);

    fn crowd(seed: u64, open_max: usize) -> Crowd {
        let tenants = vec!["load-1".to_owned(), "load-2".to_owned()];
        Crowd::new(Shape { seed, tenants, open_max, customers: 5_000, orders: true })
    }

    fn made(crowd: &mut Crowd, count: i64) -> Vec<Recorded> {
        (0..count).map(|n| crowd.next(START.plus_ms(n * 2_000))).collect()
    }

    fn text(recorded: &Recorded) -> String {
        match recorded {
            Recorded::Channel(event) => serde_json::to_string(event).unwrap(),
            Recorded::Order(event) => serde_json::to_string(event).unwrap(),
            Recorded::Command(command) => serde_json::to_string(command).unwrap(),
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_events_and_another_makes_others() {
        let of = |seed| made(&mut crowd(seed, 1_000), 3_000).iter().map(text).collect::<Vec<_>>();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn no_more_contacts_run_than_allowed() {
        let mut crowd = crowd(1, 50);
        for n in 0..5_000 {
            crowd.next(START.plus_ms(n));
            assert!(crowd.open.len() <= 50);
        }
    }

    #[test]
    fn ids_are_unique_and_a_conversation_begins_with_what_opens_a_case() {
        let events = made(&mut crowd(3, 2_000), 20_000);
        let (mut ids, mut begun) = (HashSet::new(), HashSet::new());
        for recorded in &events {
            match recorded {
                Recorded::Channel(event) => {
                    assert!(ids.insert(event.event_id.clone()));
                    if begun.insert((event.tenant.clone(), event.conversation_id.clone())) {
                        assert!(event.customer.is_some(), "{event:?}");
                        let opens = ["message", "call", "review"].contains(&event.kind.as_str());
                        assert!(opens && event.data.rating.is_none_or(|rating| rating <= 2), "{event:?}");
                    }
                }
                Recorded::Order(event) => assert!(ids.insert(event.event_id.clone())),
                Recorded::Command(command) => panic!("nobody commands here: {command:?}"),
            }
        }
    }

    /// What a benchmark must meet: three languages, every channel, conversations of several messages, replies and ends.
    #[test]
    fn the_mix_is_that_of_a_shop() {
        let events = made(&mut crowd(5, 20_000), 60_000);
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        let mut lengths: HashMap<&str, usize> = HashMap::new();
        let (mut channels, mut languages, mut orders) = (BTreeSet::new(), BTreeMap::new(), 0);
        for recorded in &events {
            match recorded {
                Recorded::Channel(event) => {
                    *kinds.entry(&event.kind).or_default() += 1;
                    *lengths.entry(&event.conversation_id).or_default() += 1;
                    channels.insert(event.channel);
                    if let Some(locale) = event.customer.as_ref().and_then(|customer| customer.locale.clone()) {
                        *languages.entry(locale).or_insert(0) += 1;
                    }
                    assert!(event.data.text.as_ref().is_none_or(|text| !text.contains('{')), "{event:?}");
                }
                Recorded::Order(_) => orders += 1,
                Recorded::Command(_) => {}
            }
        }
        assert_eq!(channels.len(), Channel::ALL.len(), "{channels:?}");
        assert_eq!(languages.keys().collect::<Vec<_>>(), ["en", "zh-Hans", "zh-Hant"]);
        assert!((6_000..20_000).contains(&orders), "{orders}");
        for kind in ["message", "call", "assigned", "resolved", "closed", "promised", "after_sales_requested"] {
            assert!(kinds.get(kind).is_some_and(|count| *count > 100), "{kind}: {kinds:?}");
        }
        let several = lengths.values().filter(|length| **length >= 4).count();
        assert!(several * 2 > lengths.len(), "{several} of {}", lengths.len());
    }
}
