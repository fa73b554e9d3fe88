//! What a customer answers, and what an answer must look like (SS2).

use kefu_contracts::{Code, Json, Reject};
use kefu_text::mask::mask;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Factors that may be ranked at most.
const MOST_RANKED: usize = 5;

/// Characters of a comment at most.
const LONGEST_COMMENT: usize = 4_000;

/// A score up to this one opens a review of the case.
const LOW_SCORE: i64 = 2;

/// An answer in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// 5 (very satisfied) to 1 (very dissatisfied).
    pub score: i64,
    /// Whether the customer's problem is solved.
    pub solved: Option<bool>,
    /// Factors, the most important first.
    pub ranking: Option<Vec<String>>,
    /// What else the customer said, personal data masked: it is read outside the case.
    pub comment: Option<String>,
}

impl Answer {
    /// Reads an answer; `factors` are those the customer was asked to rank.
    ///
    /// # Errors
    /// What is wrong with it, for an answer with status 422.
    pub fn read(data: &Json, factors: &[String]) -> Result<Self, Reject> {
        let Value::Object(fields) = &data.0 else {
            return Err(Reject::new(Code::InvalidField, "the answer is no object; send at least {\"score\": 1 to 5}"));
        };
        Ok(Self {
            score: score(fields)?,
            solved: solved(fields)?,
            ranking: ranking(fields, factors)?,
            comment: comment(fields)?,
        })
    }

    /// Whether the case has to be reviewed.
    pub fn is_low(&self) -> bool {
        self.score <= LOW_SCORE
    }
}

fn given<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}

fn invalid(detail: impl Into<String>) -> Reject {
    Reject::new(Code::InvalidField, detail)
}

fn score(fields: &Map<String, Value>) -> Result<i64, Reject> {
    let Some(value) = given(fields, "score") else {
        return Err(Reject::new(Code::MissingField, "`score` is missing; send a whole number from 1 to 5"));
    };
    let score = value.as_i64().filter(|score| (1..=5).contains(score));
    score.ok_or_else(|| invalid("`score` is no whole number from 1 to 5"))
}

fn solved(fields: &Map<String, Value>) -> Result<Option<bool>, Reject> {
    let value = given(fields, "solved");
    value.map(|value| value.as_bool().ok_or_else(|| invalid("`solved` is neither true nor false"))).transpose()
}

fn comment(fields: &Map<String, Value>) -> Result<Option<String>, Reject> {
    let Some(value) = given(fields, "comment") else { return Ok(None) };
    let text = mask(value.as_str().ok_or_else(|| invalid("`comment` is no text"))?.trim());
    if text.chars().count() > LONGEST_COMMENT {
        let detail = format!("`comment` is longer than {LONGEST_COMMENT} characters; shorten it");
        return Err(Reject::new(Code::TooLarge, detail));
    }
    Ok(Some(text.into_owned()).filter(|text| !text.is_empty()))
}

fn ranking(fields: &Map<String, Value>, factors: &[String]) -> Result<Option<Vec<String>>, Reject> {
    let Some(value) = given(fields, "ranking") else { return Ok(None) };
    let ranked = value.as_array().ok_or_else(|| invalid("`ranking` is no list of factors"))?;
    if ranked.len() > MOST_RANKED {
        return Err(invalid(format!("`ranking` names more than {MOST_RANKED} factors; name the most important ones")));
    }
    let mut ranking: Vec<String> = Vec::with_capacity(ranked.len());
    for factor in ranked {
        let known = factors.iter().find(|known| Some(known.as_str()) == factor.as_str());
        let known = known.ok_or_else(|| invalid(format!("`ranking` may only name {}", factors.join(", "))))?;
        if ranking.contains(known) {
            return Err(invalid(format!("`ranking` names `{known}` twice; name each factor once")));
        }
        ranking.push(known.clone());
    }
    Ok(Some(ranking).filter(|ranking| !ranking.is_empty()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(data: Value) -> Result<Answer, Code> {
        let factors = ["speed", "solved", "politeness", "knowledge", "effort", "price"].map(str::to_owned);
        Answer::read(&Json(data), &factors).map_err(|reject| reject.code)
    }

    #[test]
    fn a_full_and_a_short_answer() {
        let full = read(json!({"score": 4, "solved": false, "ranking": ["effort", "speed"], "comment": " 谢谢 "}));
        let ranking = Some(vec!["effort".to_owned(), "speed".to_owned()]);
        assert_eq!(full, Ok(Answer { score: 4, solved: Some(false), ranking, comment: Some("谢谢".into()) }));
        let short = read(json!({"score": 1, "solved": null, "ranking": [], "comment": ""}));
        assert_eq!(short, Ok(Answer { score: 1, solved: None, ranking: None, comment: None }));
    }

    #[test]
    fn what_is_no_answer() {
        use Code::{InvalidField, MissingField, TooLarge};
        for (data, code) in [
            (json!(null), InvalidField),
            (json!([5]), InvalidField),
            (json!({}), MissingField),
            (json!({"score": null}), MissingField),
            (json!({"score": 0}), InvalidField),
            (json!({"score": 6}), InvalidField),
            (json!({"score": 4.5}), InvalidField),
            (json!({"score": "4"}), InvalidField),
            (json!({"score": 4, "solved": "yes"}), InvalidField),
            (json!({"score": 4, "comment": 5}), InvalidField),
            (json!({"score": 4, "comment": "x".repeat(4_001)}), TooLarge),
            (json!({"score": 4, "ranking": "speed"}), InvalidField),
            (json!({"score": 4, "ranking": ["speed", "speed"]}), InvalidField),
            (json!({"score": 4, "ranking": ["weather"]}), InvalidField),
            (json!({"score": 4, "ranking": [1]}), InvalidField),
            (
                json!({"score": 4, "ranking": ["speed", "solved", "politeness", "knowledge", "effort", "price"]}),
                InvalidField,
            ),
        ] {
            assert_eq!(read(data.clone()), Err(code), "{data}");
        }
    }

    #[test]
    fn scores_up_to_two_are_low() {
        let low: Vec<i64> = (1..=5).filter(|score| read(json!({"score": score})).unwrap().is_low()).collect();
        assert_eq!(low, [1, 2]);
    }
}
