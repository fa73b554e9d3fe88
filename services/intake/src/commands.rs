//! The processor `commands`: what no service decides is refused.
//!
//! On the common topic each service passes over the kinds of others; so that no command is left without an answer, the
//! first stage answers those that nobody takes. The answer follows from the kind alone: nothing is remembered, and the
//! id may be used again.

use kefu_contracts::command::{Command, target_of};
use kefu_contracts::topic::{COMMAND_RESULTS, COMMANDS, TopicInfo};
use kefu_contracts::{Code, Reject};
use kefu_processor::{Context, Nothing, Processor, input, ledger};

/// The characters of an unknown kind that a refusal names.
const NAMED_CHARS: usize = 64;

input! {
    /// What the processor reads.
    pub enum CommandsInput {
        /// What somebody wants done.
        Command(Command) from COMMANDS,
    }
}

/// Refuses the commands of kinds that no service decides.
#[derive(Clone, Copy, Debug)]
pub struct Commands;

impl Processor for Commands {
    const NAME: &'static str = "commands";
    const OUTPUTS: &'static [TopicInfo] = &[COMMAND_RESULTS.info];
    type State = Nothing;
    type Input = CommandsInput;

    fn on_record(&self, _: &mut Option<Nothing>, input: CommandsInput, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let CommandsInput::Command(command) = input;
        let Some(detail) = undecided(&command.kind) else { return Ok(()) };
        command.check_key(ctx.key())?;
        let reject = Reject::new(Code::UnknownCommand, detail);
        ctx.dead_letter(reject.code, reject.detail.clone());
        ledger::tell_refusal(&command, reject, ctx);
        Ok(())
    }
}

/// Why no service decides commands of this kind; none if one does.
fn undecided(kind: &str) -> Option<String> {
    match target_of(kind) {
        Some(target) if target.decided_by.is_some() => None,
        Some(target) => {
            let name = target.name;
            Some(format!("command `{kind}` ({name}) is decided by no service of this release; send it after an update"))
        }
        None => {
            let named: String = kind.chars().take(NAMED_CHARS).collect();
            Some(format!("command `{named}` is unknown; see the list of commands"))
        }
    }
}

#[cfg(test)]
mod tests {
    use kefu_contracts::channel_event::Actor;
    use kefu_contracts::{ActorKind, Json, Timestamp};
    use kefu_policy::Policies;
    use kefu_testkit::Driver;
    use serde_json::json;

    use super::*;

    fn command(kind: &str) -> Command {
        Command {
            command_id: format!("k-{kind}"),
            tenant: "demo".into(),
            kind: kind.into(),
            target: "x-1".into(),
            actor: Actor { kind: ActorKind::Customer, id: "u-1".into(), name: None },
            at: Timestamp::from_ms(1_000),
            data: Json(json!({})),
        }
    }

    #[test]
    fn what_nobody_decides_is_answered_and_becomes_a_dead_letter() {
        let long = "x".repeat(200);
        for (kind, said) in [
            ("frobnicate", Some("command `frobnicate` is unknown")),
            ("suggest", Some("command `suggest` (suggestion) is decided by no service of this release")),
            ("", Some("command `` is unknown")),
            (long.as_str(), Some("command `xxxx")),
            ("check_in", None),
            ("article_put", None),
        ] {
            let mut driver = Driver::new(&[crate::service()], Policies::default());
            let sent = command(kind);
            // as often as it is sent
            for _ in 0..2 {
                driver.send_at(sent.at, &COMMANDS, &sent.key(), &sent);
            }
            let told = driver.written(&COMMAND_RESULTS);
            let letters = driver.dead_letters();
            let Some(said) = said else {
                assert!(told.is_empty() && letters.is_empty(), "{kind}");
                continue;
            };
            assert_eq!((told.len(), letters.len()), (2, 2), "{kind}");
            for ((key, answer), (code, detail)) in told.iter().zip(letters) {
                assert_eq!((key, answer.status), (&format!("demo/k-{kind}"), 422));
                assert_eq!((answer.code.as_deref(), *code), (Some("unknown_command"), Code::UnknownCommand));
                assert_eq!(answer.detail.as_deref(), Some(detail.as_str()));
                assert!(detail.starts_with(said) && detail.len() < 150, "{detail}");
            }
        }
    }

    #[test]
    fn a_key_that_does_not_fit_is_refused_without_an_answer() {
        let mut driver = Driver::new(&[crate::service()], Policies::default());
        driver.send(&COMMANDS, "other/x-1", &command("frobnicate"));
        assert_eq!(driver.dead_letters().iter().map(|(code, _)| *code).collect::<Vec<_>>(), [Code::BadKey]);
        assert!(driver.written(&COMMAND_RESULTS).is_empty());
    }
}
