//! The rig's promises about Kafka: ready means usable, faults are real, nothing is left behind.
#![allow(clippy::expect_used, reason = "a broken set-up fails the test")]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use kefu_test_rig::{Error, Kafka, KafkaOptions};

#[test]
fn survives_pause_kill_and_restart_on_one_address() -> Result<(), Error> {
    let mut kafka = Kafka::start(KafkaOptions::default())?;
    let address = kafka.bootstrap();
    let first = kafka.pid().expect("runs");
    assert!(answers(&address));

    kafka.pause()?;
    assert!(!answers(&address), "a paused broker must not answer");
    kafka.resume()?;
    assert!(answers(&address));

    kafka.kill()?;
    assert_eq!(kafka.pid(), None);
    assert!(TcpStream::connect(&address).is_err(), "a killed broker must not listen");
    assert!(matches!(kafka.pause(), Err(Error::NotRunning { .. })));

    kafka.restart()?;
    assert_eq!(kafka.bootstrap(), address);
    assert_ne!(kafka.pid(), Some(first));
    assert!(answers(&address));

    let folder = work_folder(kafka.pid().expect("runs"));
    let last = kafka.pid().expect("runs");
    drop(kafka);
    assert!(!folder.exists(), "{} must be removed", folder.display());
    assert!(!PathBuf::from(format!("/proc/{last}")).exists());
    Ok(())
}

#[test]
fn restart_in_good_order_keeps_the_data_folder() -> Result<(), Error> {
    let mut kafka = Kafka::start(KafkaOptions::default())?;
    let data = work_folder(kafka.pid().expect("runs")).join("data/__cluster_metadata-0");
    let size = || fs::metadata(data.join("00000000000000000000.log")).map_or(0, |file| file.len());
    let before = size();
    assert!(before > 0);
    kafka.restart()?;
    assert!(size() >= before);
    assert!(answers(&kafka.bootstrap()));
    Ok(())
}

#[test]
fn an_impossible_property_fails_with_the_log() {
    let properties = vec![("log.segment.bytes".to_owned(), "none".to_owned())];
    let error = Kafka::start(KafkaOptions { properties, ..KafkaOptions::default() }).expect_err("cannot start");
    assert!(matches!(&error, Error::Exited { log_tail, .. } if log_tail.contains("log.segment.bytes")), "{error}");
}

/// One ApiVersions request (key 18, version 0): true if an answer begins within a second.
fn answers(address: &str) -> bool {
    let Ok(mut socket) = TcpStream::connect(address) else { return false };
    socket.set_read_timeout(Some(Duration::from_secs(1))).expect("time-out");
    socket.write_all(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 255, 255]).expect("request");
    socket.read_exact(&mut [0; 4]).is_ok()
}

fn work_folder(pid: u32) -> PathBuf {
    fs::read_link(format!("/proc/{pid}/cwd")).expect("process runs")
}
