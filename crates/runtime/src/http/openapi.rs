//! Routes with what they say of themselves in `/openapi.json`.
//!
//! Owns the one place where a route is declared, so that no route is left out of the document.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::handler::Handler;
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use serde_json::{Map, Value, json};

use super::auth::{Caller, Scope};
use super::problem::Problem;
use super::server::Api;
use super::{pages, person};

/// What a route does.
#[derive(Clone, Debug)]
pub struct Operation {
    summary: &'static str,
    scopes: &'static [Scope],
    query: &'static [(&'static str, &'static str)],
    body: Option<(&'static str, &'static [&'static str])>,
    answers: &'static [(u16, &'static str)],
}

impl Operation {
    /// Something done without a key.
    pub const fn open(summary: &'static str) -> Self {
        Self { summary, scopes: &[], query: &[], body: None, answers: &[] }
    }

    /// Something that a key with one of `scopes` may do.
    pub const fn of(scopes: &'static [Scope], summary: &'static str) -> Self {
        Self { scopes, ..Self::open(summary) }
    }

    /// Its parameters after the `?`: name and meaning.
    #[must_use]
    pub const fn query(self, query: &'static [(&'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }

    /// What its body holds, and the media types it may have.
    #[must_use]
    pub const fn body(self, meaning: &'static str, media_types: &'static [&'static str]) -> Self {
        Self { body: Some((meaning, media_types)), ..self }
    }

    /// What it answers beside what every route answers: status and meaning.
    #[must_use]
    pub const fn answers(self, answers: &'static [(u16, &'static str)]) -> Self {
        Self { answers, ..self }
    }

    fn describe(&self, path: &str) -> Value {
        let in_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let in_path =
            in_path.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
        let text = &json!({"type": "string"});
        let in_query = self
            .query
            .iter()
            .map(|(name, meaning)| json!({"name": name, "in": "query", "description": meaning, "schema": text}));
        let answers =
            self.answers.iter().map(|(status, meaning)| (status.to_string(), json!({"description": meaning})));
        let mut answers: Map<String, Value> = answers.collect();
        let problem =
            json!({"description": "a problem (RFC 9457), with a `code`", "content": {"application/problem+json": {}}});
        answers.insert("default".to_owned(), problem);
        let mut described = json!({
            "summary": self.summary,
            "parameters": in_path.chain(in_query).collect::<Vec<Value>>(),
            "responses": answers,
        });
        if let Some((meaning, media_types)) = self.body {
            let content: Map<String, Value> =
                media_types.iter().map(|media_type| ((*media_type).to_owned(), json!({}))).collect();
            described["requestBody"] = json!({"description": meaning, "required": true, "content": content});
        }
        if self.scopes.is_empty() {
            described["security"] = json!([]);
        } else {
            let scopes: Vec<&str> = self.scopes.iter().map(|scope| scope.as_str()).collect();
            described["description"] = json!(format!("Needs a key with the scope {}.", scopes.join(" or ")));
        }
        described
    }
}

/// How a command is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandMethod {
    /// It does something to what there is.
    Post,
    /// It puts something in the place of what was there.
    Put,
    /// It takes something away.
    Delete,
}

impl CommandMethod {
    /// The largest body, unpacked, in bytes: what a person says at once, or a whole article, even if every character
    /// of it is escaped.
    fn body_bytes_max(self) -> usize {
        match self {
            CommandMethod::Put => 262_144,
            CommandMethod::Post | CommandMethod::Delete => 65_536,
        }
    }
}

/// Routes and their descriptions.
#[derive(Debug, Default)]
pub struct Routes {
    /// The routes.
    pub router: Router<Api>,
    paths: Map<String, Value>,
}

impl Routes {
    /// Adds a route that reads.
    #[must_use]
    pub fn get<H, T>(self, path: &str, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        self.add((MethodFilter::GET, "get"), path, &operation, handler)
    }

    /// Adds a route that does something.
    #[must_use]
    pub fn post<H, T>(self, path: &str, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        self.add((MethodFilter::POST, "post"), path, &operation, handler)
    }

