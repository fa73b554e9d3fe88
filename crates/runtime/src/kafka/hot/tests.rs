//! What the hot copy promises, on a real Redis.

use std::sync::Arc;

use kefu_commit::{Mark, Write};
use kefu_test_rig::Redis;

use super::{HotChange, HotError, HotStates, HotWrite};
use crate::backend::BackendError;
use crate::kafka::hot_reader::HotReader;

const PREFIX: &str = "cs.";
const PARTITION: &str = "intake.cases.0";
const OTHER: &str = "intake.cases.1";

type Done = Result<(), HotError>;

fn redis() -> Redis {
    Redis::start().unwrap_or_else(|error| panic!("these tests need a Redis: {error}"))
}

fn hot(redis: &Redis) -> HotStates {
    HotStates::new(&redis.url(), PREFIX).unwrap()
}

/// Sends Redis a command beside the hot copy's connection.
fn tell(redis: &Redis, command: &str) {
    let mut connection = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    let mut words = command.split(' ');
    let mut cmd = redis::cmd(words.next().unwrap());
    words.for_each(|word| {
        cmd.arg(word);
    });
    cmd.exec(&mut connection).unwrap();
}

fn mark(incarnation: u128, version: u64) -> Mark {
    Mark { incarnation, version }
}

fn change(key: &str, state: Option<&str>) -> HotChange {
    (Arc::from(key), state.map(|state| state.as_bytes().to_vec()))
}

/// Writes one state, after which the copy has the changelog up to `watermark`.
fn write(hot: &mut HotStates, expected: Mark, version: u64, watermark: Option<i64>, state: Option<&str>) -> Done {
    let write = Write { expected, version };
    let changes = [change("t/key", state)];
    let mut done = hot.write_each(&[HotWrite { partition: PARTITION, write, watermark, changes: &changes }]);
    done.remove(0)
}

fn read(hot: &mut HotStates, expected: Mark) -> Result<Option<String>, HotError> {
    let mut states = hot.read(PARTITION, expected, &[Arc::from("t/key")])?;
    Ok(states.remove(0).map(|state| String::from_utf8(state).unwrap()))
}

fn clear(hot: &mut HotStates, expected: Mark, version: u64) -> Done {
    let part = HotStates::parts().next().unwrap();
    hot.clear(PARTITION, Write { expected, version }, part)
}

#[track_caller]
fn assert_lost<T: std::fmt::Debug>(result: Result<T, HotError>) {
    assert!(matches!(result, Err(HotError::Lost)), "{result:?}");
}

#[track_caller]
fn assert_all_lost(hot: &mut HotStates, stale: Mark) {
    assert_lost(write(hot, stale, 9, Some(9), Some("wrong")));
    assert_lost(clear(hot, stale, 9));
    assert_lost(hot.set_whole(PARTITION, stale));
    assert_lost(read(hot, stale));
    assert_lost(hot.each(PARTITION, stale, |_, _| ()));
    assert_lost(hot.verify_each(&[(PARTITION, stale)]));
}

#[test]
#[ignore = "starts Redis: cargo xtask test"]
fn a_mark_that_is_not_the_last_is_refused_whatever_is_asked() {
    let redis = redis();
    let mut hot = hot(&redis);
    assert_all_lost(&mut hot, mark(1, 0));
    assert_eq!(hot.claim(PARTITION, 1).unwrap(), None);
    write(&mut hot, mark(1, 0), 1, Some(3), Some("right")).unwrap();
    for stale in [mark(2, 1), mark(1, 0), mark(1, 2)] {
        assert_all_lost(&mut hot, stale);
    }
    assert_eq!(read(&mut hot, mark(1, 1)).unwrap().as_deref(), Some("right"));
    hot.verify_each(&[(PARTITION, mark(1, 1))]).unwrap();
    assert_eq!(hot.claim(PARTITION, 2).unwrap(), Some(3), "nothing that was refused left its watermark");
}

#[test]
#[ignore = "starts Redis: cargo xtask test"]
fn of_two_writes_after_the_same_one_the_later_to_come_is_refused() {
    let redis = redis();
    let mut hot = hot(&redis);
    hot.claim(PARTITION, 1).unwrap();
    // the first failed, and comes after it was tried again
    write(&mut hot, mark(1, 0), 2, Some(5), Some("again")).unwrap();
    assert_lost(write(&mut hot, mark(1, 0), 1, Some(3), Some("late")));
    assert_eq!(read(&mut hot, mark(1, 2)).unwrap().as_deref(), Some("again"));
    // it comes before that
    write(&mut hot, mark(1, 2), 3, Some(7), Some("late")).unwrap();
    assert_lost(write(&mut hot, mark(1, 2), 4, Some(9), Some("again")));
    assert_lost(read(&mut hot, mark(1, 4)));
}

