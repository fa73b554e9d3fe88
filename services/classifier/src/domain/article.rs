//! What may be done to an article of the knowledge base.

use kefu_contracts::command::Command;
use kefu_contracts::knowledge::Article;
use kefu_contracts::{Category, Code, Language, Reject, Subtype, UnknownWord};
use serde_json::{Map, Value};

/// Characters of an article's id.
const LONGEST_ID: usize = 128;
/// Characters of a title.
const LONGEST_TITLE: usize = 200;
/// Characters of a body.
const LONGEST_BODY: usize = 20_000;
/// Characters of a keyword.
const LONGEST_KEYWORD: usize = 64;
/// Keywords of an article.
const MOST_KEYWORDS: usize = 32;

const FIELDS: [&str; 7] = ["title", "body", "language", "category", "subtype", "keywords", "expected_version"];

/// The article after `article_put`: `title`, `body` and `language`, and if wanted `category`, `subtype`, `keywords`;
/// with `expected_version` only if nobody edited it since. Putting a retired article brings it back.
///
/// # Errors
/// Why the article is not put.
pub fn put(before: Option<&Article>, command: &Command) -> Result<Article, Reject> {
    if command.target.is_empty() || command.target.chars().count() > LONGEST_ID {
        return Err(invalid("target", &format!("an article's id has 1 to {LONGEST_ID} characters")));
    }
    let Value::Object(data) = &command.data.0 else {
        return Err(invalid("data", "an article is an object with `title`, `body` and `language`"));
    };
    if let Some(unknown) = data.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        let known = FIELDS.join(", ");
        return Err(invalid("data", &format!("`{}` is no field of an article; use {known}", clipped(unknown))));
    }
    let version = before.map_or(0, |article| article.version);
    if let Some(expected) = data.get("expected_version").filter(|value| !value.is_null()) {
        expect_version(expected, version)?;
    }
    let category = word::<Category>(data, "category")?;
    let subtype = word::<Subtype>(data, "subtype")?;
    if let Some(subtype) = subtype
        && !category.is_some_and(|category| subtype.belongs_to(category))
    {
        return Err(invalid("subtype", &format!("`{subtype}` needs the category it belongs to")));
    }
    let language = word::<Language>(data, "language")?.ok_or_else(|| missing("language"))?;
    Ok(Article {
        article_id: command.target.clone(),
        tenant: command.tenant.clone(),
        version: version + 1,
        title: text(data, "title", LONGEST_TITLE)?,
        body: text(data, "body", LONGEST_BODY)?,
        language,
        category,
        subtype,
        keywords: keywords(data)?,
        retired: false,
        edited_by: command.actor.id.clone(),
        edited_at: command.at,
        revision: before.map_or(0, |article| article.revision) + 1,
    })
}

/// The article after `article_retire`: it stays readable, but answers nothing any more.
///
/// # Errors
/// Why the article is not retired.
pub fn retire(before: Option<&Article>, command: &Command) -> Result<Article, Reject> {
    let Some(article) = before else {
        let detail = format!("there is no article `{}`; put it first", clipped(&command.target));
        return Err(Reject::new(Code::NotFound, detail));
    };
    if article.retired {
        let detail = format!("article `{}` is retired already; put it to bring it back", clipped(&command.target));
        return Err(Reject::new(Code::Conflict, detail));
    }
    Ok(Article {
        retired: true,
        edited_by: command.actor.id.clone(),
        edited_at: command.at,
        revision: article.revision + 1,
        ..article.clone()
    })
}

fn expect_version(expected: &Value, version: i64) -> Result<(), Reject> {
    match expected.as_i64() {
        Some(expected) if expected == version => Ok(()),
        Some(expected) => {
            let detail = format!("`expected_version` is {expected}, the article has {version}; read it and edit again");
            Err(Reject::new(Code::Conflict, detail))
        }
        None => Err(invalid("expected_version", "give the version that was read, a whole number")),
    }
}

fn text(data: &Map<String, Value>, field: &str, longest: usize) -> Result<String, Reject> {
    let given = match data.get(field) {
        None | Some(Value::Null) => return Err(missing(field)),
        Some(Value::String(given)) => given.trim(),
        Some(_) => return Err(invalid(field, "give a text")),
    };
    match given.chars().count() {
        0 => Err(missing(field)),
        length if length > longest => {
            Err(Reject::new(Code::TooLarge, format!("`{field}` has {length} characters; at most {longest} are kept")))
        }
        _ => Ok(given.to_owned()),
    }
}

