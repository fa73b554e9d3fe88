//! The rig's promises about Redis: usable when started, empty when asked, same address after a kill.
#![allow(clippy::expect_used, reason = "a broken set-up fails the test")]

use std::io::{Read, Write};
use std::net::TcpStream;

use kefu_test_rig::{Error, Redis};

#[test]
fn loses_its_data_only_when_told() -> Result<(), Error> {
    let mut redis = Redis::start()?;
    let url = redis.url();
    assert_eq!(command(&url, "SET k v"), "+OK");
    assert_eq!(command(&url, "DBSIZE"), ":1");

    redis.flushall()?;
    assert_eq!(command(&url, "DBSIZE"), ":0");

    assert_eq!(command(&url, "SET k v"), "+OK");
    redis.kill()?;
    assert_eq!(redis.pid(), None);
    assert!(TcpStream::connect(url.trim_start_matches("redis://")).is_err());

    redis.restart_empty()?;
    assert_eq!(redis.url(), url);
    assert_eq!(command(&url, "DBSIZE"), ":0");
    Ok(())
}

#[test]
fn several_servers_run_at_once() -> Result<(), Error> {
    let servers = (0..4).map(|_| Redis::start()).collect::<Result<Vec<_>, _>>()?;
    for (index, server) in servers.iter().enumerate() {
        assert_eq!(command(&server.url(), &format!("SET server {index}")), "+OK");
    }
    for server in &servers {
        assert_eq!(command(&server.url(), "DBSIZE"), ":1");
    }
    Ok(())
}

fn command(url: &str, line: &str) -> String {
    let mut socket = TcpStream::connect(url.trim_start_matches("redis://")).expect("redis listens");
    socket.write_all(format!("{line}\r\n").as_bytes()).expect("command");
    let mut answer = [0; 64];
    let length = socket.read(&mut answer).expect("answer");
    String::from_utf8_lossy(&answer[..length]).trim_end().to_owned()
}