#[test]
#[ignore = "starts Redis: cargo xtask test"]
fn a_former_owner_clears_nothing() {
    let redis = redis();
    let (mut former, mut owner) = (hot(&redis), hot(&redis));
    former.claim(PARTITION, 1).unwrap();
    write(&mut former, mark(1, 0), 1, Some(3), Some("state")).unwrap();
    assert_eq!(owner.claim(PARTITION, 2).unwrap(), Some(3));
    for part in HotStates::parts() {
        assert_lost(former.clear(PARTITION, Write { expected: mark(1, 1), version: 2 }, part));
    }
    assert_eq!(read(&mut owner, mark(2, 0)).unwrap().as_deref(), Some("state"));
}

#[test]
#[ignore = "starts Redis: cargo xtask test"]
fn a_redis_that_was_flushed_is_lost_not_empty() {
    let redis = redis();
    let mut hot = hot(&redis);
    hot.claim(PARTITION, 1).unwrap();
    write(&mut hot, mark(1, 0), 1, Some(3), Some("state")).unwrap();
    redis.flushall().unwrap();
    assert_all_lost(&mut hot, mark(1, 1));
    assert_eq!(hot.claim(PARTITION, 2).unwrap(), None);
}

#[test]
#[ignore = "starts Redis: cargo xtask test"]
fn an_older_copy_of_redis_is_lost_and_its_watermark_its_own() {
    let mut redis = redis();
    let mut hot = hot(&redis);
    hot.claim(PARTITION, 1).unwrap();
    write(&mut hot, mark(1, 0), 1, Some(3), Some("older")).unwrap();
    redis.keep_copy().unwrap();
    write(&mut hot, mark(1, 1), 2, Some(5), Some("newer")).unwrap();
    redis.restart_from_copy().unwrap();
    hot.disconnect();
    assert_all_lost(&mut hot, mark(1, 2));
    assert_eq!(hot.claim(PARTITION, 2).unwrap(), Some(3));
    assert_eq!(read(&mut hot, mark(2, 0)).unwrap().as_deref(), Some("older"));
}

#[test]
#[ignore = "starts Redis: cargo xtask test"]
fn the_watermark_moves_with_the_last_write_of_a_batch_and_goes_with_a_clear() {
    let redis = redis();
    let mut hot = hot(&redis);
    hot.claim(PARTITION, 1).unwrap();
    write(&mut hot, mark(1, 0), 1, Some(3), Some("first")).unwrap();
    write(&mut hot, mark(1, 1), 2, None, Some("more of it follows")).unwrap();
    assert_eq!(hot.claim(PARTITION, 2).unwrap(), Some(3));
    let mut version = 0;
    for part in HotStates::parts() {
        let write = Write { expected: mark(2, version), version: version + 1 };
        hot.clear(PARTITION, write, part).unwrap();
        version += 1;
    }
    assert_eq!(read(&mut hot, mark(2, version)).unwrap(), None);
    hot.each(PARTITION, mark(2, version), |key, _| panic!("{key} is left")).unwrap();
    assert_eq!(hot.claim(PARTITION, 3).unwrap(), None);
    write(&mut hot, mark(3, 0), 1, Some(7), Some("read back")).unwrap();
    let mut states = Vec::new();
    hot.each(PARTITION, mark(3, 1), |key, bytes| states.push((key, bytes))).unwrap();
    assert_eq!(states, [("t/key".to_owned(), b"read back".to_vec())]);
    write(&mut hot, mark(3, 1), 2, Some(9), None).unwrap();
    assert_eq!(read(&mut hot, mark(3, 2)).unwrap(), None, "it was removed");
}

#[test]
#[ignore = "starts Redis: cargo xtask test"]
fn of_several_writes_in_one_round_trip_only_the_stale_one_fails() {
    let redis = redis();
    let mut hot = hot(&redis);
    let partitions: Vec<String> = (0..9).map(|number| format!("intake.cases.{number}")).collect();
    for partition in &partitions {
        hot.claim(partition, 1).unwrap();
    }
    let stale = 4;
    hot.claim(&partitions[stale], 2).unwrap();
    let changes = [change("t/key", Some("state")), change("t/other", Some("another"))];
    let write = Write { expected: mark(1, 0), version: 1 };
    let of = |partition| HotWrite { partition, write, watermark: Some(3), changes: &changes };
    let writes: Vec<HotWrite<'_>> = partitions.iter().map(|partition| of(partition)).collect();
    let done = hot.write_each(&writes);
    assert_eq!(done.len(), partitions.len());
    for (number, (partition, done)) in partitions.iter().zip(done).enumerate() {
        let expected = if number == stale { mark(2, 0) } else { mark(1, 1) };
        let states = hot.read(partition, expected, &[Arc::from("t/key"), Arc::from("t/other")]).unwrap();
        if number == stale {
            assert_lost(done);
            assert_eq!(states, [None, None]);
        } else {
            done.unwrap();
            assert_eq!(states, [Some(b"state".to_vec()), Some(b"another".to_vec())], "{partition}");
        }
    }
}

