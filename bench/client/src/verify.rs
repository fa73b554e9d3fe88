//! Counting what came out.

use std::collections::HashMap;
use std::time::Duration;

use clap::Args;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::cluster::{Cluster, Failure, PARTITIONS, partitions};

/// The outputs of a program.
#[derive(Args, Clone)]
pub(crate) struct Outputs {
    /// The case after each event.
    #[arg(long)]
    pub(crate) cases: String,
    /// Verdicts.
    #[arg(long)]
    pub(crate) classified: String,
    /// Figures of windows.
    #[arg(long)]
    pub(crate) kpi: String,
}

/// Where the category is in a verdict.
const CATEGORY: usize = 33;

pub(crate) fn count(cluster: &Cluster, outputs: &Outputs) -> Result<Value, Failure> {
    let consumer = cluster.consumer("bench.verify", "read_committed")?;
    let (mut cases, mut classified, mut kpi) = (0_u64, 0_u64, 0_u64);
    let mut categories = [0_u64; 5];
    // of each window the last figures
    let mut windows: HashMap<Vec<u8>, [u64; 2]> = HashMap::new();
    read(&consumer, &[&outputs.cases, &outputs.classified, &outputs.kpi], |topic, key, value| {
        if topic == outputs.cases {
            cases += 1;
        } else if topic == outputs.classified {
            classified += 1;
            let category = value.get(CATEGORY).and_then(|index| categories.get_mut(usize::from(*index)));
            category.into_iter().for_each(|count| *count += 1);
        } else {
            kpi += 1;
            windows.insert(key.to_vec(), [number(value, 0), number(value, 8)]);
        }
    })?;
    let sum = |index: usize| windows.values().filter_map(|counts| counts.get(index)).sum::<u64>();
    Ok(json!({
        "cases": cases, "classified": classified, "categories": categories, "kpi_records": kpi,
        "windows": windows.len(), "kpi_messages": sum(0), "first_replies": sum(1),
    }))
}

pub(crate) fn number(value: &[u8], at: usize) -> u64 {
    value.get(at..).and_then(<[u8]>::first_chunk).copied().map(u64::from_be_bytes).unwrap_or_default()
}

/// Reads all that is committed in `topics`.
fn read(consumer: &BaseConsumer, topics: &[&str], mut each: impl FnMut(&str, &[u8], &[u8])) -> Result<(), Failure> {
    let mut from: TopicPartitionList = partitions(topics);
    from.set_all_offsets(Offset::Beginning)?;
    consumer.assign(&from)?;
    let mut ended = 0;
    while ended < topics.len() * usize::try_from(PARTITIONS)? {
        match consumer.poll(Duration::from_secs(30)) {
            Some(Ok(message)) => {
                each(message.topic(), message.key().unwrap_or_default(), message.payload().unwrap_or_default());
            }
            Some(Err(KafkaError::PartitionEOF(_))) => ended += 1,
            Some(Err(error)) => return Err(error.into()),
            None => return Err("the outputs cannot be read on; is the broker there?".into()),
        }
    }
    Ok(())
}
