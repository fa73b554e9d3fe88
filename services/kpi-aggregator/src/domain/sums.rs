//! Sums by key that add up and can be taken back.
//!
//! Owns their compact form: sorted pairs in one piece of memory, because deltas and sketches are copied at each step of
//! a processor and are mostly small.

use serde::{Deserialize, Serialize};

/// Sums by key, in the order of keys; a sum that has come to 0 is not kept, so that equal contents are equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sums<K>(Vec<(K, i64)>);

impl<K> Default for Sums<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Copy + Ord> Sums<K> {
    /// Adds to the sum of a key.
    pub fn add(&mut self, key: K, amount: i64) {
        match self.0.binary_search_by_key(&key, |(known, _)| *known) {
            Ok(place) => {
                let Some((_, sum)) = self.0.get_mut(place) else { return };
                *sum += amount;
                if *sum == 0 {
                    self.0.remove(place);
                }
            }
            Err(place) if amount != 0 => self.0.insert(place, (key, amount)),
            Err(_) => {}
        }
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
            return;
        }
        for (key, amount) in &other.0 {
            self.add(*key, *amount);
        }
    }

    /// Takes the sum of a key out.
    pub fn take(&mut self, key: K) -> i64 {
        let place = self.0.binary_search_by_key(&key, |(known, _)| *known);
        place.map_or(0, |place| self.0.remove(place).1)
    }

    /// The sum of a key.
    pub fn get(&self, key: K) -> i64 {
        let place = self.0.binary_search_by_key(&key, |(known, _)| *known);
        place.ok().and_then(|place| self.0.get(place)).map_or(0, |(_, sum)| *sum)
    }

    /// Every sum that is not 0.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (K, i64)> {
        self.0.iter().copied()
    }

    /// Whether all sums are 0.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a map, also as it is stored.
        #[test]
        fn agrees_with_a_map(
            parts in proptest::collection::vec(proptest::collection::vec((0_u16..20, -2_i64..3), 0..20), 0..5),
        ) {
            let mut sums = Sums::default();
            let mut map: BTreeMap<u16, i64> = BTreeMap::new();
            for part in &parts {
                let mut added = Sums::default();
                for (key, amount) in part {
                    added.add(*key, *amount);
                    *map.entry(*key).or_default() += amount;
                }
                sums.merge(&added);
            }
            map.retain(|_, sum| *sum != 0);
            prop_assert_eq!(sums.iter().collect::<BTreeMap<_, _>>(), map.clone());
            prop_assert_eq!(postcard::to_allocvec(&sums).unwrap(), postcard::to_allocvec(&map).unwrap());
            for key in 0..20 {
                prop_assert_eq!(sums.get(key), map.get(&key).copied().unwrap_or(0));
                prop_assert_eq!(sums.clone().take(key), sums.get(key));
            }
        }
    }
}
