use std::collections::BTreeMap;
use std::sync::Arc;

use kefu_contracts::channel_event::{Actor, Attachment, ChannelEvent, CustomerInfo, EventData};
use kefu_contracts::{ActorKind, Channel, Timestamp};
use kefu_policy::Policies;

use super::*;
use crate::domain::admission::admit;
use crate::domain::conversation::{MAX_WAITING, Waiting};
use crate::domain::limits::{MAX_FIELD, MAX_ID, MAX_TEXT};
use crate::domain::seen::MAX_IDS;
use crate::domain::step::Rules;

fn sized(name: &str, number: usize, bytes: usize) -> String {
    format!("{name}{number}{}", "x".repeat(bytes - name.len() - number.to_string().len()))
}

fn event(number: usize, kind: &str, data: EventData) -> ChannelEvent {
    ChannelEvent {
        event_id: sized("e", number, MAX_ID),
        tenant: "demo".to_owned(),
        conversation_id: "c".repeat(MAX_ID),
        channel: Channel::Email,
        occurred_at: Timestamp::from_ms(1_772_413_200_000 + number as i64 * 1_000),
        kind: kind.to_owned(),
        actor: Actor { kind: ActorKind::Customer, id: sized("u", number, MAX_ID), name: None },
        data,
        customer: None,
        order_ids: Vec::new(),
        attributes: BTreeMap::new(),
    }
}

fn mail(number: usize, bytes: usize) -> ChannelEvent {
    event(number, "message", EventData { text: Some("x".repeat(bytes)), ..EventData::default() })
}

/// As large as an event may be: with a new customer, new orders and new labels, and what its type has most of.
fn largest(number: usize) -> ChannelEvent {
    let text = || Some("长".repeat(MAX_TEXT / 3));
    let attachment = |index: usize| Attachment {
        uri: sized("a", index, MAX_FIELD),
        media_type: "image/png".to_owned(),
        sha256: None,
        duration_ms: None,
    };
    let files = EventData { text: Some("x".to_owned()), ..EventData::default() };
    let empty = EventData::default;
    let (kind, data) = match number % 5 {
        0 => ("message", EventData { text: text(), ..empty() }),
        1 => ("message", EventData { attachments: Some((0..16).map(attachment).collect()), ..files }),
        2 => ("note", EventData { text: text(), ..empty() }),
        3 => ("resolved", EventData { summary: text(), ..empty() }),
        _ => ("closed", empty()),
    };
    let customer = CustomerInfo {
        id: sized("u", number / 30, MAX_ID),
        name: Some(sized("n", number, MAX_ID)),
        phone: Some(sized("1", number, MAX_ID)),
        email: Some(sized("m", number, MAX_ID)),
        tier: Some(sized("t", number, MAX_ID)),
        locale: Some(sized("l", number, MAX_ID)),
    };
    ChannelEvent {
        customer: Some(customer),
        order_ids: (0..40).map(|order| sized("o", number * 40 + order, MAX_ID)).collect(),
        attributes: (0..4).map(|label| (sized("k", number * 4 + label, MAX_ID), "v".repeat(3_000))).collect(),
        ..event(number, kind, data)
    }
}

fn taken(event: ChannelEvent) -> Arc<Input> {
    let key = format!("{}/{}", event.tenant, event.conversation_id);
    Arc::new(admit(event, &key, None).unwrap())
}

/// A conversation that takes in inputs one after another; after a closing the next one opens a case.
#[derive(Default)]
struct Filled {
    conversation: Conversation,
    policies: Policies,
    given_up: usize,
}

impl Filled {
    fn take(&mut self, input: Arc<Input>) -> Result<(), Reject> {
        let rules = Rules { policies: self.policies.history("demo"), acknowledgement_id: "", acknowledgement: None };
        let cases = &mut self.conversation.cases;
        match cases.last_mut().filter(|case| case.facts.closed_at.is_none()) {
            Some(case) => {
                case.add(input, &rules);
            }
            None => cases.push(CaseRecord::open(format!("{}#{}", "c".repeat(MAX_ID), cases.len()), input, &rules).0),
        }
        let before = self.conversation.cases.len();
        let fitted = fit(&mut self.conversation, |case| case.fold_older_half(&rules));
        self.given_up += before - self.conversation.cases.len();
        fitted
    }

