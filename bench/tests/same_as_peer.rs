//! The service is fed with the same bytes as the Kafka Streams program, and writes as much.

use std::collections::HashMap;

use kefu_bench::generator::{Generator, STEPS, Schedule};
use kefu_bench::topics::{CASES, CLASSIFIED, EVENTS, KPI};
use kefu_policy::Policies;
use kefu_testkit::Driver;
use sha2::{Digest, Sha256};

/// Of keys and values of the first 200 conversations, as the generator in Java makes them.
const OF_200_CONVERSATIONS: &str = "ed757bf6b6d964aff45b2c0f6acb949a1ddc246bc6f41fabf3ed761ad5efbdde";

#[test]
fn events_have_the_bytes_of_the_generator_in_java() {
    let generator = Generator::of_a_backlog();
    let mut digest = Sha256::new();
    for conversation in 0..200 {
        for step in 0..STEPS {
            let at_ms = 1_000_000 + i64::try_from(conversation).unwrap();
            let made = generator.event(conversation, step, at_ms, 7);
            digest.update(made.key.as_bytes());
            digest.update(&made.payload);
        }
    }
    let hex: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, OF_200_CONVERSATIONS);
}

#[test]
fn a_load_gives_as_many_records_as_there() {
    let schedule = Schedule { first: 0, conversations: 1_000, lag: 30 };
    let generator = Generator::of_a_backlog();
    let mut driver = Driver::new(&[kefu_bench::service().unwrap()], Policies::default());
    let mut sent = 0;
    for tick in 0..schedule.ticks() {
        for (conversation, step) in schedule.at(tick) {
            let made = generator.event(conversation, step, i64::try_from(tick).unwrap() * 1_000, 0);
            driver.send_bytes(EVENTS.info.name, &made.key, &made.payload);
            sent += 1;
        }
    }
    assert_eq!(driver.dead_letters(), []);
    let number = |bytes: &[u8], at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
    let windows: HashMap<_, _> = driver.raw(&KPI).map(|written| (&written.key, &written.payload)).collect();
    let sum = |at: usize| windows.values().map(|payload| number(payload, at)).sum::<u64>();
    // repetitions are gone; customers' messages are counted, and each conversation's first reply
    assert_eq!((sent, driver.raw(&CASES).count()), (10_000, 9_900));
    assert_eq!((driver.raw(&CLASSIFIED).count(), sum(0), sum(8)), (5_900, 5_900, 1_000));
    assert!(windows.len() > 1_000, "{} windows", windows.len());
}

#[test]
fn a_level_load_has_ten_events_a_tick_and_repeats_no_step() {
    let schedule = Schedule { first: 5, conversations: 40, lag: 3 };
    let mut seen = std::collections::HashSet::new();
    for tick in 0..40 {
        let events: Vec<_> = schedule.level(tick).collect();
        assert_eq!(events.len(), 10);
        assert!(events.into_iter().all(|event| seen.insert(event)), "tick {tick}");
    }
}
