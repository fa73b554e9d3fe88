//! What people do to the escalations of one case: the part of its state that commands are decided with.

use kefu_contracts::channel_event::Actor;
use kefu_contracts::command::Command;
use kefu_contracts::{Code, Reject};
use kefu_processor::{CommandQueue, Ledger};
use serde::{Deserialize, Serialize};

use crate::domain::escalation::act::{Act, Acted};

/// The most acts kept of a case; people do few.
const ACTS_MAX: usize = 1_000;

/// What people asked of a case.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// Commands that wait for their instant.
    pub(crate) waiting: CommandQueue,
    /// The answers given.
    pub(crate) ledger: Ledger,
    /// What was done, in the order of time.
    pub(crate) acts: Vec<Acted>,
}

impl Asked {
    /// Takes note of what was done.
    ///
    /// # Errors
    /// If too much was.
    pub(crate) fn record(&mut self, command: &Command, act: Act, note: Option<String>) -> Result<(), Reject> {
        if self.acts.len() >= ACTS_MAX {
            let detail = format!("{ACTS_MAX} commands changed this case's escalations already; close the case");
            return Err(Reject::new(Code::TooLarge, detail));
        }
        let by = Actor { name: None, ..command.actor.clone() };
        self.acts.push(Acted { at: command.at, by, note, act });
        Ok(())
    }

    /// Whether nothing of it is needed without the case.
    pub(crate) fn is_done(&self) -> bool {
        self.waiting.is_empty() && self.ledger.is_empty()
    }
}
