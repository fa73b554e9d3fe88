//! What is wrong, or doubtful, in a policy document: where and why.

use std::fmt;

/// Why a document is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where in the document, such as `sla[0].targets.first_reply`; empty for the document as a whole.
    pub path: String,
    /// The line, from 1, where the format tells it (YAML and TOML; JSON for broken syntax only).
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub message: String,
}

/// What is allowed but probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Where in the document.
    pub path: String,
    /// The line, from 1, where the format tells it.
    pub line: Option<usize>,
    /// What will happen and how to avoid it.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_located(f, &self.path, self.line, &self.message)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_located(f, &self.path, self.line, &self.message)
    }
}

impl std::error::Error for Fault {}

fn write_located(f: &mut fmt::Formatter<'_>, path: &str, line: Option<usize>, message: &str) -> fmt::Result {
    if !path.is_empty() {
        write!(f, "{path}: ")?;
    }
    f.write_str(message)?;
    match line {
        Some(line) => write!(f, " (line {line})"),
        None => Ok(()),
    }
}
