//! Whatever is sent to a customer goes where the case's channel reaches them.

mod scenario;

use kefu_contracts::Channel;
use kefu_contracts::channel_event::{ChannelEvent, CustomerInfo, EventData};
use kefu_contracts::topic::OUTBOUND;
use scenario::*;

#[test]
fn a_channel_has_its_own_address_whatever_else_is_known() {
    for (channel, wanted) in [
        (Channel::Phone, Some("13800138000")),
        (Channel::Email, Some("a@x.cn")),
        (Channel::Chat, None),
        (Channel::Social, None),
        (Channel::WebForm, None),
        (Channel::Visit, None),
    ] {
        let mut driver = driver();
        let known = info("13800138000").map(|info| CustomerInfo { email: Some("a@x.cn".to_owned()), ..info });
        let opening = ChannelEvent { channel, customer: known, ..customer("e-1", 0, "hello") };
        driver.event(&opening);
        driver.event(&agent("e-2", 10, "resolved", EventData::default()));
        let messages = driver.written(&OUTBOUND).into_iter().map(|(_, message)| message.recipient.address);
        let messages: Vec<Option<String>> = messages.collect();
        assert!(!messages.is_empty() && messages.iter().all(|address| address.as_deref() == wanted), "{messages:?}");
        // what others send to the customer of the case goes where its facts say
        let facts = driver.facts();
        assert!(facts.iter().all(|fact| fact.context.address.as_deref() == wanted), "{channel}: {facts:#?}");
    }
}
