//! The HTTP API: how the clocks of a case came to stand where they do, its escalations, and the tenant's policies.

mod clocks;
mod escalations;
mod policies;

use kefu_contracts::codec::Codec;
use kefu_runtime::http::{CommandMethod, Operation, Routes, Scope};
use kefu_runtime::lifecycle::Definition;

const CLOCKS: Operation = Operation::of(
    &[Scope::Read],
    "The clocks of a case, each with the intervals counted, its pauses, policy and calendar",
)
.answers(&[(200, "the clocks")]);

const ESCALATIONS: Operation = Operation::of(
    &[Scope::Read],
    "The escalations of a case, each with whom it was told to and what people did about it",
)
.answers(&[(200, "the escalations")]);

/// What people do about a case's escalations: path below the case, command, summary.
const COMMANDS: [(&str, &str, &str); 3] = [
    (
        "escalate",
        "escalate",
        "Ask for somebody above: `to` is a role (supervisor if left out), `reason` complexity or customer_request",
    ),
    (
        "escalations/{escalation}/acknowledge",
        "acknowledge",
        "Take note of an escalation: it is not repeated, and stays open until the case is answered",
    ),
    (
        "escalations/{escalation}/cancel",
        "cancel",
        "End an escalation without an answer of the case; `reason` says why it needs none",
    ),
];

const POLICIES: Operation = Operation::of(&[Scope::Read], "The tenant's policies, and which of them is in force")
    .answers(&[(200, "the policies, in the order in which they take force")]);

const NEW_POLICY: Operation = Operation::of(&[Scope::Admin], "Check a version of the policy and put it into force")
    .query(&[("dry_run", "`true` only checks")])
    .body("the whole document", policies::MEDIA_TYPES)
    .answers(&[
        (200, "it has no faults (dry run)"),
        (201, "it takes force at `effective_from`"),
        (409, "the version exists"),
        (422, "it has faults; all of them are listed in `errors`"),
    ]);

/// The service as a process runs it.
pub fn definition(_: &Codec) -> Definition {
    let commands = |routes: Routes, (path, kind, summary): (&str, &'static str, &'static str)| {
        routes.command(CommandMethod::Post, &format!("/v1/cases/{{id}}/{path}"), kind, summary)
    };
    let routes = COMMANDS
        .into_iter()
        .fold(Routes::default(), commands)
        .get("/v1/cases/{id}/clocks", CLOCKS, clocks::clocks)
        .get("/v1/cases/{id}/escalations", ESCALATIONS, escalations::escalations)
        .get("/v1/policies", POLICIES, policies::policies)
        .post("/v1/policies", NEW_POLICY, policies::new_policy);
    let paths = routes.paths();
    Definition { service: crate::service(), routes: routes.router, paths, views: Vec::new() }
}
