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
