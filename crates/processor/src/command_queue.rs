//! Commands that wait for their own instant.
//!
//! A command is decided in a timer at the instant it was given, when everything up to that instant has arrived; so the
//! decision does not depend on which topic was read first. What it comes to is the matter of its service, and that it
//! is answered once the [`crate::Ledger`]'s.

use kefu_contracts::command::Command;
use kefu_contracts::{Code, Reject, Timestamp};
use serde::{Deserialize, Serialize};

/// The most commands that wait at one key; a person gives one at a time.
pub const WAITING_MAX: usize = 256;

/// The commands of one key in the order in which they are decided; part of its state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CommandQueue {
    /// By instant, then id.
    waiting: Vec<Command>,
}

impl CommandQueue {
    /// Takes a command in that came under `key`; one that waits already is not taken twice.
    ///
    /// # Errors
    /// If it is aimed at another key, or too many wait.
    pub fn push(&mut self, key: &str, command: Command) -> Result<(), Reject> {
        command.check_key(key)?;
        self.add(command)
    }

    /// Takes in a command whose key was held against it before.
    ///
    /// # Errors
    /// If too many wait.
    pub fn add(&mut self, command: Command) -> Result<(), Reject> {
        if self.waiting.len() >= WAITING_MAX {
            let detail = format!("{WAITING_MAX} commands to `{}` wait already; send it later", command.target);
            return Err(Reject::new(Code::TooLarge, detail));
        }
        let order = |other: &Command| (other.at, other.command_id.clone());
        let place = self.waiting.partition_point(|other| order(other) <= order(&command));
        let again = place.checked_sub(1).and_then(|before| self.waiting.get(before)) == Some(&command);
        if !again {
            self.waiting.insert(place, command);
        }
        Ok(())
    }

    /// The instant of the first.
    pub fn next(&self) -> Option<Timestamp> {
        self.waiting.first().map(|command| command.at)
    }

    /// Takes out those given at `now` or before.
    pub fn take_until(&mut self, now: Timestamp) -> Vec<Command> {
        let end = self.waiting.partition_point(|command| command.at <= now);
        self.waiting.drain(..end).collect()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use kefu_contracts::channel_event::Actor;
    use kefu_contracts::{ActorKind, Json};

    use super::*;

    const KEY: &str = "demo/h-1";

    fn command(id: &str, at_ms: i64) -> Command {
        Command {
            command_id: id.to_owned(),
            tenant: "demo".to_owned(),
            kind: "ask".to_owned(),
            target: "h-1".to_owned(),
            actor: Actor { kind: ActorKind::Agent, id: "a-1".to_owned(), name: None },
            at: Timestamp::from_ms(at_ms),
            data: Json::default(),
        }
    }

    #[test]
    fn commands_are_decided_by_instant_and_id_whatever_came_first() {
        let mut queue = CommandQueue::default();
        for (id, at) in [("k-3", 9), ("k-2", 5), ("k-1", 5), ("k-2", 5)] {
            queue.push(KEY, command(id, at)).unwrap();
        }
        assert_eq!(queue.next(), Some(Timestamp::from_ms(5)));
        let ids = |commands: Vec<Command>| commands.into_iter().map(|command| command.command_id).collect::<Vec<_>>();
        assert_eq!(ids(queue.take_until(Timestamp::from_ms(8))), ["k-1", "k-2"]);
        assert_eq!(ids(queue.take_until(Timestamp::from_ms(9))), ["k-3"]);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_flood_is_refused() {
        let mut queue = CommandQueue::default();
        for n in 0..WAITING_MAX as i64 {
            queue.push(KEY, command("k", n)).unwrap();
        }
        assert_eq!(queue.push(KEY, command("k", -1)).unwrap_err().code, Code::TooLarge);
    }

    #[test]
    fn what_is_aimed_at_something_else_is_refused() {
        let mut queue = CommandQueue::default();
        assert_eq!(queue.push("demo/h-2", command("k-1", 5)).unwrap_err().code, Code::BadKey);
        assert!(queue.is_empty());
    }
}
