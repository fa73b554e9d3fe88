//! `rig up` starts Kafka and Redis for development, prints their addresses and keeps them until it ends.
//!
//! Enter, end of input, Ctrl-C or SIGTERM end it; the services end with it in every case.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "the addresses are the output of this command")]

use std::process::ExitCode;

use kefu_test_rig::{Kafka, KafkaOptions, Redis, Result, ensure_installed};

const USAGE: &str = "usage: rig up | rig install";

fn main() -> ExitCode {
    let command = std::env::args().nth(1);
    let result = match command.as_deref() {
        Some("up") => up(),
        Some("install") => ensure_installed(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rig: {error}");
            ExitCode::FAILURE
        }
    }
}

fn up() -> Result<()> {
    ensure_installed()?;
    let redis = Redis::start()?;
    let kafka = Kafka::start(KafkaOptions::default())?;
    println!("kafka {}", kafka.bootstrap());
    println!("redis {}", redis.url());
    eprintln!("rig: press Enter to stop");
    // An unreadable input ends the wait as its end does.
    drop(std::io::stdin().read_line(&mut String::new()));
    Ok(())
}
