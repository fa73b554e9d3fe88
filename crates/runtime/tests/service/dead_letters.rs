//! What the embedded backend keeps of a record that was refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use kefu_contracts::Timestamp;
use kefu_contracts::codec::Codec;
use kefu_contracts::topic::{COMMANDS, DEAD_LETTERS};
use kefu_policy::Policies;
use kefu_processor::Topology;
use kefu_runtime::backend::{Backend, NewRecord};
use kefu_runtime::dead_letter::Envelope;
use kefu_runtime::embedded::{Embedded, EmbeddedOptions};
use kefu_runtime::heartbeat::Heartbeats;
use kefu_runtime::metrics::Metrics;
use kefu_runtime::policies::PolicyTable;

use crate::desk;

fn nonsense() -> NewRecord {
    NewRecord {
        topic: COMMANDS.info,
        key: "demo/d-1".to_owned(),
        payload: b"nonsense".to_vec(),
        at: Timestamp::from_ms(0),
        event_type: "Command".to_owned(),
        traceparent: None,
    }
}

/// Appends `count` records that nobody can read, and gives the headers of all dead letters.
fn refused(folder: &std::path::Path, count: usize, metrics: &Metrics) -> Vec<BTreeMap<String, String>> {
    let options = EmbeddedOptions { data_dir: folder.to_owned(), live: false };
    let topology = Topology::new(&[desk::service()]).unwrap();
    let policies = Arc::new(PolicyTable::new(Policies::default()));
    let (codec, heartbeats) = (Codec::single_object(), Heartbeats::default());
    let started = Embedded::start(&options, &topology, &codec, &policies, Vec::new(), metrics, &heartbeats);
    let (backend, handle) = started.unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for result in runtime.block_on(backend.append(vec![nonsense(); count])) {
        result.unwrap();
    }
    let letters = backend.store().read(DEAD_LETTERS.name, 0, 100).unwrap();
    handle.stop().unwrap();
    letters.iter().map(|letter| serde_json::from_slice::<Envelope>(&letter.payload).unwrap().headers).collect()
}

#[test]
fn a_dead_letter_names_its_record_by_its_number_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = Metrics::default();
    refused(folder.path(), 2, &metrics);
    // the numbers go on after a restart
    let letters = refused(folder.path(), 2, &metrics);
    let offsets: Vec<&str> = letters.iter().map(|headers| headers["source-offset"].as_str()).collect();
    assert_eq!(offsets, ["0", "1", "2", "3"]);
    for headers in &letters {
        let of = |name: &str| headers[name].as_str();
        let place = (of("source-topic"), of("source-partition"), of("service"), of("code"));
        assert_eq!(place, ("cs.commands", "0", "desk", "undecodable"));
    }
    let sample = "kefu_records_refused_total{service=\"desk\",processor=\"desks\",code=\"undecodable\"}";
    assert_eq!(crate::count(&metrics.text(), sample), 4.0);
}
