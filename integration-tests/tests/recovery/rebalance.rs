//! A rebalance costs no record of the partitions that stay where they are.
//!
//! librdkafka pauses them until the program serves the rebalance, and then goes on where it believes the program to be.
//! When messages are taken in batches, it takes an end of partition for a record, and leaves out the next one. So the
//! worker is kept from serving the rebalance, at the end of a partition, until a record has come to it.

use std::time::Duration;

use kefu_contracts::codec::Codec;
use kefu_contracts::order::OrderEvent;
use kefu_contracts::partition::PartitionBy;
use kefu_contracts::topic::ORDER_EVENTS;
use kefu_integration_tests::{BackendKind, Client, Clock, KEY, Running, Shop, message, now, wait_until};
use kefu_test_rig::RawRecord;
use serde_json::json;

use crate::start_beside;

const SOON: Duration = Duration::from_secs(60);
/// Enough for each of the two partitions to have some.
const CONVERSATIONS: usize = 8;
/// The group notices within 6 s that a member is gone.
const NOTICED: Duration = Duration::from_secs(9);

fn second_instance(shop: &Shop) -> Running {
    let mut second = start_beside(shop, "shop-1");
    second.ready(KEY);
    wait_until("a partition moves to the second instance", SOON, || second.log().contains("partition taken over"));
    second
}

fn send_to_all(client: &Client, id: &str) {
    let to = |conversation| message(&format!("c-{conversation}"), id, &now());
    client.events(&(0..CONVERSATIONS).map(to).collect::<Vec<_>>());
}

/// Waits until each conversation has as many messages as were sent.
fn wait_for_all(client: &Client, sent: usize) {
    let messages = |c| client.get(&format!("/v1/cases/c-{c}%231")).json()["customer_messages"].clone();
    wait_until(&format!("each of the {sent} messages of all conversations is processed"), SOON, || {
        (0..CONVERSATIONS).map(messages).all(|count| count == sent)
    });
}

/// Puts an order on a partition: its state must come from Redis.
fn put_order(shop: &Shop, partition: u32) {
    let ids = (0..).map(|number| format!("A{number}"));
    let belongs = |id: &String| PartitionBy::Key.partition(&format!("demo/{id}"), 2) == partition;
    let id = ids.into_iter().find(belongs).unwrap();
    let event = json!({
        "event_id": "o-1", "tenant": "demo", "order_id": id, "customer_id": "u-1", "occurred_at": now(),
        "status": "placed", "items": [], "currency": "CNY", "amount": 1.0,
    });
    let event: OrderEvent = serde_json::from_value(event).unwrap();
    let mut bytes = Vec::new();
    ORDER_EVENTS.encode(&Codec::single_object(), &event, &mut bytes).unwrap();
    let record = RawRecord { key: Some(format!("demo/{id}").into_bytes()), value: Some(bytes) };
    let topic = format!("{}order-events", shop.cluster().prefix());
    shop.cluster().kafka().append(&topic, i32::try_from(partition).unwrap(), &[record]).unwrap();
}

#[test]
fn a_record_that_comes_while_the_group_rebalances_is_processed() {
    let shop = Shop::new(BackendKind::Kafka, Clock::Wall, "{tenant: demo, version: 1}");
    let (_first, client) = shop.start_only(&["intake"]);
    let mut second = second_instance(&shop);
    send_to_all(&client, "e-1");
    wait_for_all(&client, 1);
    let stays = u32::from(second.log().contains(" partition=0 "));

    shop.cluster().redis.pause().unwrap();
    put_order(&shop, stays);
    wait_until("the first waits for redis", SOON, || client.get("/readyz").text.contains("redis"));
    second.kill();
    std::thread::sleep(NOTICED);
    send_to_all(&client, "e-2");
    shop.cluster().redis.resume().unwrap();
    wait_for_all(&client, 2);
}
