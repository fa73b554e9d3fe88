//! Messages of care after a delivery.

mod scenario;

use kefu_contracts::outbound::OutboundKind;
use kefu_contracts::survey::{FollowUpKind, FollowUpState};
use kefu_contracts::{Channel, Language, OrderStatus};
use scenario::{CaseStory, DAY, HOUR, Shop, at};

fn known_customer(channel: Channel) -> CaseStory {
    let mut story = CaseStory::opened_on(channel, "c-1#1", "", 0);
    story.context.customer_id = Some("u-1".into());
    story.context.locale = Some("zh-TW".into());
    story.message(1)
}

fn care(shop: &Shop) -> Vec<(kefu_contracts::Timestamp, String)> {
    let sent = shop.outbound().into_iter().filter(|message| message.kind == OutboundKind::Care);
    sent.map(|message| (message.at, message.text)).collect()
}

#[test]
fn a_customer_is_asked_five_days_after_delivery_where_the_last_case_was() {
    let mut shop = Shop::new();
    shop.play(&[known_customer(Channel::Email)]);
    shop.order("A1", "u-1", HOUR, OrderStatus::Delivered);
    shop.order("A1", "u-1", HOUR, OrderStatus::Delivered);
    shop.order("A1", "u-1", 2 * HOUR, OrderStatus::Delivered);
    shop.advance(HOUR + 5 * DAY - 1);
    assert_eq!(care(&shop), []);
    shop.advance(20 * DAY);

    let message = shop.outbound().remove(0);
    assert_eq!((shop.outbound().len(), message.at, message.kind), (1, at(HOUR + 5 * DAY), OutboundKind::Care));
    assert_eq!((message.channel, message.language), (Channel::Email, Language::ZhHant));
    assert_eq!((message.recipient.id.as_str(), message.conversation_id.as_deref()), ("u-1", Some("c-1")));
    assert!(message.text.contains("訂單 A1 已經送達"), "{}", message.text);
    let follow_up = shop.follow_ups().remove(0);
    assert_eq!((follow_up.kind, follow_up.state), (FollowUpKind::Care, FollowUpState::Done));
    assert_eq!((follow_up.outcome.as_deref(), follow_up.due_at), (Some("sent"), at(HOUR + 5 * DAY)));
}

#[test]
fn who_gets_no_message() {
    use OrderStatus::{Cancelled, Delivered, Refunded, Returned, Shipped};
    let due = HOUR + 5 * DAY;
    for (name, policy, channel, customer, events, sent) in [
        ("kept", "", Channel::Chat, "u-1", vec![(HOUR, Delivered)], 1),
        ("not delivered", "", Channel::Chat, "u-1", vec![(HOUR, Shipped)], 0),
        ("returned before", "", Channel::Chat, "u-1", vec![(HOUR, Delivered), (due, Returned)], 0),
        ("returned after", "", Channel::Chat, "u-1", vec![(HOUR, Delivered), (due + 1, Returned)], 1),
        ("refunded before", "", Channel::Chat, "u-1", vec![(2, Refunded), (HOUR, Delivered)], 0),
        ("cancelled before", "", Channel::Chat, "u-1", vec![(HOUR, Delivered), (2 * HOUR, Cancelled)], 0),
        ("nobody knows how", "", Channel::Chat, "u-9", vec![(HOUR, Delivered)], 0),
        ("the regulator wrote", "", Channel::Regulator, "u-1", vec![(HOUR, Delivered)], 0),
        ("the window is shut", "", Channel::Social, "u-1", vec![(HOUR, Delivered)], 0),
        (
            "not by this policy",
            "follow_up: {care_after_delivery: null}",
            Channel::Chat,
            "u-1",
            vec![(HOUR, Delivered)],
            0,
        ),
    ] {
        let mut shop = Shop::with_policy(policy);
        shop.play(&[known_customer(channel)]);
        for (ms, status) in events {
            shop.order("A1", customer, ms, status);
        }
        shop.advance(20 * DAY);
        assert_eq!((care(&shop).len(), shop.follow_ups().len()), (sent, sent), "{name}");
    }
}

#[test]
fn the_latest_case_tells_the_way_in_whatever_order_it_was_heard_of() {
    for reversed in [false, true] {
        let old = CaseStory::opened_on(Channel::Phone, "old#1", "u-1", 0).message(3 * HOUR);
        let new = CaseStory::opened_on(Channel::Email, "new#1", "u-1", HOUR);
        let mut facts: Vec<_> = old.facts.into_iter().chain(new.facts).collect();
        if reversed {
            facts.reverse();
        }
        let mut shop = Shop::new();
        facts.iter().for_each(|fact| shop.tell(fact, false));
        shop.order("A1", "u-1", 4 * HOUR, OrderStatus::Delivered);
        shop.advance(20 * DAY);
        assert_eq!(shop.outbound()[0].channel, Channel::Email, "reversed {reversed}");
    }
}
