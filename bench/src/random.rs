//! The random numbers of `java.util.Random`, so that texts are the same in both programs.

pub(crate) struct JavaRandom(u64);

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const MASK: u64 = (1 << 48) - 1;

impl JavaRandom {
    pub(crate) fn new(seed: u64) -> Self {
        Self((seed ^ MULTIPLIER) & MASK)
    }

    fn bits(&mut self, bits: u32) -> i32 {
        self.0 = (self.0.wrapping_mul(MULTIPLIER).wrapping_add(0xB)) & MASK;
        #[expect(clippy::cast_possible_truncation, reason = "Java takes the upper bits as an int")]
        let upper = (self.0 >> (48 - bits)) as i32;
        upper
    }

    /// A number below `bound`, which is above 0.
    pub(crate) fn below(&mut self, bound: i32) -> usize {
        let drawn = loop {
            let drawn = self.bits(31);
            if bound & (bound - 1) == 0 {
                #[expect(clippy::cast_possible_truncation, reason = "31 bits are left")]
                let scaled = ((i64::from(bound) * i64::from(drawn)) >> 31) as i32;
                break scaled;
            }
            let rest = drawn % bound;
            // draws that would favour small numbers are made anew
            if drawn.wrapping_sub(rest).wrapping_add(bound - 1) >= 0 {
                break rest;
            }
        };
        usize::try_from(drawn).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_draws_what_java_draws() {
        // new java.util.Random(42), ten times nextInt(10)
        let mut random = JavaRandom::new(42);
        let drawn: Vec<usize> = (0..10).map(|_| random.below(10)).collect();
        assert_eq!(drawn, [0, 3, 8, 4, 0, 5, 5, 8, 9, 3]);
    }
}
