//! The HTTP API: the knowledge base's articles.
//!
//! What an article may hold is `domain::article`'s matter.

use axum::extract::{Path, State};
use axum::response::Response;
use kefu_contracts::codec::Codec;
use kefu_runtime::http::{Api, Caller, CommandMethod, Operation, Problem, Routes, Scope};
use kefu_runtime::lifecycle::Definition;

use crate::articles::ArticleState;

const ARTICLE: Operation = Operation::of(&[Scope::Read], "An article as it stands").answers(&[(200, "the article")]);

const PATH: &str = "/v1/articles/{id}";

/// The service as a process runs it.
pub fn definition(_: &Codec) -> Definition {
    let routes = Routes::default()
        .get(PATH, ARTICLE, article)
        .command(CommandMethod::Put, PATH, "article_put", "Write an article, or a new version of it")
        .command(CommandMethod::Delete, PATH, "article_retire", "Take an article out of use");
    let paths = routes.paths();
    Definition { service: crate::service(), routes: routes.router, paths, views: Vec::new() }
}

async fn article(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    caller.must(Scope::Read)?;
    let kept: Option<ArticleState> = api.state("classifier/articles", format!("{}/{id}", caller.tenant)).await?;
    let article = kept.as_ref().and_then(ArticleState::article).ok_or_else(|| Problem::not_found("article"))?;
    // contract records are plain data, which always has a JSON form
    Ok(api.read(serde_json::to_value(article).unwrap_or_default()))
}
