//! Rows of key figures for programs.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use kefu_contracts::Timestamp;
use kefu_contracts::kpi::KpiRow;
use kefu_runtime::http::{Api, Caller, Problem, Scope};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};

use super::view::KpiTable;
use crate::domain::window::Size;

/// Rows in one answer.
const ROWS_MAX: usize = 5_000;

#[derive(Deserialize)]
pub(super) struct Asked {
    size: Option<String>,
    from: Option<String>,
    to: Option<String>,
    dimensions: Option<String>,
}

pub(super) async fn rows(
    State(api): State<Api>,
    Extension(table): Extension<Arc<KpiTable>>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    caller.must(Scope::Read)?;
    let size = size(asked.size.as_deref().unwrap_or("P1D"))?;
    let from = instant(asked.from.as_deref(), "from")?.unwrap_or(Timestamp::MIN);
    let to = instant(asked.to.as_deref(), "to")?.unwrap_or(Timestamp::MAX);
    if from > to {
        return Err(Problem::bad_request("`from` is after `to`; exchange them"));
    }
    let wanted = Wanted::read(asked.dimensions.as_deref().unwrap_or("-"));
    let found = table.with(&caller.tenant, |rows| {
        let rows = rows.rows(size, from, to).filter(|row| wanted.takes(row));
        rows.take(ROWS_MAX + 1).cloned().collect::<Vec<KpiRow>>()
    });
    let mut found = found.unwrap_or_default();
    let truncated = found.len() > ROWS_MAX;
    found.truncate(ROWS_MAX);
    let found: Vec<Value> = found.iter().map(shown).collect();
    Ok(api.read(json!({"rows": found, "truncated": truncated})))
}

/// A row as programs see it: the table keeps no sketches, so none is shown.
fn shown(row: &KpiRow) -> Value {
    // contract records are plain data, which always has a JSON form
    let mut row = serde_json::to_value(row).unwrap_or_default();
    let metrics = row.get_mut("metrics").and_then(Value::as_object_mut);
    for metric in metrics.into_iter().flat_map(|metrics| metrics.values_mut()) {
        if let Some(distribution) = metric.as_object_mut() {
            distribution.remove("sketch");
        }
    }
    row
}

fn size(text: &str) -> Result<Size, Problem> {
    let known = Size::ALL.into_iter().find(|size| size.as_str() == text);
    known.ok_or_else(|| {
        Problem::bad_request(format!("size: `{text}` is none; use {}", Size::ALL.map(Size::as_str).join(", ")))
    })
}

fn instant(text: Option<&str>, name: &str) -> Result<Option<Timestamp>, Problem> {
    let read = |text: &str| text.parse().map_err(|error| Problem::bad_request(format!("{name}: {error}")));
    text.map(read).transpose()
}

/// The dimensions asked for: names, and the values that are given.
struct Wanted(Vec<(String, Option<String>)>);

impl Wanted {
    fn read(text: &str) -> Self {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let parts = text.split(',').filter(|part| !part.is_empty() && *part != "-");
        let parts = parts.map(|part| match part.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(decoded(value))),
            None => (part.to_owned(), None),
        });
        Self(parts.collect())
    }

    fn takes(&self, row: &KpiRow) -> bool {
        row.dimensions.len() == self.0.len()
            && self.0.iter().all(|(name, wanted)| {
                let value = row.dimensions.get(name);
                value.is_some_and(|value| wanted.as_ref().is_none_or(|wanted| wanted == value))
            })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kefu_contracts::kpi::{Distribution, MetricValue};

    use super::*;

    #[test]
    fn a_row_is_shown_without_its_sketches() {
        let told = Distribution {
            count: 1,
            sum: 2,
            min: 2.0,
            max: 2.0,
            p50: 2.0,
            p90: 2.0,
            p95: 2.0,
            p99: 2.0,
            sketch: String::new(),
        };
        let metrics = [("first_reply_ms", MetricValue::Distribution(told)), ("backlog", MetricValue::Number(3.0))];
        let row = KpiRow {
            tenant: "demo".to_owned(),
            window_start: Timestamp::from_ms(0),
            window_end: Timestamp::from_ms(60_000),
            size: "PT1M".to_owned(),
            dimensions: BTreeMap::new(),
            revision: 1,
            is_final: false,
            definitions: 1,
            metrics: metrics.into_iter().map(|(name, value)| (name.to_owned(), Some(value))).collect(),
        };
        let shown = shown(&row);
        assert_eq!(
            (&shown["metrics"]["backlog"], &shown["metrics"]["first_reply_ms"]["p99"]),
            (&json!(3.0), &json!(2.0))
        );
        assert!(!shown.to_string().contains("sketch"), "{shown}");
    }
}
