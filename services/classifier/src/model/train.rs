//! Training: softmax regression by AdaGrad, in an order fixed by a seed.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::arithmetic::softmax;
use super::features::Feature;
use super::labels::COUNT;

/// The weights of one feature, a label each.
pub type Row = [f32; COUNT];

/// How it is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Passes over the lines.
    pub passes: u32,
    /// Size of a step before it shrinks.
    pub rate: f32,
    /// How strongly weights are held near zero.
    pub restraint: f32,
    /// Seed of the order of lines.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { passes: 16, rate: 0.6, restraint: 1e-4, seed: 20_260_302 }
    }
}

/// What was learned: a row of weights for each feature that was seen.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    places: HashMap<u64, u32, FixedState>,
    rows: Vec<Row>,
    bias: Row,
}

impl Weights {
    /// Learns from features and the labels' indices.
    pub fn train(examples: &[(Vec<Feature>, usize)], settings: Settings) -> Weights {
        let mut places = HashMap::with_hasher(FixedState::default());
        let indexed: Vec<(Vec<(usize, f32)>, usize)> = examples
            .iter()
            .map(|(features, label)| {
                let indexed = features.iter().map(|(hash, weight)| {
                    let next = places.len() as u32;
                    (*places.entry(*hash).or_insert(next) as usize, *weight)
                });
                (indexed.collect(), *label)
            })
            .collect();
        let mut weights = Weights { rows: vec![[0.0; COUNT]; places.len()], places, bias: [0.0; COUNT] };
        let mut squares = vec![[1e-4; COUNT]; weights.rows.len()];
        let mut bias_squares = [1e-4; COUNT];
        let mut order: Vec<usize> = (0..indexed.len()).collect();
        let mut random = settings.seed;
        for _ in 0..settings.passes {
            shuffle(&mut order, &mut random);
            for (features, label) in order.iter().filter_map(|at| indexed.get(*at)) {
                let mut errors = weights.scores_at(features.iter().copied());
                softmax(&mut errors, 1.0);
                if let Some(error) = errors.get_mut(*label) {
                    *error -= 1.0;
                }
                step(&mut weights.bias, &mut bias_squares, &errors, 1.0, settings);
                for (place, value) in features {
                    if let (Some(row), Some(squares)) = (weights.rows.get_mut(*place), squares.get_mut(*place)) {
                        step(row, squares, &errors, *value, settings);
                    }
                }
            }
        }
        weights
    }

    /// The scores of all labels; features never seen count for nothing.
    pub fn scores(&self, features: &[Feature]) -> Row {
        self.scores_at(features.iter().filter_map(|(hash, value)| Some((*self.places.get(hash)? as usize, *value))))
    }

    /// How many features were seen in training.
    pub fn features(&self) -> usize {
        self.rows.len()
    }

    fn scores_at(&self, features: impl Iterator<Item = (usize, f32)>) -> Row {
        let mut scores = self.bias;
        for (row, value) in features.filter_map(|(place, value)| Some((self.rows.get(place)?, value))) {
            for (score, weight) in scores.iter_mut().zip(row) {
                *score += weight * value;
            }
        }
        scores
    }
}

fn step(row: &mut Row, squares: &mut Row, errors: &Row, value: f32, settings: Settings) {
    for ((weight, square), error) in row.iter_mut().zip(squares).zip(errors) {
        let slope = error * value + settings.restraint * *weight;
        *square += slope * slope;
        *weight -= settings.rate * slope / square.sqrt();
    }
}

fn shuffle(order: &mut [usize], random: &mut u64) {
    for last in (1..order.len()).rev() {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        order.swap(last, (*random % (last as u64 + 1)) as usize);
    }
}