#[test]
#[ignore = "starts Redis: cargo xtask test"]
fn that_one_of_several_copies_was_lost_is_seen_at_once() {
    let redis = redis();
    let mut hot = hot(&redis);
    let partitions: Vec<String> = (0..72).map(|number| format!("intake.cases.{number}")).collect();
    for partition in &partitions {
        hot.claim(partition, 1).unwrap();
    }
    let mut expected: Vec<(&str, Mark)> = partitions.iter().map(|partition| (partition.as_str(), mark(1, 0))).collect();
    hot.verify_each(&expected).unwrap();
    for lost in [0, 40, 71] {
        expected[lost].1 = mark(1, 1);
        assert_lost(hot.verify_each(&expected));
        expected[lost].1 = mark(1, 0);
    }
    tell(&redis, &format!("DEL {{{PREFIX}{}}}:meta", partitions[40]));
    assert_lost(hot.verify_each(&expected));
}

#[tokio::test]
#[ignore = "starts Redis: cargo xtask test"]
async fn who_owns_nothing_reads_only_what_is_whole() {
    let redis = redis();
    let mut hot = hot(&redis);
    let reader = HotReader::new(&redis.url(), PREFIX).unwrap();
    let ask = |key: &str| reader.clone().read(PARTITION.to_owned(), key.to_owned());
    assert!(matches!(ask("t/key").await, Err(BackendError::Unavailable(_))), "nobody has claimed it");
    hot.claim(PARTITION, 1).unwrap();
    write(&mut hot, mark(1, 0), 1, Some(3), Some("state")).unwrap();
    assert!(matches!(ask("t/key").await, Err(BackendError::Unavailable(_))), "more may follow");
    hot.set_whole(PARTITION, mark(1, 1)).unwrap();
    assert_eq!(ask("t/key").await.unwrap(), Some(b"state".to_vec()));
    assert_eq!(ask("t/none").await.unwrap(), None);
    redis.limit_memory(Some(1)).unwrap();
    tell(&redis, "SCRIPT FLUSH");
    assert_eq!(ask("t/key").await.unwrap(), Some(b"state".to_vec()), "a full redis is read");
    redis.limit_memory(None).unwrap();
    hot.claim(PARTITION, 2).unwrap();
    assert!(matches!(ask("t/key").await, Err(BackendError::Unavailable(_))), "it is taken over");
}

#[test]
#[ignore = "starts Redis: cargo xtask test"]
fn a_redis_that_evicts_is_refused_with_each_connection() {
    let redis = redis();
    let mut hot = hot(&redis);
    hot.check_policy().unwrap();
    hot.claim(PARTITION, 1).unwrap();
    tell(&redis, "CONFIG SET maxmemory-policy allkeys-lru");
    hot.disconnect();
    let refused = hot.check_policy().unwrap_err().to_string();
    assert!(refused.contains("`allkeys-lru`") && refused.contains("noeviction"), "{refused}");
    assert!(matches!(read(&mut hot, mark(1, 0)), Err(HotError::Evicts(policy)) if policy == "allkeys-lru"));
    assert!(matches!(write(&mut hot, mark(1, 0), 1, None, Some("state")), Err(HotError::Evicts(_))));
    tell(&redis, "CONFIG SET maxmemory-policy noeviction");
    assert_eq!(read(&mut hot, mark(1, 0)).unwrap(), None);
}

#[test]
#[ignore = "starts Redis: cargo xtask test"]
fn a_redis_that_does_not_tell_its_policy_is_taken() {
    let redis = redis();
    // as where Redis is rented
    tell(&redis, "ACL SETUSER default -info -config");
    let mut hot = hot(&redis);
    hot.check_policy().unwrap();
    hot.claim(PARTITION, 1).unwrap();
}

#[test]
#[ignore = "starts Redis: cargo xtask test"]
fn a_full_redis_is_read_refuses_writes_and_keeps_its_connection() {
    let redis = redis();
    let mut hot = hot(&redis);
    hot.claim(PARTITION, 1).unwrap();
    hot.claim(OTHER, 1).unwrap();
    write(&mut hot, mark(1, 0), 1, Some(3), Some("state")).unwrap();
    let client =
        |hot: &mut HotStates| -> u64 { redis::cmd("CLIENT").arg("ID").query(hot.connected().unwrap()).unwrap() };
    let before = client(&mut hot);
    redis.limit_memory(Some(1)).unwrap();
    let refused = write(&mut hot, mark(1, 1), 2, Some(5), Some("more")).unwrap_err();
    assert!(matches!(refused, HotError::Refused(_)), "{refused:?}");
    assert!(refused.to_string().starts_with("redis refuses writes: OOM command not allowed"), "{refused}");
    assert_eq!(read(&mut hot, mark(1, 1)).unwrap().as_deref(), Some("state"));
    hot.verify_each(&[(PARTITION, mark(1, 1)), (OTHER, mark(1, 0))]).unwrap();
    redis.limit_memory(None).unwrap();
    write(&mut hot, mark(1, 1), 3, Some(5), Some("more")).unwrap();
    assert_eq!(client(&mut hot), before, "it answers, so it stays");
}
