//! What people record about a review: findings and measures (SS3).

use kefu_contracts::survey::Measure;
use kefu_contracts::{Code, Json, Reject};
use serde_json::Value;

/// Characters of the findings, or of a measure, at most.
const LONGEST_TEXT: usize = 8_000;

/// Measures of one review at most.
const MOST_MEASURES: usize = 50;

/// What is to be recorded; what is not given stays as it was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Update {
    /// What the review found.
    pub findings: Option<String>,
    /// All measures, in place of those recorded before.
    pub measures: Option<Vec<Measure>>,
}

impl Update {
    /// Reads an update.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(data: &Json) -> Result<Self, Reject> {
        let given = |name: &str| data.0.get(name).filter(|value| !value.is_null());
        let update = Self {
            findings: given("findings").map(findings).transpose()?,
            measures: given("measures").map(measures).transpose()?,
        };
        if update == Self::default() {
            return Err(Reject::new(
                Code::MissingField,
                "neither `findings` nor `measures` is there; send one of them",
            ));
        }
        Ok(update)
    }
}

fn findings(value: &Value) -> Result<String, Reject> {
    let text = value.as_str().ok_or_else(|| Reject::new(Code::InvalidField, "`findings` is no text"))?;
    fits("findings", text)?;
    Ok(text.to_owned())
}

fn measures(value: &Value) -> Result<Vec<Measure>, Reject> {
    let measures: Vec<Measure> = serde_json::from_value(value.clone()).map_err(|error| {
        let detail = format!("`measures` is no list of measures with text, owner and due_at: {error}");
        Reject::new(Code::InvalidField, detail)
    })?;
    if measures.len() > MOST_MEASURES {
        let detail = format!("`measures` has more than {MOST_MEASURES} entries; join some");
        return Err(Reject::new(Code::TooLarge, detail));
    }
    for measure in &measures {
        fits("measures.text", &measure.text)?;
        fits("measures.owner", &measure.owner)?;
        if let Some(effect) = &measure.effect {
            fits("measures.effect", effect)?;
        }
    }
    Ok(measures)
}

fn fits(name: &str, text: &str) -> Result<(), Reject> {
    if text.trim().is_empty() {
        return Err(Reject::new(Code::InvalidField, format!("`{name}` is empty; say what it is")));
    }
    if text.chars().count() > LONGEST_TEXT {
        let detail = format!("`{name}` is longer than {LONGEST_TEXT} characters; shorten it");
        return Err(Reject::new(Code::TooLarge, detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn measure() -> Value {
        json!({"text": "train the team", "owner": "s-1", "due_at": "2026-03-20T00:00:00.000Z"})
    }

    #[test]
    fn findings_and_measures_are_taken_together_or_alone() {
        let both = Update::read(&Json(json!({"findings": "late", "measures": [measure()]}))).unwrap();
        assert_eq!(both.findings.as_deref(), Some("late"));
        assert_eq!(both.measures.as_ref().map(|all| all[0].owner.as_str()), Some("s-1"));
        let cleared = Update::read(&Json(json!({"measures": []}))).unwrap();
        assert_eq!((cleared.findings, cleared.measures), (None, Some(Vec::new())));
    }

    #[test]
    fn what_is_no_update() {
        let without = |name: &str| {
            let mut measure = measure();
            measure.as_object_mut().unwrap().remove(name);
            json!({"measures": [measure]})
        };
        let empty_owner = json!({"measures": [{"text": "x", "owner": " ", "due_at": "2026-03-20T00:00:00Z"}]});
        for (data, code) in [
            (json!({}), Code::MissingField),
            (json!(null), Code::MissingField),
            (json!({"findings": 5}), Code::InvalidField),
            (json!({"findings": " "}), Code::InvalidField),
            (json!({"findings": "x".repeat(LONGEST_TEXT + 1)}), Code::TooLarge),
            (without("text"), Code::InvalidField),
            (without("owner"), Code::InvalidField),
            (without("due_at"), Code::InvalidField),
            (empty_owner, Code::InvalidField),
            (json!({"measures": vec![measure(); MOST_MEASURES + 1]}), Code::TooLarge),
        ] {
            assert_eq!(Update::read(&Json(data)).map_err(|reject| reject.code), Err(code));
        }
    }
}
