//! Reading the rows of a topic's file.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use kefu_contracts::id::hash_64;
use serde_json::Value;

/// Calls `each` with key and value of every row.
///
/// # Errors
/// If the file is missing or no such file.
pub(in crate::replay) fn rows(path: &Path, each: impl FnMut(String, Value)) -> io::Result<()> {
    rows_with(path, &[""], each)
}

/// Rows that one of `words` stands in: most need not be parsed.
///
/// # Errors
/// As [`rows`].
pub(in crate::replay) fn rows_with(path: &Path, words: &[&str], mut each: impl FnMut(String, Value)) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    for line in BufReader::with_capacity(1 << 18, File::open(path).map_err(named)?).lines() {
        let line = line.map_err(named)?;
        if !words.iter().any(|word| line.contains(word)) {
            continue;
        }
        let mut row: Value = serde_json::from_str(&line)?;
        let key = row.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
        each(key, row.get_mut("value").map(Value::take).unwrap_or_default());
    }
    Ok(())
}

/// A field's text; empty if it has none.
pub(in crate::replay) fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A hash of an id, which is unique within its tenant.
pub(super) fn hash_of(value: &Value, field: &str) -> u64 {
    hash_64(&[text(value, "tenant"), text(value, field)])
}

/// A hash of everything in it.
pub(super) fn digest(value: &Value) -> u64 {
    hash_64(&[&value.to_string()])
}
