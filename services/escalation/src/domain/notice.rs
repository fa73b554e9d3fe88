//! Notices to staff, gathered so that a flood of breaches becomes one message.

use kefu_contracts::{Language, Timestamp};
use serde::{Deserialize, Serialize};

/// How long notices to one recipient are gathered, from the first.
pub const GATHER_MS: i64 = 60_000;

/// The most notices in one message; more become the next message.
const GATHERED_MAX: usize = 20_000;

/// The most cases that a message's text names; all are in its data.
pub const NAMED_MAX: usize = 5;

/// Something a member of staff should hear of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Notice {
    /// When it came up.
    pub at: Timestamp,
    /// The escalation.
    pub escalation_id: String,
    /// The case.
    pub case_id: String,
}

/// Notices that wait to go out together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gathering {
    /// `agent`, `supervisor` or `role`.
    pub recipient_kind: String,
    /// The language of the message.
    pub language: Language,
    /// The notices, by time.
    notices: Vec<Notice>,
}

impl Gathering {
    /// Waits for the first notice.
    pub fn new(recipient_kind: String, language: Language) -> Self {
        Self { recipient_kind, language, notices: Vec::new() }
    }

    /// Adds a notice; the same one twice counts once.
    pub fn add(&mut self, notice: Notice) {
        let place = self.notices.partition_point(|other| *other < notice);
        if self.notices.get(place) != Some(&notice) {
            self.notices.insert(place, notice);
        }
    }

    /// When the message goes out; at once when it is full.
    pub fn due(&self) -> Option<Timestamp> {
        let first = self.notices.first()?.at;
        Some(if self.notices.len() >= GATHERED_MAX { first } else { first.plus_ms(GATHER_MS) })
    }

    /// Takes out what goes out together: the notices of [`GATHER_MS`] from the first.
    pub fn take(&mut self) -> Vec<Notice> {
        let Some(until) = self.notices.first().map(|first| first.at.plus_ms(GATHER_MS)) else { return Vec::new() };
        let count = self.notices.partition_point(|notice| notice.at < until).min(GATHERED_MAX);
        let later = self.notices.split_off(count);
        std::mem::replace(&mut self.notices, later)
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.notices.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(second: i64, id: &str) -> Notice {
        Notice { at: Timestamp::from_ms(second * 1_000), escalation_id: id.to_owned(), case_id: "c-1#1".to_owned() }
    }

    fn ids(notices: &[Notice]) -> Vec<&str> {
        notices.iter().map(|notice| notice.escalation_id.as_str()).collect()
    }

    #[test]
    fn a_minute_from_the_first_whatever_the_order_of_arrival() {
        let mut gathering = Gathering::new("agent".to_owned(), Language::En);
        for (second, id) in [(59, "b"), (0, "a"), (60, "c"), (0, "a"), (130, "d")] {
            gathering.add(notice(second, id));
        }
        assert_eq!(gathering.due(), Some(Timestamp::from_ms(60_000)));
        assert_eq!(ids(&gathering.take()), ["a", "b"]);
        assert_eq!(gathering.due(), Some(Timestamp::from_ms(120_000)));
        assert_eq!(ids(&gathering.take()), ["c"]);
        assert_eq!(ids(&gathering.take()), ["d"]);
        assert!(gathering.is_empty() && gathering.due().is_none());
    }

    #[test]
    fn a_full_message_goes_out_at_once() {
        let mut gathering = Gathering::new("agent".to_owned(), Language::En);
        for n in 0..=GATHERED_MAX {
            gathering.add(notice(n as i64 / 1_000, &format!("{n:06}")));
        }
        assert_eq!(gathering.due(), Some(Timestamp::from_ms(0)));
        assert_eq!(gathering.take().len(), GATHERED_MAX);
        assert_eq!(gathering.take().len(), 1);
    }
}
