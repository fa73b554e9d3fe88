//! TOML to the tree. Its dates and instants become the texts they were written as.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Node, Value, syntax_fault};
use crate::fault::Fault;

pub(super) fn parse(text: &str) -> Result<Node, Vec<Fault>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let fault = |error: &toml::de::Error| {
            syntax_fault(error.span().map(|span| line_of(text, &span)), error.message().to_owned())
        };
        return Err(errors.iter().map(fault).collect());
    }
    let mut faults = Vec::new();
    let value = table(text, document.get_ref(), &mut faults);
    if faults.is_empty() { Ok(Node { line: Some(1), value }) } else { Err(faults) }
}

fn table(text: &str, table: &DeTable<'_>, faults: &mut Vec<Fault>) -> Value {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>), faults: &mut Vec<Fault>| {
        let key: &Spanned<std::borrow::Cow<'_, str>> = key;
        let line = Some(line_of(text, &key.span()));
        (key.get_ref().to_string(), Node { line, value: self::value(text, value, faults) })
    };
    Value::Map(table.iter().map(|pair| entry(pair, faults)).collect())
}

fn value(text: &str, value: &Spanned<DeValue<'_>>, faults: &mut Vec<Fault>) -> Value {
    let line = line_of(text, &value.span());
    let mut refused = |message: String| {
        faults.push(syntax_fault(Some(line), message));
        Value::Null
    };
    match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => refused(format!("`{}` is no integer of 64 bits", number.as_str())),
        },
        DeValue::Float(number) => match number.as_str().parse() {
            Ok(number) => Value::Real(number),
            Err(_) => refused(format!("`{}` is no number", number.as_str())),
        },
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(instant) => Value::Text(instant.to_string()),
        DeValue::Array(items) => {
            let item = |item: &Spanned<DeValue<'_>>, faults: &mut Vec<Fault>| Node {
                line: Some(line_of(text, &item.span())),
                value: self::value(text, item, faults),
            };
            Value::List(items.iter().map(|each| item(each, faults)).collect())
        }
        DeValue::Table(entries) => table(text, entries, faults),
    }
}

/// The line, from 1, on which a span of bytes begins.
fn line_of(text: &str, span: &Range<usize>) -> usize {
    1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count()
}
