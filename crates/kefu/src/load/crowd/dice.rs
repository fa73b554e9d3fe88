//! Chance that comes out the same for the same seed.
//!
//! Owns SplitMix64: what is made up must be repeatable, not unpredictable.

/// A source of chance.
#[derive(Clone, Debug)]
pub(super) struct Dice {
    state: u64,
}

/// The finalizer of SplitMix64: neighbours in, strangers out.
pub(super) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(super) fn next(&mut self) -> u64 {
        let drawn = mix(self.state);
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        drawn
    }

    /// A number below `end`; 0 if `end` is.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        // the upper half of a product: as even as anybody needs here
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// Whether something that happens in `percent` of all cases happens.
    pub(super) fn happens(&mut self, percent: u8) -> bool {
        self.below(100) < u64::from(percent)
    }

    /// Milliseconds from `from_s` to `to_s` seconds, short ones more often than long ones.
    pub(super) fn delay_ms(&mut self, (from_s, to_s): (u32, u32)) -> i64 {
        let span = u64::from(to_s.saturating_sub(from_s)) * 1000;
        // the least of two draws; spans are far below 2^63
        let drawn = self.below(span).min(self.below(span));
        i64::from(from_s) * 1000 + drawn.cast_signed()
    }

    /// One of `choices`, all alike.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[T], otherwise: T) -> T {
        let index = self.below(choices.len() as u64);
        usize::try_from(index).ok().and_then(|index| choices.get(index)).copied().unwrap_or(otherwise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_are_those_of_splitmix64() {
        // the reference values for seed 1234567
        let mut dice = Dice::new(1_234_567);
        assert_eq!([dice.next(), dice.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn what_is_drawn_stays_within_its_bounds_and_reaches_them() {
        let mut dice = Dice::new(1);
        let drawn: Vec<u64> = (0..1000).map(|_| dice.below(6)).collect();
        assert!((0..6).all(|face| drawn.contains(&face)) && drawn.iter().all(|face| *face < 6));
        assert!((0..1000).all(|_| (2_000..=5_000).contains(&dice.delay_ms((2, 5)))));
        assert_eq!((dice.below(0), dice.delay_ms((3, 3)), dice.pick(&[], 'x')), (0, 3_000, 'x'));
        assert!((0..100).all(|_| dice.happens(100) && !dice.happens(0)));
    }
}
