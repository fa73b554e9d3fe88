//! What ends a worker: whether it joins its group again with new clients, or ends its process.
//!
//! Clients break for good not only when another process takes this one's name. A broker that was away for longer than
//! a transaction or a session may last refuses the producer and the member that it knew, in the same words. Only what
//! happens then tells the two apart: who joins again stays, unless another process lives that does the same.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;

use super::Worker;
use crate::clock;
use crate::kafka::client::KafkaError;

/// A worker that breaks sooner than this after it began to join ends its process: joining has not helped. Of two
/// processes with one name that is the one that came last.
const NEW: Duration = Duration::from_secs(5);

/// A worker that joins again more often than this ends its process: it does not help, or two processes with one name
/// take each other's place.
const REJOINS_MAX: usize = 10;
/// Within this time.
const REJOINS_WITHIN: Duration = Duration::from_secs(300);

/// When a worker joined its group again.
#[derive(Debug, Default)]
pub(crate) struct Rejoins(VecDeque<Instant>);

impl Rejoins {
    /// Whether it may join again at `now`; counts it if so.
    fn may_at(&mut self, now: Instant) -> bool {
        self.0.retain(|at| now.duration_since(*at) < REJOINS_WITHIN);
        let may = self.0.len() < REJOINS_MAX;
        if may {
            self.0.push_back(now);
        }
        may
    }
}

impl Worker {
    /// Whether new clients may mend what ended it with `error`.
    pub(crate) fn can_join_again(&self, error: &KafkaError, rejoins: &mut Rejoins) -> bool {
        let member = self.consumer.client().fatal_error().map(|(code, _)| code);
        let mended = is_mended_by_joining(error, self.begun_at.elapsed());
        is_unreleased(member, self.has_joined) || (mended && rejoins.may_at(clock::monotonic()))
    }

    /// What `error`, which ends the process, comes from. Whichever of its clients learns first that another process has
    /// taken its place, the cause is the same.
    pub(crate) fn cause(&self, error: KafkaError) -> KafkaError {
        let member = self.consumer.client().fatal_error().map(|(code, _)| code);
        let codes = [member, self.transaction.fatal_code()];
        if codes.into_iter().flatten().any(is_fenced) {
            return KafkaError::Fenced(self.options.instance.clone());
        }
        error
    }
}

/// Whether the group has not forgotten whoever had this member's place; waiting helps. The broker's own protocol
/// (KIP-848) does not let a member take the place of one that did not leave. If that one lives, it learns from its
/// fenced producer that it has to.
fn is_unreleased(member: Option<RDKafkaErrorCode>, has_joined: bool) -> bool {
    member == Some(RDKafkaErrorCode::UnreleasedInstanceId) && !has_joined
}

fn is_mended_by_joining(error: &KafkaError, age: Duration) -> bool {
    matches!(error, KafkaError::Kafka(_) | KafkaError::Fatal(_)) && age >= NEW
}

/// Whether a client says so because another one with its name took its place.
fn is_fenced(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{Fenced, FencedInstanceId, ProducerFenced, UnreleasedInstanceId};
    matches!(code, Fenced | FencedInstanceId | ProducerFenced | UnreleasedInstanceId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_whose_place_was_taken_is_told_from_a_broken_one() {
        for (code, expected) in [
            (RDKafkaErrorCode::FencedInstanceId, true),
            (RDKafkaErrorCode::Fenced, true),
            (RDKafkaErrorCode::ProducerFenced, true),
            (RDKafkaErrorCode::UnreleasedInstanceId, true),
            (RDKafkaErrorCode::OutOfOrderSequenceNumber, false),
            (RDKafkaErrorCode::TransactionalIdAuthorizationFailed, false),
        ] {
            assert_eq!(is_fenced(code), expected, "{code:?}");
        }
        let told = KafkaError::Fenced("i0".to_owned()).to_string();
        assert!(told.contains("instance `i0`") && told.contains("give each process its own --instance"), "{told}");
    }

    #[test]
    fn who_was_at_work_joins_again_and_who_just_came_ends() {
        let broken = KafkaError::Fatal("the producer is fenced or broken".to_owned());
        assert!(is_mended_by_joining(&broken, NEW));
        assert!(!is_mended_by_joining(&broken, NEW - Duration::from_millis(1)));
        let stuck = KafkaError::SetUp("a transaction is open for too long".to_owned());
        assert!(!is_mended_by_joining(&stuck, NEW), "it would be the same again");
    }

    #[test]
    fn who_joins_again_and_again_ends() {
        let begun = clock::monotonic();
        let mut rejoins = Rejoins::default();
        let may: Vec<bool> = (0..12).map(|n| rejoins.may_at(begun + Duration::from_secs(6 * n))).collect();
        assert_eq!(may, [&[true; 10][..], &[false; 2]].concat());
        assert!(rejoins.may_at(begun + REJOINS_WITHIN), "the first is long ago");
        assert!(!rejoins.may_at(begun + REJOINS_WITHIN), "the second is not");
    }

    #[test]
    fn only_who_waits_for_its_place_waits_on() {
        let unreleased = Some(RDKafkaErrorCode::UnreleasedInstanceId);
        assert!(is_unreleased(unreleased, false) && !is_unreleased(unreleased, true));
        assert!(!is_unreleased(Some(RDKafkaErrorCode::FencedInstanceId), false) && !is_unreleased(None, false));
    }
}
