//! The short texts that the facts of a case name (causes, teams, agents, tiers), kept in one piece.
//!
//! A case's state is copied with each record, and one text is copied faster than many.

use serde::{Deserialize, Serialize};

/// A text kept in [`Names`]; equal texts of one case have equal names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    start: u32,
    len: u32,
}

/// The texts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Names(String);

impl Names {
    /// Keeps `text`, unless it stands there already.
    pub fn keep(&mut self, text: &str) -> Name {
        // What is appended never makes an earlier place match, so a text is always found where it was first.
        let start = self.0.find(text).unwrap_or_else(|| {
            self.0.push_str(text);
            self.0.len() - text.len()
        });
        Name { start: start as u32, len: text.len() as u32 }
    }

    /// The text of a name.
    pub fn text(&self, name: Name) -> &str {
        let start = name.start as usize;
        self.0.get(start..start + name.len as usize).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_equal_names() {
        let mut names = Names::default();
        let first: Vec<Name> = ["e-1", "售后", "a", "e-10", ""].map(|text| names.keep(text)).into();
        let again: Vec<Name> = ["e-1", "售后", "a", "e-10", ""].map(|text| names.keep(text)).into();
        assert_eq!(first, again);
        assert_eq!(first.iter().map(|name| names.text(*name)).collect::<Vec<_>>(), ["e-1", "售后", "a", "e-10", ""]);
    }
}
