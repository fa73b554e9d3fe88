//! A text as it is read for what it is about.
//!
//! Scripts and widths are folded, numbers and masked data are one sign.

use kefu_text::script;

use super::mood::Mood;

/// Stands for a number or for masked data.
pub const NUMBER: char = '#';

/// A text and its words' mood, read once for all who draw conclusions from them.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Folded characters with every number, and everything in square brackets, as one sign.
    pub folded: Vec<char>,
    /// Words that please or grieve.
    pub mood: Mood,
}

impl Reading {
    /// Reads `text`.
    pub fn of(text: &str) -> Reading {
        let folded = folded(text);
        let mood = Mood::of(&folded);
        Reading { folded, mood }
    }
}

fn folded(text: &str) -> Vec<char> {
    let mut folded: Vec<char> = Vec::with_capacity(text.len());
    let mut characters = text.chars().map(script::fold_char).peekable();
    while let Some(c) = characters.next() {
        if c == '[' {
            while characters.next_if(|c| *c != ']' && *c != '\n').is_some() {}
            characters.next_if_eq(&']');
            folded.push(NUMBER);
        } else if !script::is_han(c) && c.is_numeric() {
            if folded.last() != Some(&NUMBER) {
                folded.push(NUMBER);
            }
        } else {
            folded.push(c);
        }
    }
    folded
}
