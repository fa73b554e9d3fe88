//! The processor that brings commands about escalations to the case that decides them.
//!
//! Commands come by their target, the case or one of its escalations; the case is named in both.

use std::sync::Arc;

use kefu_contracts::Reject;
use kefu_contracts::command::Command;
use kefu_contracts::topic::{COMMAND_RESULTS, COMMANDS, TopicInfo};
use kefu_processor::{Context, Nothing, Processor, input, ledger};

use crate::domain::escalation::request::about;
use crate::topics::REQUESTS;

input! {
    /// What the processor reads.
    pub enum Read {
        /// What somebody wants done.
        Command(Command) from COMMANDS,
    }
}

/// Finds the case of a command.
#[derive(Clone, Copy, Debug)]
pub struct Requests;

impl Processor for Requests {
    const NAME: &'static str = "requests";
    const OUTPUTS: &'static [TopicInfo] = &[REQUESTS.info, COMMAND_RESULTS.info];
    type State = Nothing;
    type Input = Read;

    fn heeds(&self, Read::Command(command): &Read) -> bool {
        about(command).is_some()
    }

    fn on_record(&self, _: &mut Option<Nothing>, input: Read, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Read::Command(command) = input;
        let Some(about) = about(&command) else { return Ok(()) };
        command.check_key(ctx.key())?;
        match about {
            Ok(about) => {
                let key = format!("{}/{}", command.tenant, about.case_id);
                let at = command.at;
                ctx.emit(&REQUESTS, key, Arc::unwrap_or_clone(command), at);
            }
            Err(reject) => ledger::tell_refusal(&command, reject, ctx),
        }
        Ok(())
    }
}
