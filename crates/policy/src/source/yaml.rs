//! YAML 1.2 to the tree. Anchors are expanded within the library's bound; tags and keys that are no text are refused.

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};

use super::{Node, Value, syntax_fault};
use crate::fault::Fault;

pub(super) fn parse(text: &str) -> Result<Node, Vec<Fault>> {
    let documents = MarkedYaml::load_from_str(text)
        .map_err(|error| vec![syntax_fault(Some(error.marker().line()), error.info().to_owned())])?;
    match documents.as_slice() {
        [document] => node(document).map_err(|fault| vec![fault]),
        documents => Err(vec![syntax_fault(
            None,
            format!("{} documents in the text; a policy is one document", documents.len()),
        )]),
    }
}

fn node(yaml: &MarkedYaml<'_>) -> Result<Node, Fault> {
    let line = Some(yaml.span.start.line());
    let value = match &yaml.data {
        YamlData::Value(scalar) => self::scalar(scalar),
        YamlData::Sequence(items) => Value::List(items.iter().map(node).collect::<Result<_, _>>()?),
        YamlData::Mapping(entries) => {
            let mut map = Vec::with_capacity(entries.len());
            for (key, value) in entries {
                let mut value = node(value)?;
                // A nested section begins on the line after its key; people look for the key.
                value.line = Some(key.span.start.line());
                map.push((key_text(key)?, value));
            }
            Value::Map(map)
        }
        YamlData::Tagged(..) => {
            return Err(syntax_fault(line, "tags are not taken; write the plain value".to_owned()));
        }
        YamlData::Representation(text, ..) => Value::Text(text.to_string()),
        YamlData::Alias(_) | YamlData::BadValue => {
            return Err(syntax_fault(line, "a value that cannot be read; write the plain value".to_owned()));
        }
    };
    Ok(Node { line, value })
}

fn scalar(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Boolean(*value),
        Scalar::Integer(value) => Value::Integer(*value),
        Scalar::FloatingPoint(value) => Value::Real(value.into_inner()),
        Scalar::String(text) => Value::Text(text.to_string()),
    }
}

fn key_text(key: &MarkedYaml<'_>) -> Result<String, Fault> {
    match &key.data {
        YamlData::Value(Scalar::String(text)) => Ok(text.to_string()),
        YamlData::Value(Scalar::Integer(number)) => Ok(number.to_string()),
        _ => Err(syntax_fault(Some(key.span.start.line()), "a key that is no text; quote it".to_owned())),
    }
}
