//! Instances that ended by themselves, or did not end when they were told to.
//!
//! Owns which of that a fault explains. Anything else is a fault of kefu's own.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use crate::process::Running;

/// How an instance ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// By itself.
    ByItself(ExitStatus),
    /// When told to, but not in good order.
    Badly(ExitStatus),
    /// Not within the time it had when told to.
    NotWhenTold,
}

/// An instance that ended by itself, or not as it should.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub(super) name: String,
    /// What it said last.
    pub(super) words: String,
    pub(super) how: How,
    /// What it said before that.
    before: String,
    /// Whether it had come to work.
    listened: bool,
}

/// What an instance says last that a fault makes end: its beginning, and the fault.
const CAUSES: [(&str, &str); 3] = [
    ("kefu: kafka: Meta data fetch error", "the broker or the link to it was away at the start"),
    ("kefu: the Kafka broker at", "the broker or the link to it was away at the start"),
    ("kefu: no Kafka broker answers at", "the broker or the link to it was away at the start"),
];

/// What it says last if a server was away when it was told to end.
const TOLD_MEANWHILE: &str = "kefu: it was told to end while something was away";
/// What it says last if a call of the Kafka client did not come back until its time was over, and what it said before
/// if the broker was away then.
const UNDRAINED: &str = "kefu: a thread did not end within";
const BROKER_AWAY: &str = "brokers are down";

/// The signal that tells to end. Who has not come to work yet ends by it at once.
const TOLD_TO_END: i32 = 15;

/// Exit code of a program that says why it cannot go on; a panic and a signal have others.
const SAID_WHY: i32 = 1;

impl Ended {
    pub(super) fn of(running: &Running, how: How) -> Self {
        let (words, before) = running.last_words();
        Self { name: running.name().to_owned(), words, before, how, listened: running.address().is_some() }
    }

    fn was_told_meanwhile(&self) -> bool {
        let is_undrained = self.words.starts_with(UNDRAINED) && self.before.contains(BROKER_AWAY);
        is_undrained || self.words.starts_with(TOLD_MEANWHILE)
    }

    /// Whether a fault explains it.
    pub(super) fn is_explained(&self) -> bool {
        // whoever has come to work waits for what is away
        let by_fault = || !self.listened && CAUSES.iter().any(|(cause, _)| self.words.starts_with(cause));
        match self.how {
            How::ByItself(status) => status.code() == Some(SAID_WHY) && by_fault(),
            How::Badly(status) if status.signal() == Some(TOLD_TO_END) => !self.listened,
            How::Badly(status) => status.code() == Some(SAID_WHY) && (by_fault() || self.was_told_meanwhile()),
            How::NotWhenTold => false,
        }
    }

    /// What became of it, for people.
    pub(super) fn describe(&self) -> String {
        match self.how {
            How::ByItself(status) => format!("ended by itself with {status}: {}", self.words),
            How::NotWhenTold => "did not end when told to".to_owned(),
            How::Badly(status) => format!("ended with {status} when told to: {}", self.words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(how: How, words: &str) -> Ended {
        Ended { name: "intake-0".to_owned(), words: words.to_owned(), before: String::new(), how, listened: false }
    }

    #[test]
    fn only_what_a_fault_makes_end_is_explained() {
        let code = |code: i32| ExitStatus::from_raw(code << 8);
        let away = "kefu: no Kafka broker answers at 127.0.0.1:1";
        for (how, words, explained) in [
            (How::ByItself(code(1)), away, true),
            // nobody else has its name, and a transaction that was given up is begun anew
            (How::ByItself(code(1)), "kefu: another process runs as instance `intake-0`", false),
            (How::ByItself(code(1)), "kefu: kafka: 1 message(s) timed out", false),
            // a panic, a signal, and an end in good order that nobody asked for
            (How::ByItself(code(101)), away, false),
            (How::ByItself(ExitStatus::from_raw(9)), away, false),
            (How::ByItself(code(0)), away, false),
            (How::ByItself(code(1)), "kefu: kafka: all broker connections are down", false),
            (How::ByItself(code(1)), "nothing", false),
            (How::NotWhenTold, away, false),
            (How::Badly(code(1)), "kefu: it was told to end while something was away", true),
            (How::ByItself(code(1)), "kefu: it was told to end while something was away", false),
            (How::Badly(code(101)), "nothing", false),
        ] {
            let ended = ended(how, words);
            assert_eq!(ended.is_explained(), explained, "{}", ended.describe());
            let at_work = Ended { listened: true, ..ended };
            let told = words.contains("told to end");
            assert_eq!(at_work.is_explained(), explained && told, "at work: {}", at_work.describe());
        }
    }

    #[test]
    fn a_drain_that_took_too_long_is_explained_while_the_broker_was_away() {
        let late = ended(How::Badly(ExitStatus::from_raw(1 << 8)), "kefu: a thread did not end within 20 s");
        assert!(!late.is_explained());
        let before = "WARN kafka producer reason=\"2/2 brokers are down\"".to_owned();
        assert!(Ended { before: before.clone(), ..late.clone() }.is_explained());
        let by_itself = How::ByItself(ExitStatus::from_raw(1 << 8));
        assert!(!Ended { before, how: by_itself, ..late }.is_explained());
    }

    #[test]
    fn who_has_not_come_to_work_ends_at_once_when_told() {
        let told = ended(How::Badly(ExitStatus::from_raw(TOLD_TO_END)), "nothing");
        assert!(told.is_explained());
        assert!(!Ended { listened: true, ..told }.is_explained());
        let crashed = ended(How::Badly(ExitStatus::from_raw(11)), "nothing");
        assert!(!crashed.is_explained());
    }
}