fn word<T: std::str::FromStr<Err = UnknownWord>>(data: &Map<String, Value>, field: &str) -> Result<Option<T>, Reject> {
    match data.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(word)) => {
            word.parse().map(Some).map_err(|error: UnknownWord| invalid(field, &error.to_string()))
        }
        Some(_) => Err(invalid(field, "give a word")),
    }
}

/// Trimmed, each once, in the order given.
fn keywords(data: &Map<String, Value>) -> Result<Vec<String>, Reject> {
    let given = match data.get("keywords") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(given)) => given,
        Some(_) => return Err(invalid("keywords", "give a list of words")),
    };
    let mut keywords: Vec<String> = Vec::new();
    for keyword in given {
        let keyword = keyword.as_str().map(str::trim).unwrap_or_default();
        if keyword.is_empty() || keyword.chars().count() > LONGEST_KEYWORD {
            return Err(invalid("keywords", &format!("each is a text of 1 to {LONGEST_KEYWORD} characters")));
        }
        if !keywords.iter().any(|known| known == keyword) {
            keywords.push(keyword.to_owned());
        }
    }
    if keywords.len() > MOST_KEYWORDS {
        return Err(invalid("keywords", &format!("at most {MOST_KEYWORDS} are kept")));
    }
    Ok(keywords)
}

fn missing(field: &str) -> Reject {
    Reject::new(Code::MissingField, format!("`{field}` is missing; an article needs title, body and language"))
}

fn invalid(field: &str, advice: &str) -> Reject {
    Reject::new(Code::InvalidField, format!("`{field}`: {advice}"))
}

fn clipped(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::command;

    fn whole() -> Value {
        json!({"title": " 退货运费 ", "body": "七天内由买家承担。", "language": "zh-Hans", "category": "inquiry",
            "subtype": "after_sales_policy", "keywords": ["运费", "退货", " 运费 "]})
    }

    #[test]
    fn an_article_is_versioned() {
        let first = put(None, &command(5, "k-1", "article_put", whole())).unwrap();
        assert_eq!((first.version, first.revision, first.title.as_str()), (1, 1, "退货运费"));
        assert_eq!(first.keywords, ["运费", "退货"]);
        let second = put(Some(&first), &command(6, "k-2", "article_put", whole())).unwrap();
        let retired = retire(Some(&second), &command(7, "k-3", "article_retire", json!({}))).unwrap();
        assert_eq!((retired.version, retired.revision, retired.retired), (2, 3, true));
        let back = put(Some(&retired), &command(8, "k-4", "article_put", whole())).unwrap();
        assert_eq!((back.version, back.revision, back.retired), (3, 4, false));
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_field() {
        let with = |field: &str, value: Value| {
            let mut data = whole();
            data[field] = value;
            data
        };
        for (data, code, says) in [
            (json!("text"), Code::InvalidField, "data"),
            (json!({}), Code::MissingField, "language"),
            (with("title", json!("  ")), Code::MissingField, "title"),
            (with("title", json!(7)), Code::InvalidField, "title"),
            (with("title", json!("长".repeat(201))), Code::TooLarge, "201"),
            (with("body", json!(null)), Code::MissingField, "body"),
            (with("language", json!("fr")), Code::InvalidField, "zh-Hant"),
            (with("category", json!("praise")), Code::InvalidField, "after_sales_policy"),
            (with("category", json!(null)), Code::InvalidField, "after_sales_policy"),
            (with("keywords", json!(["a", ""])), Code::InvalidField, "keywords"),
            (with("keywords", json!("a")), Code::InvalidField, "list"),
            (with("colour", json!("red")), Code::InvalidField, "colour"),
            (with("expected_version", json!(3)), Code::Conflict, "has 0"),
        ] {
            let refused = put(None, &command(5, "k-1", "article_put", data.clone())).unwrap_err();
            assert_eq!(refused.code, code, "{data}: {}", refused.detail);
            assert!(refused.detail.contains(says), "{data}: {}", refused.detail);
        }
        let unknown = retire(None, &command(5, "k-1", "article_retire", json!({}))).unwrap_err();
        assert_eq!(unknown.code, Code::NotFound);
    }
}
