//! Every run of the commit protocol in a small world, judged after each step.
//!
//! The worker is kefu's own ([`kefu_commit::Worker`]); Kafka, Redis and the shell that drives it are small models, in
//! which processes die, stand still and go on as zombies, calls fail, only seem to fail or come late, and Redis loses
//! or forgets. Any step of anybody may come next, so standing still needs no step of its own. What must hold is in
//! `judge`; without faults every run must also come to an end at which all is done.
//!
//! `guards` leaves out one guard after the other, and each time the world must break.

#![expect(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test says what it explored, or fails")]

mod explorer;
mod guards;
mod judge;
mod kafka;
mod process;
mod redis;
mod setup;
mod without;
mod world;

use explorer::{Explored, explore};
use setup::{ALL, ALONE, ONE_INSTANCE, Setup, TWO_INSTANCES};

/// Explores everything, and tells how much that was.
fn holds(setup: &Setup, at_least: usize) {
    let Explored { states, steps } = explore(setup).unwrap_or_else(|wrong| panic!("{wrong}"));
    let Setup { processes, inputs, faults, .. } = setup;
    println!("{states} states, {steps} steps: instances {processes:?}, inputs {inputs:?}, faults {faults}");
    // a world in which less happens than was thought proves less
    assert!(states >= at_least, "only {states} states");
}

#[test]
fn without_faults_two_instances_share_the_work_and_finish_it() {
    holds(&Setup::new(TWO_INSTANCES, &[&[0, 1, 0], &[1]], 0, ALL), 1_000);
}

#[test]
fn one_process_and_two_faults() {
    holds(&Setup::new(ALONE, &[&[0, 1]], 2, ALL), 100_000);
}

#[test]
fn two_instances_and_one_fault() {
    holds(&Setup::new(TWO_INSTANCES, &[&[0, 1, 0]], 1, ALL), 1_000_000);
}

#[test]
fn two_instances_two_partitions_and_one_fault() {
    holds(&Setup::new(TWO_INSTANCES, &[&[0], &[1]], 1, ALL), 500_000);
}

#[test]
fn two_instances_and_two_faults() {
    holds(&Setup::new(TWO_INSTANCES, &[&[0]], 2, ALL), 1_000_000);
}

#[test]
fn a_successor_under_the_same_name_and_one_fault() {
    holds(&Setup::new(ONE_INSTANCE, &[&[0, 1], &[1]], 1, ALL), 100_000);
}

#[test]
fn a_successor_under_the_same_name_and_two_faults() {
    holds(&Setup::new(ONE_INSTANCE, &[&[0]], 2, ALL), 100_000);
}

#[test]
#[ignore = "takes minutes, for whoever changes the protocol"]
fn one_process_and_three_faults() {
    holds(&Setup::new(ALONE, &[&[0, 1]], 3, ALL), 1_000_000);
}

#[test]
#[ignore = "takes minutes and gigabytes, for whoever changes the protocol"]
fn two_instances_two_keys_and_two_faults() {
    holds(&Setup::new(TWO_INSTANCES, &[&[0, 1]], 2, ALL), 10_000_000);
}
