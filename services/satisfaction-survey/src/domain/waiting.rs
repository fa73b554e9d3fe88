//! Commands that wait for their own instant.
//!
//! A command is decided when everything up to its instant has come in, so that what was decided does not depend on
//! which of two topics was read first.

use kefu_contracts::command::Command;
use kefu_contracts::{Code, Reject, Timestamp};
use serde::{Deserialize, Serialize};

/// More commands to one key than this, all waiting for their instant, are refused.
const MOST_WAITING: usize = 64;

/// Commands by instant, then id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    commands: Vec<Command>,
}

impl Waiting {
    /// Lets `command` wait.
    ///
    /// # Errors
    /// If too many wait.
    pub fn add(&mut self, command: Command) -> Result<(), Reject> {
        if self.commands.len() >= MOST_WAITING {
            let detail = format!("{MOST_WAITING} commands to `{}` wait already; send it again later", command.target);
            return Err(Reject::new(Code::TooLarge, detail));
        }
        let order = |command: &Command| (command.at, command.command_id.clone());
        let place = self.commands.partition_point(|known| order(known) <= order(&command));
        self.commands.insert(place, command);
        Ok(())
    }

    /// Takes out the commands whose instant is not after `now`.
    pub fn take_until(&mut self, now: Timestamp) -> Vec<Command> {
        let count = self.commands.partition_point(|command| command.at <= now);
        self.commands.drain(..count).collect()
    }

    /// When the first waits to be decided.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.commands.first().map(|command| command.at)
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }
}
