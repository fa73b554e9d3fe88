//! Bad records that are put onto the topics themselves, past every API.

use std::collections::BTreeMap;
use std::time::Duration;

use kefu_contracts::partition::PartitionBy;
use kefu_integration_tests::{
    BackendKind, Client, Clock, DeadLetter, READERS, Shop, at, in_conversation, message, now, wait_until,
};
use kefu_test_rig::RawRecord;
use serde_json::json;

use crate::POLICY;
use crate::records::{Bad, bad_records, record};

const SOON: Duration = Duration::from_secs(30);
const PARTITIONS: u32 = 2;
/// The partition that all records of the test go to.
const PARTITION: u32 = 1;

/// Names of conversations that belong to the partition.
fn conversations() -> impl Iterator<Item = String> {
    let belongs = |name: &String| PartitionBy::Key.partition(&format!("demo/{name}"), PARTITIONS) == PARTITION;
    (0..).map(|n| format!("c-{n}")).filter(belongs)
}

fn append(shop: &Shop, topic: &str, records: &[RawRecord]) -> i64 {
    let topic = format!("{}{topic}", shop.cluster().prefix());
    shop.cluster().kafka().append(&topic, i32::try_from(PARTITION).unwrap(), records).unwrap()
}

fn wait_for_case(client: &Client, conversation: &str) {
    wait_until(&format!("the message in {conversation} is processed"), SOON, || {
        client.get(&format!("/v1/cases/{conversation}%231")).json()["customer_messages"] == 1
    });
}

#[test]
fn each_bad_record_is_one_dead_letter_and_the_good_ones_around_it_are_processed() {
    let shop = Shop::new(BackendKind::Kafka, Clock::Wall, POLICY);
    let mut names = conversations();
    let mut next = || names.next().unwrap();
    let (nobodys, closed, good) = (next(), next(), [next(), next(), next()]);
    let bad = bad_records(&nobodys, &closed);
    let earlier = |seconds: i64| at(&now(), -seconds);
    let mut records = vec![
        record(&message(&closed, "e-1", &earlier(60))),
        record(&in_conversation(&closed, "e-2", &earlier(30), "closed", "agent", &json!({"reason": "solved"}))),
    ];
    let mut good_ones: Vec<String> = Vec::new();
    let mut expected = BTreeMap::new();
    for (index, bad) in bad.iter().enumerate() {
        good_ones.push(next());
        records.push(record(&message(&good_ones[index], "e-1", &now())));
        expected.insert(i64::try_from(records.len()).unwrap(), bad);
        records.push(bad.record.clone());
    }
    good_ones.push(good[0].clone());
    records.push(record(&message(&good[0], "e-1", &now())));

    let (mut running, client) = shop.start();
    let first = append(&shop, "channel-events", &records);
    for conversation in &good_ones {
        wait_for_case(&client, conversation);
    }
    let letters = shop.dead_letters();
    assert_letters(&letters, first, &expected);

    // neither a restart nor a power cut makes another of any of them
    assert!(running.terminate().success());
    let (mut running, client) = shop.start();
    append(&shop, "channel-events", &[record(&message(&good[1], "e-1", &now()))]);
    wait_for_case(&client, &good[1]);
    running.kill();
    let (_running, client) = shop.start();
    append(&shop, "channel-events", &[record(&message(&good[2], "e-1", &now()))]);
    wait_for_case(&client, &good[2]);
    assert_eq!(shop.dead_letters(), letters);
}

fn assert_letters(letters: &[DeadLetter], first: i64, expected: &BTreeMap<i64, &Bad>) {
    let codes = |letter: &DeadLetter| (letter.offset().unwrap() - first, letter.code().to_owned());
    let mut told: Vec<_> = letters.iter().map(codes).collect();
    told.sort();
    let wanted: Vec<_> = expected.iter().map(|(index, bad)| (*index, bad.code.to_owned())).collect();
    let named: Vec<_> = expected.iter().map(|(index, bad)| format!("{index} {}", bad.what)).collect();
    assert_eq!(told, wanted, "{}", named.join("\n"));
    for letter in letters {
        let bad = expected[&(letter.offset().unwrap() - first)];
        let origin = [letter.topic(), letter.header("source-partition"), letter.header("service")];
        assert_eq!(origin, ["channel-events", "1", "intake"], "{}", bad.what);
        assert!(!letter.header("detail").is_empty(), "{}: why", bad.what);
        assert_eq!(letter.key, String::from_utf8_lossy(bad.record.key.as_deref().unwrap_or_default()), "{}", bad.what);
        assert_eq!(Some(letter.value.as_slice()), bad.record.value.as_deref().or(Some(&[])), "{}", bad.what);
    }
}

#[test]
fn each_service_that_reads_a_topic_refuses_a_bad_record_once() {
    let shop = Shop::new(BackendKind::Kafka, Clock::Wall, POLICY);
    let (mut running, client) = shop.start();
    let bad = RawRecord { key: Some(b"demo/c-1#1".to_vec()), value: Some(b"nonsense".to_vec()) };
    for (topic, _) in READERS {
        append(&shop, topic, std::slice::from_ref(&bad));
    }
    // what only instances read for themselves, they leave out
    for topic in ["policies", "command-results", "kpi"] {
        append(&shop, topic, std::slice::from_ref(&bad));
    }
    let expected: BTreeMap<String, Vec<String>> = READERS
        .iter()
        .map(|(topic, services)| ((*topic).to_owned(), services.iter().map(|&name| name.to_owned()).collect()))
        .collect();
    let told = || {
        let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for letter in shop.dead_letters() {
            told.entry(letter.topic().to_owned()).or_default().push(letter.header("service").to_owned());
        }
        told.values_mut().for_each(|services| services.sort());
        told
    };
    let all = |told: &BTreeMap<String, Vec<String>>| {
        expected.iter().all(|(topic, services)| {
            told.get(topic).is_some_and(|known| services.iter().all(|service| known.contains(service)))
        })
    };
    wait_until("every service that reads them has refused them", SOON, || all(&told()));
    let conversation = conversations().next().unwrap();
    client.events(&[message(&conversation, "e-1", &now())]);
    wait_for_case(&client, &conversation);
    assert!(running.terminate().success());
    assert_eq!(told(), expected);
}
