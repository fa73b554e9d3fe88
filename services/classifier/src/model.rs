//! The model: what a text is about, and how sure that is.
//!
//! Trained at first use from lines written for it (`model/lines.tsv`), always the same way, so that the same program
//! gives the same bytes. What follows for a case (severity, priority) belongs to `domain`.

pub mod arithmetic;
pub mod concepts;
pub mod features;
pub mod labels;
pub mod lines;
pub mod train;

use std::sync::LazyLock;

use kefu_contracts::id::hash_id;

use concepts::Concepts;
use labels::COUNT;
use lines::Line;
use train::{Settings, Weights};

const LINES: &str = include_str!("../model/lines.tsv");
const CONCEPTS: &str = include_str!("../model/concepts.tsv");

/// Raised with each change of features or training, which the version of a model must show as the lines do.
const ALGORITHM: &str = "1";

/// Flattens the probabilities; fitted on lines held out from training, see `the_temperature_fits`.
const TEMPERATURE: f32 = 0.7;

static STANDARD: LazyLock<Model> = LazyLock::new(|| {
    let version = hash_id(&[ALGORITHM, LINES, CONCEPTS]);
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
            Some((features::features(&text, &concepts), line.label.index()?))
        });
        let plain = lines.iter().filter_map(|line| Some((features::features(line.text, &concepts), line.label.index()?)));
        let examples: Vec<_> = plain.chain(greeted).collect();
        Model { version, weights: Weights::train(&examples, settings), concepts }
    }

    /// How likely each label is, in the order of [`labels::LABELS`]; none if the text has nothing to go by.
    pub fn probabilities(&self, text: &str) -> Option<[f32; COUNT]> {
        self.probabilities_at(text, TEMPERATURE)
    }

    /// As [`Model::probabilities`], at another temperature.
    pub fn probabilities_at(&self, text: &str, temperature: f32) -> Option<[f32; COUNT]> {
        let features = features::features(text, &self.concepts);
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
