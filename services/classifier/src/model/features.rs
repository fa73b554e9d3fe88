//! What the model sees of a text: hashed pieces of it.
//!
//! Chinese has no spaces, so runs of Han characters give their n-grams; Latin words give themselves, their neighbours
//! and their parts, which forgives spelling. Concepts (words of three languages that mean the same for a case) tie
//! the languages together. Scripts and widths are folded, numbers and masked data are one sign.

use kefu_text::script;

use super::concepts::Concepts;
use super::mood;

/// Stands for a number or for masked data.
const NUMBER: char = '#';
/// Longest piece of a run of Han characters.
const HAN_PIECE: usize = 4;
/// Lengths of the pieces of a Latin word.
const LATIN_PIECES: std::ops::RangeInclusive<usize> = 3..=5;
/// Letters of a Latin word that are looked at.
const LONGEST_WORD: usize = 24;

/// A hashed piece and how much it weighs.
pub type Feature = (u64, f32);

#[derive(Clone, Copy)]
#[repr(u64)]
enum Kind {
    Han = 1,
    Word = 2,
    Pair = 3,
    Part = 4,
    Concept = 5,
    Concepts = 6,
    Length = 7,
    Mood = 8,
}

/// Up to how many characters a text counts as equally long: a long one is hardly small talk.
const LENGTHS: [usize; 6] = [2, 4, 8, 16, 32, 64];

enum Piece {
    Han(Vec<char>),
    Latin(Vec<char>),
    Stop,
}

/// The features of `text`, each once, of unit length together; in an order that depends on nothing but the text.
pub fn features(text: &str, concepts: &Concepts) -> Vec<Feature> {
    let folded = folded(text);
    let mut found = Vec::with_capacity(folded.len() * 5);
    let mut before: Option<Vec<char>> = None;
    for piece in pieces(&folded) {
        match piece {
            Piece::Han(run) => {
                han(&run, &mut found);
                before = None;
            }
            Piece::Latin(word) => {
                latin(&word, before.as_deref(), &mut found);
                before = Some(word);
            }
            Piece::Stop => before = None,
        }
    }
    if !found.is_empty() {
        conceptual(&folded, concepts, &mut found);
        let length = folded.iter().filter(|c| c.is_alphanumeric()).count();
        let class = LENGTHS.iter().filter(|most| length > **most).count();
        found.push((hash(Kind::Length, [class as u32]), 1.5));
        let (pleased, grieved) = mood::count(&folded);
        if pleased + grieved > 0 {
            found.push((hash(Kind::Mood, [pleased.min(2), grieved.min(2)]), 1.5));
        }
    }
    unit(found)
}

fn conceptual(folded: &[char], concepts: &Concepts, found: &mut Vec<Feature>) {
    let named = concepts.find(folded);
    for (place, first) in named.iter().enumerate() {
        found.push((hash(Kind::Concept, [*first as u32]), 1.6));
        for second in named.iter().skip(place + 1) {
            found.push((hash(Kind::Concepts, [*first as u32, *second as u32]), 1.0));
        }
    }
}

/// Folded characters with every number, and everything in square brackets, as one sign.
pub fn folded(text: &str) -> Vec<char> {
    let mut folded: Vec<char> = Vec::with_capacity(text.len());
    let mut characters = text.chars().map(script::fold_char).peekable();
    while let Some(c) = characters.next() {
        if c == '[' {
            while characters.next_if(|c| *c != ']' && *c != '\n').is_some() {}
            characters.next_if_eq(&']');
            folded.push(NUMBER);
        } else if c.is_numeric() && !script::is_han(c) {
            if folded.last() != Some(&NUMBER) {
                folded.push(NUMBER);
            }
        } else {
            folded.push(c);
        }
    }
    folded
}

fn pieces(folded: &[char]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let class = |c: char| match c {
        _ if script::is_han(c) || c == NUMBER => 'h',
        _ if c.is_alphabetic() || c == '\'' => 'l',
        ' ' => ' ',
        _ => '.',
    };
    for run in folded.chunk_by(|a, b| class(*a) == class(*b)) {
        match run.first().copied().map(class) {
            Some('h') => pieces.push(Piece::Han(run.to_vec())),
            Some('l') => {
                let word: Vec<char> = run.iter().copied().filter(|c| *c != '\'').take(LONGEST_WORD).collect();
                pieces.push(if word.is_empty() { Piece::Stop } else { Piece::Latin(word) });
            }
            Some(' ') => {}
            _ => pieces.push(Piece::Stop),
        }
    }
    pieces
}

fn han(run: &[char], found: &mut Vec<Feature>) {
    for length in 1..=HAN_PIECE {
        let weight = [0.5, 1.0, 1.0, 0.8].get(length - 1).copied().unwrap_or(1.0);
        for piece in run.windows(length) {
            found.push((hash(Kind::Han, piece.iter().map(|c| *c as u32)), weight));
        }
    }
}

fn latin(word: &[char], before: Option<&[char]>, found: &mut Vec<Feature>) {
    let codes = |word: &[char]| word.iter().map(|c| *c as u32).collect::<Vec<_>>();
    found.push((hash(Kind::Word, codes(word)), 1.2));
    if let Some(before) = before {
        found.push((hash(Kind::Pair, [codes(before), vec![0], codes(word)].concat()), 1.0));
    }
    let bounded: Vec<u32> = [vec![1], codes(word), vec![2]].concat();
    for length in LATIN_PIECES {
        for part in bounded.windows(length) {
            found.push((hash(Kind::Part, part.iter().copied()), 0.35));
        }
    }
}

/// FNV-1a with a final mix.
fn hash(kind: Kind, codes: impl IntoIterator<Item = u32>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ (kind as u64);
    for code in codes {
        hash = (hash ^ u64::from(code)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 32;
    hash.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn unit(mut found: Vec<Feature>) -> Vec<Feature> {
    found.sort_unstable_by_key(|(hash, _)| *hash);
    found.dedup_by_key(|(hash, _)| *hash);
    let length = found.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
    if length > 0.0 {
        found.iter_mut().for_each(|(_, weight)| *weight /= length);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_widths_and_numbers_make_no_difference() {
        let concepts = Concepts::default();
        let same = [("訂單12還沒到", "订单9还没到"), ("ＷＨＥＲＥ　is it", "where is it"), ("電話[phone]", "电话138")];
        for (one, other) in same {
            assert_eq!(features(one, &concepts), features(other, &concepts), "{one}");
        }
        assert_ne!(features("退货", &concepts), features("换货", &concepts));
        assert!(features("!?。", &concepts).is_empty());
    }

    #[test]
    fn features_have_unit_length_and_come_once() {
        let found = features("where is my order 订单 到哪了 order order", &Concepts::default());
        let length: f32 = found.iter().map(|(_, weight)| weight * weight).sum();
        assert!((length - 1.0).abs() < 1e-5);
        assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
