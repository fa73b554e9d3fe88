//! Events come in.
//!
//! Owns the result of each event of a batch: written and confirmed, a repetition, or refused. An event that can be
//! seen to be refused is refused here and not written, so that its sender learns it at once.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use kefu_contracts::channel_event::ChannelEvent;
use kefu_contracts::rejection::HttpCode;
use kefu_contracts::topic::CHANNEL_EVENTS;
use kefu_contracts::{Code, Reject, Timestamp};
use kefu_runtime::backend::{BackendError, NewRecord};
use kefu_runtime::http::{Api, Caller, Problem, Scope, read_body};
use serde::Serialize;
use serde_json::{Value, json};

use super::form::{Form, Sent};
use super::recent::Recent;
use super::tally::Tally;
use crate::domain::admission;

/// What the handlers share.
#[derive(Debug, Default)]
pub(super) struct Desk {
    tally: Tally,
    recent: Recent,
}

/// An event that was not taken.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Rejected {
    index: usize,
    event_id: Option<String>,
    code: &'static str,
    detail: String,
    retryable: bool,
}

/// What becomes of an event of the batch.
enum Fate {
    /// It is record number so and so to be written.
    Written(usize),
    /// It is durable already.
    Known,
    /// It repeats the event that is record number so and so.
    Repeats(usize),
    /// It is refused.
    Refused(Reject),
}

/// A batch on its way.
#[derive(Default)]
struct Batch {
    fates: Vec<(Option<String>, Fate)>,
    records: Vec<NewRecord>,
    ids: Vec<u64>,
    places: HashMap<u64, usize>,
}

pub(super) async fn receive(
    State(api): State<Api>,
    Extension(desk): Extension<Arc<Desk>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    caller.must(Scope::Ingest)?;
    let answered = answer(&api, &desk, &caller, &headers, body).await;
    answered.inspect_err(|problem| desk.tally.count(&caller.tenant, problem.code.as_str()))
}

async fn answer(api: &Api, desk: &Desk, caller: &Caller, headers: &HeaderMap, body: Body) -> Result<Response, Problem> {
    let form = Form::of(headers)?;
    let body = read_body(api, headers, body).await?;
    let traceparent = api.traceparent(headers);
    let now = api.is_live().then(|| api.now());
    let mut batch = Batch::default();
    for text in form.cut(&body)? {
        match form.read(headers, text) {
            Sent::Event(event) => batch.take(api, desk, (&caller.tenant, now, &traceparent), *event),
            Sent::Unreadable { event_id, reject } => batch.fates.push((event_id, Fate::Refused(reject))),
        }
    }
    let confirmed = api.backend().append(std::mem::take(&mut batch.records)).await;
    let durable = batch.ids.iter().zip(&confirmed).filter(|(_, result)| result.is_ok());
    desk.recent.add(durable.map(|(id, _)| *id));
    let (accepted, duplicates, rejected) = batch.results(&confirmed);
    if accepted == 0
        && duplicates == 0
        && rejected.iter().any(|rejected| rejected.retryable)
        && let Some(Err(error)) = confirmed.into_iter().find(Result::is_err)
    {
        return Err(Problem::from(error));
    }
    for refused in &rejected {
        desk.tally.count(&caller.tenant, refused.code);
    }
    let body = json!({"accepted": accepted, "duplicates": duplicates, "rejected": rejected});
    Ok((StatusCode::ACCEPTED, Json(body)).into_response())
}

impl Batch {
    fn take(&mut self, api: &Api, desk: &Desk, given: (&str, Option<Timestamp>, &str), event: ChannelEvent) {
        let (tenant, now, traceparent) = given;
        let event_id = Some(event.event_id.clone());
        let fate = match admissible(&event, tenant, now) {
            Ok(key) => self.write(api, desk, key, traceparent, &event),
            Err(reject) => Fate::Refused(reject),
        };
        self.fates.push((event_id, fate));
    }

    fn write(&mut self, api: &Api, desk: &Desk, key: String, traceparent: &str, event: &ChannelEvent) -> Fate {
        let id = Recent::id(event);
        if desk.recent.contains(id) {
            return Fate::Known;
        }
        if let Some(place) = self.places.get(&id) {
            return Fate::Repeats(*place);
        }
        match NewRecord::new(api.codec(), &CHANNEL_EVENTS, key, event, event.occurred_at) {
            Ok(record) => {
                let place = self.records.len();
                self.records.push(NewRecord { traceparent: Some(traceparent.to_owned()), ..record });
                self.ids.push(id);
                self.places.insert(id, place);
                Fate::Written(place)
            }
            Err(error) => Fate::Refused(Reject::new(Code::InvalidField, error.to_string())),
        }
    }

    /// How many events are accepted and how many repeated, and which are refused.
    fn results(self, confirmed: &[Result<(), BackendError>]) -> (usize, usize, Vec<Rejected>) {
        let (mut accepted, mut duplicates, mut rejected) = (0, 0, Vec::new());
        for (index, (event_id, fate)) in self.fates.into_iter().enumerate() {
            let (count, place) = match fate {
                Fate::Written(place) => (&mut accepted, place),
                Fate::Repeats(place) => (&mut duplicates, place),
                Fate::Known => {
                    duplicates += 1;
                    continue;
                }
                Fate::Refused(Reject { code, detail }) => {
                    rejected.push(Rejected { index, event_id, code: code.as_str(), detail, retryable: false });
                    continue;
                }
            };
            match confirmed.get(place) {
                Some(Ok(())) => *count += 1,
                Some(Err(error @ BackendError::TooLarge(_))) => {
                    let (code, detail) = (Code::TooLarge.as_str(), error.to_string());
                    rejected.push(Rejected { index, event_id, code, detail, retryable: false });
                }
                Some(Err(BackendError::Unavailable(_))) | None => {
                    let code = HttpCode::Unavailable.as_str();
                    let detail = "the event was not confirmed; send it again".to_owned();
                    rejected.push(Rejected { index, event_id, code, detail, retryable: true });
                }
            }
        }
        (accepted, duplicates, rejected)
    }
}

/// The key of an event that may be taken from a caller of `tenant`.
fn admissible(event: &ChannelEvent, tenant: &str, now: Option<Timestamp>) -> Result<String, Reject> {
    if event.tenant != tenant {
        let detail = "the event is another tenant's; send it with a key of that tenant";
        return Err(Reject::new(Code::Forbidden, detail));
    }
    let key = format!("{}/{}", event.tenant, event.conversation_id);
    admission::check(event, &key, now)?;
    Ok(key)
}

pub(super) async fn rejections(
    State(api): State<Api>,
    Extension(desk): Extension<Arc<Desk>>,
    caller: Caller,
) -> Result<Response, Problem> {
    caller.must_one_of(&[Scope::Ingest, Scope::Read])?;
    let counts: Value = json!(desk.tally.of(&caller.tenant));
    Ok(api.read(json!({"tenant": *caller.tenant, "rejected": counts})))
}
