//! Routes with what they say of themselves in `/openapi.json`.
//!
//! Owns the one place where a route is declared, so that no route is left out of the document.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::handler::Handler;
use axum::http::HeaderMap;
use axum::routing::{MethodFilter, on};
use serde_json::{Map, Value, json};

use super::auth::{Caller, Scope};
use super::person;
use super::server::Api;

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

    /// Adds a route that gives the command `kind` to what `{id}` in the path names, by an agent or a supervisor.
    #[must_use]
    pub fn command(self, method: CommandMethod, path: &str, kind: &'static str, summary: &'static str) -> Self {
        const ANSWERS: &[(u16, &str)] = &[
            (200, "it is done; the result"),
            (202, "it is taken but not decided yet; ask at /v1/commands/{id}"),
            (404, "there is no such thing"),
            (409, "its state does not allow it"),
            (422, "a field is missing or wrong"),
        ];
        let operation = Operation::of(&[Scope::Agent, Scope::Supervisor], summary)
            .body(
                "the fields of the command, and `actor` {kind, id} if `Kefu-Actor` is not sent",
                &["application/json"],
            )
            .answers(ANSWERS);
        let handler = move |State(api): State<Api>,
                            caller: Caller,
                            Path(id): Path<String>,
                            headers: HeaderMap,
                            body: Body| async move {
            person::command(&api, &caller, &headers, body, (kind, id)).await
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
        self.router = self.router.route(path, on(method.0, handler));
        self
    }
}

/// The whole document.
pub fn document(paths: Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "kefu", "version": env!("CARGO_PKG_VERSION")},
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "security": [{"key": []}],
        "paths": paths,
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
