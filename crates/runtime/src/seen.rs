//! What is seen of a process from outside: whether it is ready, what it waits for, whether it is stuck.
//!
//! Owns what follows from what its threads tell. Asking them, and answering requests, belong to others.

use std::sync::{Mutex, PoisonError};

use crate::heartbeat::Heartbeats;
use crate::http::server::Readiness;
use crate::kafka::BROKER_AWAY;

/// What the process waits for, as the loop that looks after the threads last saw it.
pub(crate) struct Seen {
    waits: Mutex<Vec<String>>,
    stage: Mutex<Stage>,
    heartbeats: Heartbeats,
}

/// How far a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Something that it needs was not there yet.
    Starts,
    /// Once everything was there.
    Ready,
    /// It was told to end.
    Ends,
}

impl Seen {
    pub(crate) fn new(heartbeats: Heartbeats) -> Self {
        let waits = Mutex::new(vec!["the process starts".to_owned()]);
        Self { waits, stage: Mutex::new(Stage::Starts), heartbeats }
    }

    pub(crate) fn set(&self, waits: Vec<String>) {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if *stage == Stage::Starts && waits.is_empty() {
            *stage = Stage::Ready;
        }
        *self.waits.lock().unwrap_or_else(PoisonError::into_inner) = waits;
    }

    pub(crate) fn ends(&self) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = Stage::Ends;
    }
}

impl Readiness for Seen {
    fn missing(&self) -> Vec<String> {
        let stage = *self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        match stage {
            Stage::Starts => self.waits(),
            Stage::Ready => Vec::new(),
            Stage::Ends => vec!["the process ends".to_owned()],
        }
    }

    fn waits(&self) -> Vec<String> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// While the broker is away a call of its client may not come back for as long; a new process would be no better.
    fn stuck(&self) -> Vec<String> {
        if self.waits().iter().any(|wait| wait == BROKER_AWAY) {
            return Vec::new();
        }
        let silent = self.heartbeats.silent().into_iter();
        silent.map(|(name, since)| format!("thread {name} has not turned for {} s", since.as_secs())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_ready_stays_so_until_it_ends() {
        let seen = Seen::new(Heartbeats::default());
        assert_eq!(seen.missing(), ["the process starts"]);
        seen.set(vec![BROKER_AWAY.to_owned()]);
        assert_eq!(seen.missing(), [BROKER_AWAY]);
        seen.set(Vec::new());
        seen.set(vec![BROKER_AWAY.to_owned()]);
        assert!(seen.missing().is_empty() && seen.waits() == [BROKER_AWAY]);
        seen.ends();
        assert_eq!(seen.missing(), ["the process ends"]);
    }
}
