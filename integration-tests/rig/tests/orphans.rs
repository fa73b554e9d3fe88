//! A service must not outlive the program that started it, even if that program is killed.
#![allow(clippy::expect_used, reason = "a broken set-up fails the test")]

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn services_end_when_their_owner_is_killed() {
    let mut owner = Command::new(env!("CARGO_BIN_EXE_rig"))
        .arg("up")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("rig starts");
    let lines = BufReader::new(owner.stdout.take().expect("piped")).lines();
    let addresses: Vec<String> =
        lines.take(2).map(|line| line.expect("line").rsplit([' ', '/']).next().expect("address").to_owned()).collect();
    assert_eq!(addresses.len(), 2);
    assert!(addresses.iter().all(|address| TcpStream::connect(address).is_ok()), "{addresses:?}");

    owner.kill().expect("kill");
    owner.wait().expect("wait");

    let deadline = Instant::now() + Duration::from_secs(10);
    while addresses.iter().any(|address| TcpStream::connect(address).is_ok()) {
        assert!(Instant::now() < deadline, "services still listen on {addresses:?}");
        thread::sleep(Duration::from_millis(20));
    }
}
