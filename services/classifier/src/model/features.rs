//! What the model sees of a text: hashed pieces of it.
//!
//! Chinese has no spaces, so runs of Han characters give their n-grams; Latin words give themselves, their neighbours
//! and their parts, which forgives spelling. Concepts (words of three languages that mean the same for a case) tie
//! the languages together.

use kefu_text::script;

use super::concepts::Concepts;
use super::reading::{NUMBER, Reading};

/// How much a piece of a run of Han characters weighs, by its length.
const HAN_WEIGHTS: [Option<f32>; 4] = [Some(0.5), Some(1.0), Some(1.0), Some(0.8)];
/// How much a part of a Latin word weighs, by its length; shorter ones say nothing.
const PART_WEIGHTS: [Option<f32>; 5] = [None, None, Some(0.35), Some(0.35), Some(0.35)];
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Han characters, and numbers among them.
    Han,
    Latin,
    Space,
    Stop,
}

impl Class {
    fn of(c: char) -> Class {
        match c {
            _ if script::is_han(c) || c == NUMBER => Class::Han,
            _ if c.is_alphabetic() || c == '\'' => Class::Latin,
            ' ' => Class::Space,
            _ => Class::Stop,
        }
    }
}

/// The features of a text, each once, of unit length together; in an order that depends on nothing but the text.
pub fn features(reading: &Reading, concepts: &Concepts) -> Vec<Feature> {
    let folded = reading.folded.as_slice();
    let mut found = Vec::with_capacity(folded.len() * 5);
    let mut before = Vec::new();
    for run in folded.chunk_by(|a, b| Class::of(*a) == Class::of(*b)) {
        match run.first().map_or(Class::Stop, |c| Class::of(*c)) {
            Class::Han => {
                pieces(Kind::Han, run, &HAN_WEIGHTS, &mut found);
                before.clear();
            }
            Class::Latin => {
                let word: Vec<char> = run.iter().copied().filter(|c| *c != '\'').take(LONGEST_WORD).collect();
                latin(&word, &before, &mut found);
                before = word;
            }
            Class::Space => {}
            Class::Stop => before.clear(),
        }
    }
    if !found.is_empty() {
        conceptual(folded, concepts, &mut found);
        let length = folded.iter().filter(|c| c.is_alphanumeric()).count();
        let class = LENGTHS.iter().filter(|most| length > **most).count();
        found.push((Hash::of(Kind::Length).with(class as u32).value(), 1.5));
        let mood = reading.mood;
        if mood.pleased + mood.grieved > 0 {
            let hash = Hash::of(Kind::Mood).with(mood.pleased.min(2)).with(mood.grieved.min(2));
            found.push((hash.value(), 1.5));
        }
    }
    unit(found)
}

fn conceptual(folded: &[char], concepts: &Concepts, found: &mut Vec<Feature>) {
    let named = concepts.find(folded);
    for (place, first) in named.iter().enumerate() {
        found.push((Hash::of(Kind::Concept).with(u32::from(*first)).value(), 1.6));
        let pair = Hash::of(Kind::Concepts).with(u32::from(*first));
        for second in named.iter().skip(place + 1) {
            found.push((pair.with(u32::from(*second)).value(), 1.0));
        }
    }
}

/// The pieces of `run` that have a weight by their length, shorter ones first. Each goes on where the one of a
/// character less ended, so a character more costs one step of the hash.
fn pieces(kind: Kind, run: &[char], weights: &[Option<f32>], found: &mut Vec<Feature>) {
    let mut hashes = vec![Hash::of(kind); run.len()];
    for (last, weight) in weights.iter().enumerate() {
        for (hash, c) in hashes.iter_mut().zip(run.iter().skip(last)) {
            *hash = hash.with(u32::from(*c));
            found.extend(weight.map(|weight| (hash.value(), weight)));
        }
    }
}

/// A word; `before` is the word it follows, empty if it follows none.
fn latin(word: &[char], before: &[char], found: &mut Vec<Feature>) {
    if word.is_empty() {
        return;
    }
    found.push((Hash::of(Kind::Word).with_all(word).value(), 1.2));
    if !before.is_empty() {
        found.push((Hash::of(Kind::Pair).with_all(before).with(0).with_all(word).value(), 1.0));
    }
    let bounded: Vec<char> = ['\u{1}'].iter().chain(word).chain(&['\u{2}']).copied().collect();
    pieces(Kind::Part, &bounded, &PART_WEIGHTS, found);
}

/// FNV-1a with a final mix. Pieces that begin alike share the hash of their beginning.
#[derive(Clone, Copy)]
struct Hash(u64);

impl Hash {
    fn of(kind: Kind) -> Hash {
        Hash(0xcbf2_9ce4_8422_2325 ^ (kind as u64))
    }

    fn with(self, code: u32) -> Hash {
        Hash((self.0 ^ u64::from(code)).wrapping_mul(0x0100_0000_01b3))
    }

    fn with_all(self, characters: &[char]) -> Hash {
        characters.iter().fold(self, |hash, c| hash.with(u32::from(*c)))
    }

    fn value(self) -> u64 {
        (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// Short codes of two kinds can have one hash, and weigh differently: which of them stays follows from their order and
/// from how the sort goes. To change either is another algorithm of the model.
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

    fn seen(text: &str, concepts: &Concepts) -> Vec<Feature> {
        features(&Reading::of(text), concepts)
    }

    #[test]
    fn scripts_widths_and_numbers_make_no_difference() {
        let concepts = Concepts::default();
        let same = [("訂單12還沒到", "订单9还没到"), ("ＷＨＥＲＥ　is it", "where is it"), ("電話[phone]", "电话138")];
        for (one, other) in same {
            assert_eq!(seen(one, &concepts), seen(other, &concepts), "{one}");
        }
        assert_ne!(seen("退货", &concepts), seen("换货", &concepts));
        assert!(seen("!?。", &concepts).is_empty());
    }

    #[test]
    fn features_have_unit_length_and_come_once() {
        let found = seen("where is my order 订单 到哪了 order order", &Concepts::default());
        let length: f32 = found.iter().map(|(_, weight)| weight * weight).sum();
        assert!((length - 1.0).abs() < 1e-5);
        assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