    /// Adds a route that gives the command `kind` to what the path's parameters name, by an agent or a supervisor; of
    /// several, such as a part of a thing after the thing, the target is all of them with `/` between.
    #[must_use]
    pub fn command(self, method: CommandMethod, path: &str, kind: &'static str, summary: &'static str) -> Self {
        const ANSWERS: &[(u16, &str)] = &[
            (200, "it is done; the result"),
            (202, "it is taken but not decided yet; ask at /v1/commands/{id}"),
            (404, "there is no such thing"),
            (409, "its state does not allow it"),
            (413, "the body is larger than 64 KiB, of a PUT 256 KiB"),
            (422, "a field is missing or wrong"),
        ];
        let operation = Operation::of(&[Scope::Agent, Scope::Supervisor], summary)
            .body(
                "the fields of the command, and `actor` {kind, id} if `Kefu-Actor` is not sent",
                &["application/json"],
            )
            .answers(ANSWERS);
        let bytes_max = method.body_bytes_max();
        let handler = move |State(api): State<Api>,
                            caller: Caller,
                            Path(named): Path<Vec<(String, String)>>,
                            headers: HeaderMap,
                            body: Body| async move {
            let target = named.into_iter().map(|(_, id)| id).collect::<Vec<_>>().join("/");
            person::command(&api, &caller, &headers, (body, bytes_max), (kind, target)).await
        };
        let method = match method {
            CommandMethod::Post => (MethodFilter::POST, "post"),
            CommandMethod::Put => (MethodFilter::PUT, "put"),
            CommandMethod::Delete => (MethodFilter::DELETE, "delete"),
        };
        self.add(method, path, &operation, handler)
    }

    /// The descriptions, by path.
    pub fn paths(&self) -> Value {
        Value::Object(self.paths.clone())
    }

    fn add<H, T>(mut self, method: (MethodFilter, &str), path: &str, operation: &Operation, handler: H) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        let methods = self.paths.entry(path).or_insert_with(|| json!({}));
        methods[method.1] = operation.describe(path);
        let mut route = on(method.0, handler);
        if path.starts_with("/v1/") {
            let known = operation.query;
            route = route.route_layer(from_fn(move |request: Request, next: Next| check_query(known, request, next)));
        }
        self.router = self.router.route(path, route);
        self
    }
}

/// Refuses what programs ask for and nobody would heed. Pages for people take it: links to them are decorated on the
/// way.
async fn check_query(known: &'static [(&'static str, &'static str)], request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let names = query.split('&').filter(|part| !part.is_empty()).map(|part| part.split('=').next().unwrap_or_default());
    let unknown: Vec<&str> = names.filter(|name| !known.iter().any(|(known, _)| known == name)).collect();
    if unknown.is_empty() {
        return next.run(request).await;
    }
    let known: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let takes = if known.is_empty() { "there is none".to_owned() } else { format!("use {}", known.join(", ")) };
    let detail = format!("the query parameter `{}` is not known; {takes}", unknown.join("`, `"));
    Problem::bad_request(detail).into_response()
}

/// The whole document: `paths` of the services beside those that every service has.
pub fn document(paths: Value) -> Value {
    let mut all = pages::routes().paths;
    all.extend(paths.as_object().cloned().unwrap_or_default());
    json!({
        "openapi": "3.1.0",
        "info": {"title": "kefu", "version": env!("CARGO_PKG_VERSION")},
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "security": [{"key": []}],
        "paths": all,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_describes_itself() {
        let read = Operation::of(&[Scope::Read], "A case").answers(&[(200, "the case")]);
        let send = Operation::open("Send").body("an answer", &["application/json"]);
        let routes =
            Routes::default().get("/v1/cases/{id}", read, || async {}).post("/v1/cases/{id}", send, || async {});
        let paths = routes.paths();
        let methods = &paths["/v1/cases/{id}"];
        assert_eq!(methods["get"]["parameters"][0]["name"], "id");
        assert_eq!(methods["get"]["responses"]["200"]["description"], "the case");
        assert_eq!(methods["get"]["description"], "Needs a key with the scope read.");
        assert_eq!(methods["post"]["security"], json!([]));
        assert!(methods["post"]["requestBody"]["content"]["application/json"].is_object());
    }
}
