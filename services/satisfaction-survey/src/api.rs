//! The HTTP API: surveys and follow-ups, and the page on which customers answer.

mod links;
mod page;
mod reads;
mod wording;

use std::sync::Arc;

use axum::Extension;
use kefu_contracts::codec::Codec;
use kefu_runtime::config::{Config, ConfigFaults};
use kefu_runtime::http::{CommandMethod, Operation, Routes, Scope};
use kefu_runtime::lifecycle::Definition;

pub use links::Links;

const PAGE: &str = "/s/{token}";

const SHOW: Operation = Operation::open("The page of a survey; looking at it never records an answer")
    .query(&[("lang", "zh-Hans, zh-Hant or en; else the survey's language")])
    .answers(&[(200, "the page"), (403, "the link was changed"), (410, "its time is over")]);

const ANSWER: Operation = Operation::open("Answer a survey")
    .body(
        "score 1 to 5, and solved, ranking and comment if wanted",
        &["application/x-www-form-urlencoded", "application/json"],
    )
    .answers(&[
        (200, "the answer is recorded"),
        (403, "the link was changed"),
        (409, "it was answered before"),
        (410, "its time is over"),
        (422, "the answer is none"),
    ]);

const SURVEY: Operation = Operation::of(&[Scope::Read], "A survey as it stands").answers(&[(200, "the survey")]);

const LINK: Operation = Operation::of(&[Scope::Ingest], "The signed link that a gateway puts into the invitation")
    .answers(&[(200, "path and expiry"), (409, "nobody is asked to answer it"), (501, "no key signs for the tenant")]);

const FOLLOW_UP: Operation =
    Operation::of(&[Scope::Read], "A follow-up as it stands").answers(&[(200, "the follow-up")]);

/// The service as a process runs it; `links` signs and checks.
pub fn definition(_: &Codec, links: Links) -> Definition {
    let routes = Routes::default()
        .get(PAGE, SHOW, page::show)
        .post(PAGE, ANSWER, page::answer)
        .get("/v1/surveys/{id}", SURVEY, reads::survey)
        .get("/v1/surveys/{id}/link", LINK, reads::link)
        .get("/v1/follow-ups/{id}", FOLLOW_UP, reads::follow_up)
        .command(CommandMethod::Post, "/v1/follow-ups/{id}/done", "follow_up_done", "Record what came of a follow-up")
        .command(CommandMethod::Post, "/v1/follow-ups/{id}/review", "review_update", "Record findings and measures");
    let paths = routes.paths();
    let routes = routes.router.layer(Extension(Arc::new(links)));
    Definition { service: crate::service(), routes, paths, views: Vec::new() }
}

/// The service with the keys of a configuration.
///
/// # Errors
/// What is wrong with the keys.
pub fn from_config(config: &Config, codec: &Codec) -> Result<Definition, ConfigFaults> {
    let links = Links::new(&config.survey_keys).map_err(|fault| ConfigFaults(vec![format!("survey_keys: {fault}")]))?;
    Ok(definition(codec, links))
}
