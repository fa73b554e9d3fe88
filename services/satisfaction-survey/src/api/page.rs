//! The page on which a customer answers a survey: a form that needs no script.
//!
//! A GET never records anything, because mail scanners follow links. The signature is checked before anything else.

use std::fmt::Write;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use kefu_contracts::channel_event::Actor;
use kefu_contracts::command::Command;
use kefu_contracts::survey::{Survey, SurveyState};
use kefu_contracts::{ActorKind, Code, Json, Language, Reject, Timestamp};
use kefu_runtime::http::{Api, Problem, person, read_body_within};
use kefu_text::html::escaped;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::links::Links;
use super::reads::record_of;
use super::wording::{Words, factor};
use crate::domain::answer::Answer;
use crate::domain::texts::levels;
use crate::domain::token::TokenError;

/// Places that a customer can rank.
const PLACES: usize = 3;

/// The largest answer, unpacked, in bytes.
const ANSWER_BYTES_MAX: usize = 65_536;

/// The header by which a client says that it may have asked before.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

#[derive(Deserialize)]
pub(super) struct Asked {
    lang: Option<String>,
}

pub(super) async fn show(
    State(api): State<Api>,
    Extension(links): Extension<Arc<Links>>,
    Path(token): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let found = asked_about(&api, &links, &token, asked.lang.as_deref(), api.now()).await;
    match found.and_then(Found::open) {
        Ok(found) => page(StatusCode::OK, found.language, &form(&found)),
        Err(page) => page,
    }
}

pub(super) async fn answer(
    State(api): State<Api>,
    Extension(links): Extension<Arc<Links>>,
    Path(token): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    // with a key it may be an answer given before, which is answered as it was then, whatever became of the survey
    let is_keyed = headers.contains_key(IDEMPOTENCY_KEY);
    let at = if is_keyed { Timestamp::MIN } else { api.now() };
    let found = asked_about(&api, &links, &token, asked.lang.as_deref(), at).await;
    let found = match if is_keyed { found } else { found.and_then(Found::open) } {
        Ok(found) => found,
        Err(page) => return page,
    };
    match record(&api, &found, &headers, body).await {
        Ok(recorded) => says(recorded.status(), found.language, |words| words.thanks),
        Err(problem) => says(problem.status, found.language, refusal(&problem)),
    }
}

/// What the page says of a problem.
fn refusal(problem: &Problem) -> fn(&'static Words) -> &'static str {
    match problem.status {
        StatusCode::GONE => |words| words.expired,
        StatusCode::CONFLICT if problem.code == Code::AlreadyAnswered.into() => |words| words.answered,
        StatusCode::CONFLICT | StatusCode::NOT_FOUND => |words| words.not_asked,
        StatusCode::SERVICE_UNAVAILABLE => |words| words.later,
        _ => |words| words.incomplete,
    }
}

/// The survey of a link.
struct Found {
    survey: Survey,
    /// What the customer can rank.
    factors: Vec<String>,
    /// The language to speak.
    language: Language,
}

impl Found {
    /// The same if it can be answered, else the page that says why not.
    #[expect(clippy::result_large_err, reason = "the page is what is answered either way")]
    fn open(self) -> Result<Self, Response> {
        let language = self.language;
        match self.survey.state {
            SurveyState::Invited => Ok(self),
            SurveyState::Answered => Err(says(StatusCode::CONFLICT, language, |words| words.answered)),
            SurveyState::Expired => Err(says(StatusCode::GONE, language, |words| words.expired)),
            SurveyState::Suppressed | SurveyState::Cancelled => {
                Err(says(StatusCode::CONFLICT, language, |words| words.not_asked))
            }
        }
    }
}

/// The survey of a link that is good at `at`, or the page that says why there is none.
async fn asked_about(
    api: &Api,
    links: &Links,
    token: &str,
    lang: Option<&str>,
    at: Timestamp,
) -> Result<Found, Response> {
    let wanted: Option<Language> = lang.and_then(|lang| lang.parse().ok());
    let unknown = wanted.unwrap_or(Language::ZhHans);
    let (tenant, claims) = links.check(token, at).map_err(|error| match error {
        TokenError::Forged => says(StatusCode::FORBIDDEN, unknown, |words| words.forged),
        TokenError::Expired => says(StatusCode::GONE, unknown, |words| words.expired),
    })?;
    let record = record_of(api, tenant, &claims.survey_id).await;
    let record = record.map_err(|problem| says(problem.status, unknown, |words| words.later))?;
    let found = record.and_then(|record| Some((record.factors().to_vec(), record.survey?)));
    let (factors, survey) = found.ok_or_else(|| says(StatusCode::NOT_FOUND, unknown, |words| words.not_asked))?;
    let language = wanted.unwrap_or(survey.language);
    Ok(Found { survey, factors, language })
}

/// Hands the answer to the survey's processor. Anyone who has the link can send anything, so that nothing but an answer
/// in order is written.
async fn record(api: &Api, found: &Found, headers: &HeaderMap, body: Body) -> Result<Response, Problem> {
    let body = read_body_within(api, headers, body, ANSWER_BYTES_MAX).await?;
    let answer = Answer::read(&Json(read_answer(headers, &body)?), &found.factors);
    let answer =
        answer.map_err(|Reject { code, detail }| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail))?;
    let command = Command {
        command_id: person::command_id(headers)?,
        tenant: found.survey.tenant.clone(),
        kind: "answer".to_owned(),
        target: found.survey.survey_id.clone(),
        // the link proves that the shop asked, not who answers
        actor: Actor { kind: ActorKind::Customer, id: found.survey.survey_id.clone(), name: None },
        at: api.now(),
        data: Json(json!(answer)),
    };
    api.command(&command).await
}

