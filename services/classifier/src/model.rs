//! The model: what a text is about, and how sure that is.
//!
//! Trained at first use from lines written for it (`model/lines.tsv`), always the same way, so that the same program
//! gives the same bytes. What follows for a case (severity, priority) belongs to `domain`.

pub mod arithmetic;
pub mod concepts;
pub mod features;
pub mod labels;
pub mod lines;
pub mod mood;
pub mod reading;
pub mod train;

use std::sync::LazyLock;

use kefu_contracts::id::hash_id;

use concepts::Concepts;
use labels::COUNT;
use lines::Line;
use reading::Reading;
use train::{Settings, Weights};

const LINES: &str = include_str!("../model/lines.tsv");
const CONCEPTS: &str = include_str!("../model/concepts.tsv");

/// Raised with each change of features or training, which the version of a model must show as the lines do.
const ALGORITHM: &str = "1";

/// Flattens the probabilities; fitted on lines held out from training, see `the_temperature_fits`.
const TEMPERATURE: f32 = 0.7;

static STANDARD: LazyLock<Model> = LazyLock::new(|| {
    let version = hash_id(&[ALGORITHM, LINES, CONCEPTS, mood::WORDS]);
    let version = format!("{ALGORITHM}-{}", version.get(..8).unwrap_or_default());
    Model::train(&lines::parse(LINES), Concepts::parse(CONCEPTS), Settings::default(), version)
});

/// A trained model.
#[derive(Clone, Debug)]
pub struct Model {
    /// Changes with what it was trained on and how.
    pub version: String,
    weights: Weights,
    concepts: Concepts,
}

impl Model {
    /// The model that kefu comes with.
    pub fn standard() -> &'static Model {
        &STANDARD
    }

    /// Learns from `lines`.
    pub fn train(lines: &[Line<'_>], concepts: Concepts, settings: Settings, version: String) -> Model {
        let greeted = lines.iter().enumerate().filter_map(|(at, line)| {
            let text = lines::with_greeting(at, line)?;
            Some((features::features(&Reading::of(&text), &concepts), line.label.index()?))
        });
        let plain = lines
            .iter()
            .filter_map(|line| Some((features::features(&Reading::of(line.text), &concepts), line.label.index()?)));
        let examples: Vec<_> = plain.chain(greeted).collect();
        Model { version, weights: Weights::train(&examples, settings), concepts }
    }

    /// How likely each label is, in the order of [`labels::LABELS`]; none if the text has nothing to go by.
    pub fn probabilities(&self, reading: &Reading) -> Option<[f32; COUNT]> {
        self.probabilities_at(reading, TEMPERATURE)
    }

    /// As [`Model::probabilities`], at another temperature.
    pub fn probabilities_at(&self, reading: &Reading, temperature: f32) -> Option<[f32; COUNT]> {
        let features = features::features(reading, &self.concepts);
        if features.is_empty() {
            return None;
        }
        let mut scores = self.weights.scores(&features);
        arithmetic::softmax(&mut scores, temperature);
        Some(scores)
    }

    /// How many features it knows.
    pub fn features(&self) -> usize {
        self.weights.features()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line is judged by a model that has not seen it, in five parts.
    fn held_out(lines: &[Line<'_>]) -> Vec<(usize, Vec<[f32; COUNT]>)> {
        const TEMPERATURES: [f32; 3] = [TEMPERATURE - 0.1, TEMPERATURE, TEMPERATURE + 0.1];
        let mut judged = Vec::new();
        for part in 0..5 {
            let (held, used): (Vec<_>, Vec<_>) =
                lines.iter().enumerate().partition(|(at, _)| at.wrapping_mul(7_919) % 5 == part);
            let used: Vec<Line<'_>> = used.into_iter().map(|(_, line)| *line).collect();
            let model = Model::train(&used, Concepts::parse(CONCEPTS), Settings::default(), "part".into());
            judged.extend(held.into_iter().filter_map(|(_, line)| {
                let reading = Reading::of(line.text);
                let at = |temperature| model.probabilities_at(&reading, temperature);
                Some((line.label.index()?, TEMPERATURES.into_iter().filter_map(at).collect()))
            }));
        }
        judged
    }

    #[test]
    fn the_temperature_fits_and_lines_it_has_not_seen_are_mostly_understood() {
        let judged = held_out(&lines::parse(LINES));
        let loss = |which: usize| -> f64 {
            judged.iter().map(|(label, said)| -f64::from(said[which][*label].max(1e-9)).ln()).sum()
        };
        assert!(loss(1) <= loss(0) && loss(1) <= loss(2), "{} {} {}", loss(0), loss(1), loss(2));
        let right = judged.iter().filter(|(label, said)| said[1].iter().all(|other| *other <= said[1][*label])).count();
        let share = right as f64 / judged.len() as f64;
        assert!(share > 0.66, "{share:.3} of lines held out are understood");
    }

    #[test]
    fn training_twice_gives_the_same_bits() {
        let lines = lines::parse(LINES);
        let again = Model::train(&lines, Concepts::parse(CONCEPTS), Settings::default(), "again".into());
        for line in lines.iter().step_by(37) {
            let reading = Reading::of(line.text);
            assert_eq!(again.probabilities(&reading), Model::standard().probabilities(&reading));
        }
        assert_eq!(again.probabilities(&Reading::of("…!")), None);
    }
}
