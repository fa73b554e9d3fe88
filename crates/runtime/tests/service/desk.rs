//! A service for these tests: desks that do what commands say.

use kefu_contracts::codec::Codec;
use kefu_contracts::command::{Command, CommandResult};
use kefu_contracts::topic::{COMMAND_RESULTS, COMMANDS, TopicInfo};
use kefu_contracts::{Code, Json, Reject, Timestamp};
use kefu_processor::{Context, Due, Processor, Service, StateRecord, TimerClass};
use kefu_runtime::http::{CommandMethod, Operation, Routes, Scope};
use kefu_runtime::lifecycle::Definition;
use serde::{Deserialize, Serialize};
use serde_json::json;

kefu_processor::input! {
    /// What desks read.
    pub(crate) enum Ask { Command(Command) from COMMANDS }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Desk {
    done: Vec<String>,
    ring_at: Option<i64>,
}

impl StateRecord for Desk {
    const VERSION: u8 = 1;
}

/// `do` is answered, `ring` sets a timer to the command's instant, `keep_silent` is never answered, anything else is
/// refused.
pub(crate) struct Desks;

impl Processor for Desks {
    const NAME: &'static str = "desks";
    const OUTPUTS: &'static [TopicInfo] = &[COMMAND_RESULTS.info];
    type State = Desk;
    type Input = Ask;

    fn on_record(&self, desk: &mut Option<Desk>, ask: Ask, ctx: &mut Context<'_>) -> Result<(), Reject> {
        let Ask::Command(command) = ask;
        let desk = desk.get_or_insert_default();
        match command.kind.as_str() {
            "do" => {}
            "ring" => desk.ring_at = Some(command.at.ms()),
            "keep_silent" => return Ok(()),
            other => return Err(Reject::new(Code::UnknownCommand, format!("`{other}` is none"))),
        }
        if desk.done.contains(&command.command_id) {
            ctx.duplicate();
        } else {
            desk.done.push(command.command_id.clone());
        }
        let result = CommandResult {
            command_id: command.command_id.clone(),
            tenant: command.tenant.clone(),
            status: 200,
            code: None,
            detail: None,
            body: Json(json!({"desk": command.target})),
            at: command.at,
            request: Some(command.request()),
        };
        ctx.emit(&COMMAND_RESULTS, format!("{}/{}", command.tenant, command.command_id), result, command.at);
        Ok(())
    }

    fn on_timer(&self, desk: &mut Option<Desk>, _: &mut Context<'_>) -> Result<(), Reject> {
        desk.get_or_insert_default().ring_at = None;
        Ok(())
    }

    fn due(&self, desk: &Desk) -> Option<Due> {
        desk.ring_at.map(|at| Due::once(Timestamp::from_ms(at), TimerClass::Last))
    }
}

pub(crate) fn service() -> Service {
    Service::new("desk").with(Desks)
}

pub(crate) fn routes() -> Routes {
    const FIND: Operation = Operation::of(&[Scope::Read], "Find desks").query(&[("floor", "where")]);
    Routes::default()
        .command(CommandMethod::Post, "/v1/desks/{id}/do", "do", "Do it")
        .command(CommandMethod::Post, "/v1/desks/{id}/ring", "ring", "Ring")
        .command(CommandMethod::Post, "/v1/desks/{id}/keep-silent", "keep_silent", "Say nothing")
        .get("/v1/desks", FIND, || async { "found" })
        .get("/page", Operation::open("A page"), || async { "a page" })
}

pub(crate) fn definition(_: &Codec) -> Definition {
    let routes = routes();
    let paths = routes.paths();
    Definition { service: service(), routes: routes.router, paths, views: Vec::new() }
}