fn read_answer(headers: &HeaderMap, body: &[u8]) -> Result<Value, Problem> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media_type.starts_with("application/json") {
        return serde_json::from_slice(body).map_err(|error| Problem::bad_request(format!("no JSON: {error}")));
    }
    let fields = serde_urlencoded::from_bytes::<Vec<(String, String)>>(body);
    Ok(of_form(fields.map_err(|error| Problem::bad_request(format!("the body is no form: {error}")))?))
}

/// The answer in a form's fields; what was left empty is left out.
fn of_form(fields: Vec<(String, String)>) -> Value {
    let mut answer = Map::new();
    let mut ranked = vec![None; PLACES];
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        match name.as_str() {
            "score" => answer.insert(name, value.parse::<i64>().map_or(json!(value), |score| json!(score))),
            "solved" => answer.insert(name, json!(value == "yes")),
            "comment" => answer.insert(name, json!(value)),
            _ => {
                let place = name.strip_prefix("rank").and_then(|place| place.parse::<usize>().ok());
                if let Some(slot) = place.and_then(|place| ranked.get_mut(place.checked_sub(1)?)) {
                    *slot = Some(value);
                }
                None
            }
        };
    }
    let ranking: Vec<String> = ranked.into_iter().flatten().collect();
    answer.insert("ranking".to_owned(), json!(ranking));
    Value::Object(answer)
}

fn form(found: &Found) -> String {
    let words = Words::in_language(found.language);
    let mut html = String::from("<form method=\"post\">");
    // writing to a String cannot fail
    let (Ok(()) | Err(std::fmt::Error)) = write_form(&mut html, words, &found.factors, found.language);
    html
}

fn write_form(html: &mut String, words: &Words, factors: &[String], language: Language) -> std::fmt::Result {
    write!(html, "<fieldset><legend>{}</legend>", words.how_satisfied)?;
    for (score, text) in levels(language) {
        write!(html, "<label><input type=\"radio\" name=\"score\" value=\"{score}\" required> {text}</label>")?;
    }
    write!(html, "</fieldset><fieldset><legend>{}</legend>", words.is_solved)?;
    for (value, text) in [("yes", words.yes), ("no", words.no)] {
        write!(html, "<label><input type=\"radio\" name=\"solved\" value=\"{value}\"> {text}</label>")?;
    }
    write!(html, "</fieldset><fieldset><legend>{}</legend>", words.what_matters)?;
    for place in 1..=PLACES.min(factors.len()) {
        let label = words.place.replace("{n}", &place.to_string());
        write!(html, "<label>{label} <select name=\"rank{place}\"><option value=\"\">{}</option>", words.nothing)?;
        for name in factors {
            write!(html, "<option value=\"{}\">{}</option>", escaped(name), escaped(factor(name, language)))?;
        }
        html.push_str("</select></label>");
    }
    write!(
        html,
        "</fieldset><label>{}<textarea name=\"comment\" rows=\"4\" maxlength=\"4000\"></textarea></label>",
        words.comment
    )?;
    write!(html, "<button>{}</button></form>", words.send)
}

fn says(status: StatusCode, language: Language, text: impl FnOnce(&'static Words) -> &'static str) -> Response {
    page(status, language, &format!("<p role=\"status\">{}</p>", text(Words::in_language(language))))
}

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:0 auto;padding:1rem;\
    color:#1a1a1a;background:#fff}fieldset{border:1px solid #767676;border-radius:.4rem;margin:0 0 1rem}\
    legend{font-weight:600}\
    label{display:block;padding:.5rem 0}select,textarea,button{font:inherit;width:100%;box-sizing:border-box;\
    padding:.5rem}input{width:1.2rem;height:1.2rem;vertical-align:-.15rem}button{background:#0b57d0;color:#fff;\
    border:0;border-radius:.4rem;padding:.8rem;margin-top:1rem}";

fn page(status: StatusCode, language: Language, content: &str) -> Response {
    let words = Words::in_language(language);
    let html = format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\"><title>{}</title>\
         <style>{STYLE}</style></head><body><main><h1>{}</h1>{content}</main></body></html>",
        words.tag, words.title, words.title
    );
    let headers = [
        (CACHE_CONTROL.as_str(), "no-store"),
        // the link is a secret: it is told to nobody else
        (REFERRER_POLICY.as_str(), "no-referrer"),
        ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"),
    ];
    (status, headers, Html(html)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_an_answer() {
        let body = b"score=4&solved=no&rank1=effort&rank2=&rank3=speed&comment=%E8%B0%A2%E8%B0%A2+%26&other=x";
        let answer = read_answer(&HeaderMap::new(), body).unwrap();
        let wanted = json!({"score": 4, "solved": false, "ranking": ["effort", "speed"], "comment": "谢谢 &"});
        assert_eq!(answer, wanted);
        assert_eq!(
            read_answer(&HeaderMap::new(), b"score=best&comment=").unwrap(),
            json!({"score": "best", "ranking": []})
        );
    }

    #[test]
    fn what_a_shop_wrote_is_no_markup() {
        assert_eq!(escaped("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
    }
}
