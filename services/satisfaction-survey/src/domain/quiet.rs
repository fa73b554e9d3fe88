//! How invitations of one customer are spaced.

use kefu_contracts::Timestamp;
use kefu_contracts::id::hash_64;
use serde::{Deserialize, Serialize};

/// Invitations remembered of a customer; older ones go first.
const MOST_INVITATIONS: usize = 32;

/// How long an invitation is remembered at least, in milliseconds: a policy may lengthen `quiet` later.
const REMEMBERED_MS: i64 = 366 * 86_400_000;

/// The invitations a customer had, whatever became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitations {
    /// By instant.
    sent: Vec<Sent>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sent {
    survey: u64,
    at: Timestamp,
}

impl Invitations {
    /// Whether the customer is asked at `at`: yes if no other invitation lies less than `quiet_ms` away, exactly
    /// `quiet_ms` being enough. Then it counts as sent. What was sent before stays so. An invitation may be found to
    /// lie after `at` if the end of service was only heard of later; one that went out is not called back, so it
    /// counts too.
    pub fn decide(&mut self, survey_id: &str, at: Timestamp, quiet_ms: i64) -> bool {
        let survey = hash_64(&[survey_id]);
        let own = self.sent.iter().position(|sent| sent.survey == survey);
        if let Some(own) = own {
            self.sent.remove(own);
        } else if self.sent.iter().any(|sent| at.ms_since(sent.at).saturating_abs() < quiet_ms) {
            return false;
        }
        let place = self.sent.partition_point(|sent| sent.at <= at);
        self.sent.insert(place, Sent { survey, at });
        let surplus = self.sent.len().saturating_sub(MOST_INVITATIONS);
        self.sent.drain(..surplus);
        true
    }

    /// Forgets what cannot count any more at `now` under a policy with `quiet_ms`.
    pub fn tidy(&mut self, now: Timestamp, quiet_ms: i64) {
        let kept_ms = quiet_ms.max(REMEMBERED_MS);
        self.sent.retain(|sent| now.ms_since(sent.at) < kept_ms);
    }

    /// When there may be something to forget.
    pub fn tidy_at(&self) -> Option<Timestamp> {
        self.sent.first().map(|sent| sent.at.plus_ms(REMEMBERED_MS))
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY_MS: i64 = 86_400_000;

    fn decide(invitations: &mut Invitations, survey: &str, at_ms: i64) -> bool {
        invitations.decide(survey, Timestamp::from_ms(at_ms), 10)
    }

    #[test]
    fn exactly_quiet_is_enough_on_either_side() {
        for (at_ms, asked) in [(90, true), (91, false), (100, false), (109, false), (110, true)] {
            let mut invitations = Invitations::default();
            assert!(decide(&mut invitations, "first", 100));
            assert_eq!(decide(&mut invitations, "second", at_ms), asked, "{at_ms}");
        }
    }

    #[test]
    fn what_was_sent_stays_sent_when_it_is_decided_again() {
        let mut invitations = Invitations::default();
        assert!(decide(&mut invitations, "first", 100));
        assert!(!decide(&mut invitations, "second", 105));
        assert!(decide(&mut invitations, "first", 95), "the same survey, ended earlier than was thought");
        assert!(decide(&mut invitations, "second", 105), "now it is exactly quiet after the first");
    }

    #[test]
    fn no_more_is_remembered_than_is_needed() {
        let mut invitations = Invitations::default();
        for n in 0..2 * MOST_INVITATIONS as i64 {
            assert!(decide(&mut invitations, &n.to_string(), n * 10));
        }
        assert_eq!(invitations.sent.len(), MOST_INVITATIONS);
        let last = invitations.sent.last().unwrap().at;
        invitations.tidy(last.plus_ms(REMEMBERED_MS - 1), 10);
        assert!(!invitations.is_empty());
        invitations.tidy(last.plus_ms(REMEMBERED_MS), 400 * DAY_MS);
        assert!(!invitations.is_empty(), "a longer quiet remembers longer");
        invitations.tidy(last.plus_ms(REMEMBERED_MS), 10);
        assert!(invitations.is_empty());
    }

    proptest! {
        /// Against the rule read literally: asked unless one was invited less than `quiet` before.
        #[test]
        fn in_order_it_is_the_plain_rule(
            mut instants in proptest::collection::vec(0_i64..200, 0..25),
            quiet in 0_i64..40,
        ) {
            instants.sort_unstable();
            let mut invited: Vec<i64> = Vec::new();
            let mut invitations = Invitations::default();
            for (n, at_ms) in instants.into_iter().enumerate() {
                let wanted = invited.iter().all(|earlier| at_ms - earlier >= quiet);
                let asked = invitations.decide(&n.to_string(), Timestamp::from_ms(at_ms), quiet);
                prop_assert_eq!(asked, wanted, "{} after {:?}", at_ms, invited);
                invited.extend(wanted.then_some(at_ms));
            }
        }
    }
}
