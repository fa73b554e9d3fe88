//! Arithmetic that gives the same bits on every machine.
//!
//! Mathematical libraries differ in the last bit between processors; a replay elsewhere must not. Only additions,
//! multiplications and divisions are used, which IEEE 754 fixes.

/// e to the power of `x`, to some seven digits; 0 and infinity beyond the range of an `f32`.
pub fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    // ln 2 in two parts, so that the remainder keeps its digits
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    if x < -87.0 {
        return 0.0;
    }
    if x > 88.0 {
        return f32::INFINITY;
    }
    let power = (x * LOG2_E).round();
    let rest = x - power * LN2_HIGH - power * LN2_LOW;
    let mut sum = 1.0 / 720.0;
    for coefficient in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = sum * rest + coefficient;
    }
    sum * f32::from_bits(((power as i32 + 127) as u32) << 23)
}

/// Turns scores into probabilities in place; a `temperature` above 1 flattens them.
pub fn softmax(scores: &mut [f32], temperature: f32) {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0.0;
    for score in scores.iter_mut() {
        *score = exp((*score - highest) / temperature);
        total += *score;
    }
    for score in scores.iter_mut() {
        *score /= total;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_close_to_the_libraries() {
        for step in -8_700..=8_800 {
            let x = step as f32 / 100.0;
            let (own, exact) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((own - exact).abs() <= exact * 1e-6, "{x}: {own} {exact}");
        }
        assert_eq!(exp(-1000.0), 0.0);
    }

    #[test]
    fn probabilities_add_up() {
        let mut scores = [3.0, -1.0, 500.0, 500.0];
        softmax(&mut scores, 1.5);
        assert_eq!(scores[2], scores[3]);
        assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-6 && scores[0] < 1e-6);
    }
}
