//! Prints what commits and reads of the embedded store cost, with the pattern of a busy shop.
//!
//! A commit appends 2,000 records of 500 bytes to a topic, puts 1,000 states of 600 bytes at random among 200,000 keys,
//! and is durable. `time cargo run --release -p kefu-runtime --example store [FOLDER]`; the folder must be on a disk.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark reads a clock and prints")]

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use kefu_contracts::Timestamp;
use kefu_contracts::topic::CASE_EVENTS;
use kefu_runtime::embedded::Store;

const COMMITS: usize = 200;
const RECORDS: usize = 2_000;
const RECORD_BYTES: usize = 500;
const STATES: usize = 1_000;
const STATE_BYTES: usize = 600;
const KEYS: u64 = 200_000;
const READS: usize = 100_000;
const STAGE: &str = "intake/cases";

/// Bytes that no compression makes smaller, the same in every run.
struct Noise(u64);

impl Noise {
    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).collect();
        bytes.truncate(length);
        bytes
    }

    fn key(&mut self) -> String {
        format!("demo/c-{:06}", self.next() % KEYS)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let parent = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(parent)?;
    let file = folder.path().join("kefu.redb");
    let store = Store::open(&file)?;
    let mut noise = Noise(7);

    let mut commits_ms = Vec::new();
    for _ in 0..COMMITS {
        let records: Vec<_> = (0..RECORDS).map(|_| (noise.key(), noise.bytes(RECORD_BYTES))).collect();
        let states: Vec<_> = (0..STATES).map(|_| (noise.key(), noise.bytes(STATE_BYTES))).collect();
        let begin = Instant::now();
        let commit = store.begin()?;
        for (key, payload) in &records {
            commit.append(&CASE_EVENTS.info, key, Timestamp::from_ms(1), Timestamp::from_ms(2), payload)?;
        }
        for (key, state) in &states {
            commit.put_state(STAGE, key, Some(state))?;
        }
        commit.finish()?;
        commits_ms.push(begin.elapsed().as_millis());
    }
    let begin = Instant::now();
    let mut found = 0;
    for _ in 0..READS {
        found += usize::from(store.state(STAGE, &noise.key())?.is_some());
    }
    let read_ms = begin.elapsed().as_millis();

    println!("{COMMITS} commits of {RECORDS} records and {STATES} states: {} ms", commits_ms.iter().sum::<u128>());
    commits_ms.sort_unstable();
    let share = |percent: usize| commits_ms.get(COMMITS * percent / 100).copied().unwrap_or_default();
    println!("a commit: median {} ms, 99th percentile {} ms", share(50), share(99));
    println!("{READS} random reads, {found} found: {read_ms} ms");
    println!("file: {} MB", std::fs::metadata(&file)?.len() / 1_000_000);
    Ok(())
}
