//! The supervisor's board: the handlers.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use kefu_contracts::{Language, Timestamp};
use kefu_runtime::http::{Api, Caller, Problem, read_body_within};
use serde::Deserialize;

use super::access::{self, Access};
use super::figures::{Figures, busiest_day, day_of};
use super::page::{self, Shown};
use super::view::KpiTable;
use super::words::{Words, language};
use crate::domain::window::Window;

/// The largest form taken, unpacked, in bytes: anybody can send one.
const FORM_BYTES_MAX: usize = 4_096;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    lang: Option<String>,
    day: Option<String>,
    tenant: Option<String>,
}

pub(super) async fn board(
    State(api): State<Api>,
    Extension(table): Extension<Arc<KpiTable>>,
    Query(asked): Query<Asked>,
    caller: Result<Caller, Problem>,
    headers: HeaderMap,
) -> Response {
    let language = language_of(&asked, &headers);
    let tenant = match access::of(&api, caller.ok(), &headers) {
        Access::Tenant(tenant) => tenant,
        Access::Open => asked.tenant.clone().or_else(|| table.first_tenant()).unwrap_or_default(),
        Access::Denied => return html(StatusCode::UNAUTHORIZED, page::sign_in(language, None)),
    };
    let zone = api.policies().in_force(&tenant, api.now().ms()).zone().clone();
    let reached = api.now();
    let (figures, day) = table
        .with(&tenant, |rows| {
            // with the event clock nothing happens today
            let now = if api.is_live() { None } else { busiest_day(rows, &zone) };
            let day = asked.day.as_deref().and_then(|day| page::noon_of(&zone, day)).map(|noon| day_of(&zone, noon));
            let day = day.or(now).unwrap_or_else(|| day_of(&zone, reached));
            (Figures::of(rows, &day), day)
        })
        .unwrap_or_else(|| (Figures::default(), day_of(&zone, reached)));
    let shown = Shown { tenant: &tenant, language, zone: &zone, day, reached, query: query(&asked, &day, &zone) };
    html(StatusCode::OK, page::board(&shown, &figures))
}

pub(super) async fn sign_in(
    State(api): State<Api>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let language = language_of(&asked, &headers);
    let body = match read_body_within(&api, &headers, body, FORM_BYTES_MAX).await {
        Ok(body) => body,
        Err(problem) => return problem.into_response(),
    };
    let key = form_urlencoded::parse(&body).find(|(name, _)| name == "key").map(|(_, key)| key).unwrap_or_default();
    let words = Words::in_language(language);
    let Some(cookie) = access::admit(&api, key.trim(), &headers) else {
        return html(StatusCode::UNAUTHORIZED, page::sign_in(language, Some(words.unknown_key)));
    };
    let location = format!("/board?lang={}", words.tag);
    (StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, location)]).into_response()
}

fn language_of(asked: &Asked, headers: &HeaderMap) -> Language {
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    language(asked.lang.as_deref(), accepted)
}

/// What links to other days and languages keep.
fn query(asked: &Asked, day: &Window, zone: &kefu_calendar::Zone) -> page::Kept {
    page::Kept {
        tenant: asked.tenant.clone(),
        day: asked.day.as_ref().map(|_| zone.local_date(Timestamp::ms(day.start)).to_string()),
    }
}

fn html(status: StatusCode, text: String) -> Response {
    let headers = [
        (CACHE_CONTROL.as_str(), "no-store"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"),
    ];
    (status, headers, Html(text)).into_response()
}
