//! Text in YAML, TOML or JSON as one tree of values that knows its lines.
//!
//! Owns syntax only: what the keys mean is the sections' matter.

mod json;
mod toml;
mod yaml;

use crate::fault::Fault;

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2, one document.
    Yaml,
    /// TOML 1.
    Toml,
    /// JSON.
    Json,
}

impl Format {
    /// The format a file name's ending tells: `yaml`, `yml`, `toml` or `json`.
    pub fn of_file_name(name: &str) -> Option<Format> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Format::Yaml),
            "toml" => Some(Format::Toml),
            "json" => Some(Format::Json),
            _ => None,
        }
    }
}

/// A value and the line it stands on, from 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: Option<usize>,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    List(Vec<Node>),
    /// Entries in the order written; a key may stand twice, which the reader of the section refuses.
    Map(Vec<(String, Node)>),
}

impl Value {
    /// The value's kind and, if short, the value, for messages.
    pub(crate) fn describe(&self) -> String {
        match self {
            Value::Null => "nothing".to_owned(),
            Value::Boolean(value) => format!("`{value}`"),
            Value::Integer(value) => format!("the number {value}"),
            Value::Real(value) => format!("the number {value}"),
            Value::Text(text) => format!("`{}`", text.chars().take(64).collect::<String>()),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a section with keys".to_owned(),
        }
    }
}

impl Node {
    /// The value under `key`, if this is a map that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The value at a path such as `weekly.mon[0]`, or the nearest above it that is written.
    pub(crate) fn nearest(&self, path: &str) -> &Node {
        let mut node = self;
        for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
            let below = match (&node.value, step.strip_suffix(']')) {
                (Value::List(items), Some(index)) => index.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => node.get(step),
            };
            let Some(below) = below else { return node };
            node = below;
        }
        node
    }
}

/// The tree of a document, or every fault of its syntax.
pub(crate) fn parse(text: &str, format: Format) -> Result<Node, Vec<Fault>> {
    match format {
        Format::Yaml => yaml::parse(text),
        Format::Toml => toml::parse(text),
        Format::Json => json::parse(text),
    }
}

fn syntax_fault(line: Option<usize>, message: String) -> Fault {
    Fault { path: String::new(), line, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(node: &Node) -> Vec<(String, String)> {
        let Value::Map(entries) = &node.value else { panic!("a map: {node:?}") };
        entries.iter().map(|(key, node)| (key.clone(), node.value.describe())).collect()
    }

    #[test]
    fn three_formats_give_the_same_tree() {
        let yaml = parse("a: 1\nb: x\nc: [true, 0.5]\n", Format::Yaml).unwrap();
        let toml = parse("a = 1\nb = \"x\"\nc = [true, 0.5]\n", Format::Toml).unwrap();
        let json = parse(r#"{"a": 1, "b": "x", "c": [true, 0.5]}"#, Format::Json).unwrap();
        let expected: Vec<(String, String)> = [("a", "the number 1"), ("b", "`x`"), ("c", "a list")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .to_vec();
        for tree in [yaml, toml, json] {
            assert_eq!(text(&tree), expected);
        }
    }

    #[test]
    fn yaml_and_toml_know_their_lines() {
        let yaml = parse("a: 1\n\nb:\n  c: x\n", Format::Yaml).unwrap();
        assert_eq!(yaml.get("b").unwrap().line, Some(3));
        assert_eq!(yaml.get("b").unwrap().get("c").unwrap().line, Some(4));
        let toml = parse("a = 1\n\n[b]\nc = 'x'\n", Format::Toml).unwrap();
        assert_eq!(toml.get("b").unwrap().line, Some(3));
        assert_eq!(toml.get("b").unwrap().get("c").unwrap().line, Some(4));
    }

    #[test]
    fn the_nearest_value_above_a_path() {
        let tree = parse("a:\n  b:\n    - x\n    - y\n", Format::Yaml).unwrap();
        for (path, line) in [("a.b[1]", 4), ("a.b[7]", 2), ("a.c.d", 1), ("a", 1)] {
            assert_eq!(tree.nearest(path).line, Some(line), "{path}");
        }
    }

    #[test]
    fn instants_and_dates_of_toml_are_texts() {
        let toml = parse("a = 2026-03-01T00:00:00+08:00\nb = 2026-10-01\n", Format::Toml).unwrap();
        assert_eq!(toml.get("a").unwrap().value, Value::Text("2026-03-01T00:00:00+08:00".to_owned()));
        assert_eq!(toml.get("b").unwrap().value, Value::Text("2026-10-01".to_owned()));
    }

    #[test]
    fn broken_syntax_names_the_line() {
        for (source, format) in [
            ("a: 1\nb: [1, 2\n", Format::Yaml),
            ("a = 1\nb = [1, \n", Format::Toml),
            ("{\"a\": 1,\n\"b\": [", Format::Json),
        ] {
            let faults = parse(source, format).unwrap_err();
            assert!(faults.iter().all(|fault| fault.line.is_some_and(|line| line >= 2)), "{faults:?}");
        }
    }

    #[test]
    fn a_key_may_not_stand_twice() {
        for (source, format) in [("a: 1\na: 2\n", Format::Yaml), ("a = 1\na = 2\n", Format::Toml)] {
            assert!(!parse(source, format).unwrap_err().is_empty());
        }
        let json = parse(r#"{"a": 1, "a": 2}"#, Format::Json).unwrap();
        assert_eq!(text(&json).len(), 2, "kept, for the section to refuse");
    }

    #[test]
    fn one_document_a_text() {
        assert!(parse("", Format::Yaml).is_err());
        assert!(parse("a: 1\n---\nb: 2\n", Format::Yaml).unwrap_err()[0].message.contains("one document"));
    }

    #[test]
    fn anchors_and_merge_bombs_are_bounded() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let inner = format!("*a{}", level - 1);
            let list = vec![inner; 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        assert!(parse(&bomb, Format::Yaml).is_err());
    }

    #[test]
    fn the_file_name_tells_the_format() {
        assert_eq!(Format::of_file_name("policy.YML"), Some(Format::Yaml));
        assert_eq!(Format::of_file_name("a/b.toml"), Some(Format::Toml));
        assert_eq!(Format::of_file_name("x.json"), Some(Format::Json));
        assert_eq!(Format::of_file_name("policy"), None);
    }
}