    fn set_aside(&mut self) {
        for number in 0..MAX_WAITING {
            let input = taken(largest(10_000 + number));
            let waiting = self.conversation.waiting.iter().map(|waiting| &*waiting.input);
            if has_room(waiting, &input) {
                self.conversation.waiting.push(Waiting { until: input.at, input: input.clone() });
            }
            if has_room(self.conversation.held.iter().map(|held| &**held), &input) {
                self.conversation.held.push(input);
            }
        }
        for number in 0..MAX_IDS {
            assert!(self.conversation.seen.is_new(&number.to_string(), Timestamp::from_ms(number as i64)));
        }
    }
}

#[test]
fn long_mails_fit_one_after_another() {
    let mut filled = Filled::default();
    for number in 0..200 {
        filled.take(taken(mail(number, 60_000))).unwrap();
        assert!(stored(&filled.conversation) <= STATE_BUDGET, "{number}");
    }
    let case = &filled.conversation.cases[0];
    assert_eq!((case.facts.customer_messages, filled.given_up), (200, 0));
    assert!(case.inputs().len() > 10, "what was told of {} is left", case.inputs().len());
}

#[test]
fn the_ends_of_long_texts_go_before_anything_else() {
    let mut filled = Filled::default();
    for number in 0..6 {
        filled.take(taken(mail(number, 60_000))).unwrap();
    }
    let lengths = |filled: &Filled| -> Vec<usize> {
        let inputs = filled.conversation.cases[0].inputs().iter();
        inputs.map(|input| input.shortened(0).map_or(0, |_| stored(&**input))).collect()
    };
    assert!(lengths(&filled).iter().all(|bytes| *bytes > 60_000), "up to the budget all is kept");
    filled.take(taken(mail(6, 60_000))).unwrap();
    let lengths = lengths(&filled);
    assert!(lengths.len() == 7 && lengths.iter().all(|bytes| (HEAD..HEAD + 2_048).contains(bytes)), "{lengths:?}");
}

#[test]
fn the_largest_of_everything_stays_within_the_limit() {
    let mut filled = Filled::default();
    let mut most = 0;
    for number in 0..150 {
        filled.take(taken(largest(number))).unwrap();
        assert!(stored(&filled.conversation) <= STATE_BUDGET, "{number}");
    }
    filled.set_aside();
    assert!(filled.conversation.held.len() > 1 && filled.conversation.waiting.len() < MAX_WAITING);
    for number in 150..300 {
        filled.take(taken(largest(number))).unwrap();
        most = most.max(stored(&filled.conversation));
        for case in &filled.conversation.cases {
            assert!(stored(&case.facts) <= MAX_FACTS, "facts have {} bytes", stored(&case.facts));
        }
    }
    assert!(most <= STATE_LIMIT, "{most} bytes");
    assert!(most > STATE_BUDGET, "nothing was given up: {most} bytes");
    assert!(filled.given_up > 0, "cases that are over go, if nothing else can");
}

#[test]
fn what_cannot_fit_is_refused() {
    let mut filled = Filled::default();
    filled.set_aside();
    let opens = |number: usize| {
        CaseRecord::open(
            format!("c#{number}"),
            taken(ChannelEvent {
                attributes: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
                ..largest(number * 5)
            }),
            &Rules { policies: Policies::default().history("demo"), acknowledgement_id: "", acknowledgement: None },
        )
    };
    // many cases live at once only if somebody reopens one after another
    filled.conversation.cases = (0..16).map(|number| opens(number).0).collect();
    let refused = filled.take(taken(largest(0))).unwrap_err();
    assert_eq!(refused.code, Code::TooLarge);
}
