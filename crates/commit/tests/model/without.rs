//! Without any one of its guards the protocol breaks, and the model sees it.

use crate::explorer::explore;
use crate::guards::Guard;
use crate::setup::{Fault, ONE_INSTANCE, Setup, TWO_INSTANCES};

/// One partition with an input for each of two keys.
const TWO_KEYS: &[&[u8]] = &[&[0, 1]];
const ONE_KEY: &[&[u8]] = &[&[0]];

/// Leaves out a guard; what is then wrong must be told in these words.
fn breaks(guard: Guard, setup: Setup, wrong: &str) {
    match explore(&setup.without(guard)) {
        Ok(explored) => panic!("nothing breaks without {guard:?} in {} states", explored.states),
        Err(found) => {
            println!("without {guard:?}: {found}");
            assert!(found.wrong.contains(wrong), "not as expected: {found}");
        }
    }
}

fn one_fault(kinds: &'static [Fault]) -> Setup {
    Setup::new(TWO_INSTANCES, TWO_KEYS, 1, kinds)
}

fn two_faults(kinds: &'static [Fault]) -> Setup {
    Setup::new(TWO_INSTANCES, TWO_KEYS, 2, kinds)
}

const LOST_OR_DOUBLED: &str = "the outputs are";
const BAD_COPY: &str = "redis has";
const WRONG_START: &str = "goes on from input";
const WRONG_STATE: &str = "takes State";

#[test]
fn a_predecessors_producer_lives_on() {
    let setup = Setup::new(ONE_INSTANCE, TWO_KEYS, 1, &[Fault::SecondStart]);
    breaks(Guard::ProducerFence, setup, LOST_OR_DOUBLED);
}

#[test]
fn the_group_takes_offsets_from_anybody() {
    breaks(Guard::GroupFence, one_fault(&[Fault::Expire]), WRONG_START);
}

#[test]
fn offsets_are_told_while_a_transaction_may_change_them() {
    breaks(Guard::StableOffsets, one_fault(&[Fault::Expire]), WRONG_START);
}

#[test]
fn only_changed_offsets_are_sent() {
    breaks(Guard::AllOffsets, one_fault(&[Fault::Expire]), WRONG_STATE);
}

#[test]
fn a_lost_member_commits_to_a_group_that_is_empty() {
    breaks(Guard::Membership, two_faults(&[Fault::Expire]), LOST_OR_DOUBLED);
}

#[test]
fn a_partition_is_let_go_in_a_transaction() {
    let setup = Setup::new(TWO_INSTANCES, &[&[0], &[1]], 1, &[Fault::Move]);
    breaks(Guard::GroupBetweenTransactions, setup, LOST_OR_DOUBLED);
}

#[test]
fn two_owners_take_a_copy_from_each_other_for_ever() {
    let setup = Setup::new(TWO_INSTANCES, ONE_KEY, 1, &[Fault::Expire]);
    breaks(Guard::GroupBeforeClaim, setup, "again and again");
}

#[test]
fn a_takeover_does_not_wait_for_open_transactions() {
    breaks(Guard::Settle, one_fault(&[Fault::Expire]), BAD_COPY);
}

#[test]
fn a_copy_says_too_early_that_it_is_whole() {
    breaks(Guard::WholeAtTheEnd, one_fault(&[Fault::Crash]), BAD_COPY);
}

#[test]
fn timers_are_not_looked_for_after_a_takeover() {
    breaks(Guard::Timers, one_fault(&[Fault::Crash]), "wrong about the timer");
}

#[test]
fn states_are_kept_after_an_abort() {
    breaks(Guard::Forget, one_fault(&[Fault::KafkaCall]), WRONG_STATE);
}

#[test]
fn offsets_are_kept_after_an_abort() {
    breaks(Guard::GoBack, one_fault(&[Fault::KafkaCall]), WRONG_START);
}

#[test]
fn a_failed_commit_is_taken_for_done() {
    breaks(Guard::Uncertain, one_fault(&[Fault::KafkaCall]), BAD_COPY);
}

#[test]
fn redis_is_written_before_the_commit() {
    breaks(Guard::RedisAfterCommit, one_fault(&[Fault::Crash]), BAD_COPY);
}

#[test]
fn states_leave_memory_though_redis_is_away() {
    breaks(Guard::Pinned, one_fault(&[Fault::RedisCall]), WRONG_STATE);
}

#[test]
fn a_mark_has_no_incarnation() {
    breaks(Guard::Incarnation, two_faults(&[Fault::Expire, Fault::Flush]), BAD_COPY);
}

#[test]
fn writes_compare_nothing_but_the_incarnation() {
    breaks(Guard::CompareAndSet, one_fault(&[Fault::LateCall]), BAD_COPY);
}

/// Several writes bring one batch; were only the watermark compared, which the last of them moves, then a Redis that
/// lost the first ones would take the last one.
#[test]
fn only_writes_that_move_the_watermark_count_and_redis_falls_back_between_them() {
    breaks(Guard::EveryWriteCounts, one_fault(&[Fault::Failover]), BAD_COPY);
}

/// As above: an earlier write that comes late would be taken between two later ones.
#[test]
fn only_writes_that_move_the_watermark_count_and_one_comes_late() {
    breaks(Guard::EveryWriteCounts, one_fault(&[Fault::LateCall]), BAD_COPY);
}

/// A write that failed comes late to a Redis that fell back meanwhile, and leaves it with the number that the write in
/// its place has left before.
#[test]
fn a_write_has_the_number_of_one_that_failed() {
    breaks(Guard::OwnNumber, two_faults(&[Fault::Failover, Fault::LateCall]), BAD_COPY);
}

#[test]
fn reads_do_not_look_at_the_mark() {
    breaks(Guard::MarkOnRead, two_faults(&[Fault::Crash, Fault::Flush]), WRONG_STATE);
}

#[test]
fn a_copy_is_emptied_by_whoever_owned_it_once() {
    breaks(Guard::ClearAsOwner, one_fault(&[Fault::Expire]), BAD_COPY);
}
