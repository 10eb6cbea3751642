//! Arithmetic that gives the same bits on every machine.
//!
//! Additions, products, quotients and roundings are fixed by IEEE 754, but `exp` and `ln` are what
//! the system's library makes of them. A model file must not depend on that library, so both are
//! made of the fixed operations here. Random numbers come from a seed and a stream of their own.

/// ln 2 in two parts: the first has so few digits that its products with small integers are exact.
const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// e to the power of `x`, within a few units in the last place; 0 and infinity beyond ±700.
pub(crate) fn exp(x: f64) -> f64 {
    if x < -700.0 {
        return 0.0;
    }
    if x > 700.0 {
        return f64::INFINITY;
    }
    let turns = (x * std::f64::consts::LOG2_E).round();
    let rest = (x - turns * LN2_HIGH) - turns * LN2_LOW;
    let mut sum = 1.0;
    for at in (1..=13).rev() {
        sum = 1.0 + sum * rest / f64::from(at);
    }
    sum * power_of_two(turns)
}

/// The natural logarithm; minus infinity for zero and below.
pub(crate) fn ln(x: f64) -> f64 {
    if x <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if !x.is_finite() {
        return x;
    }
    // Subnormal numbers are lifted into the range where the exponent can be read.
    let (x, lifted) = if x < f64::MIN_POSITIVE { (x * power_of_two(60.0), 60.0) } else { (x, 0.0) };
    let bits = x.to_bits();
    let mut exponent = f64::from(u16::try_from((bits >> 52) & 0x7ff).unwrap_or(0)) - 1023.0;
    let mut mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa /= 2.0;
        exponent += 1.0;
    }
    // ln m = 2 artanh(s) with s = (m - 1) / (m + 1), which is below 0.172.
    let small = (mantissa - 1.0) / (mantissa + 1.0);
    let square = small * small;
    let mut sum = 0.0;
    for odd in (0..=11).rev() {
        sum = sum * square + 1.0 / f64::from(2 * odd + 1);
    }
    let exponent = exponent - lifted;
    exponent * LN2_HIGH + (2.0 * small * sum + exponent * LN2_LOW)
}

/// 1 / (1 + e^-x).
pub(crate) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

/// A whole power of two between -1022 and 1023.
fn power_of_two(exponent: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, reason = "callers stay within ±1023")]
    let biased = (exponent as i64 + 1023).clamp(1, 2046);
    f64::from_bits(u64::try_from(biased).unwrap_or(1) << 52)
}

/// Random numbers from a seed: SplitMix64, whose period is far beyond what a training run asks for.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The numbers of `stream` under `seed`; streams of one seed have nothing to do with each other.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        Self(mix(seed ^ mix(stream ^ 0x9e37_79b9_7f4a_7c15)))
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `limit`; 0 if that is 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let product = u128::from(self.next()) * (limit as u128);
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// A number from 0 up to but not 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// `wanted` different numbers below `limit` in rising order; all of them when there are fewer.
    pub(crate) fn choose(&mut self, wanted: usize, limit: usize) -> Vec<usize> {
        let mut chosen = Vec::with_capacity(wanted.min(limit));
        let mut open = wanted.min(limit);
        for at in 0..limit {
            if open > 0 && self.below(limit - at) < open {
                chosen.push(at);
                open -= 1;
            }
        }
        chosen
    }
}

/// Spreads the bits of a number over all 64.
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "small numbers that are exact")]
mod tests {
    use super::*;

    #[test]
    fn exponentials_and_logarithms_are_those_of_the_library() {
        for step in -7000..=7000 {
            let x = f64::from(step) / 10.0;
            let (ours, theirs) = (exp(x), x.exp());
            assert!((ours - theirs).abs() <= theirs * 1e-14, "exp {x}: {ours} {theirs}");
        }
        for step in -3000..3000 {
            let x = 1.1_f64.powi(step / 10) * (1.0 + f64::from(step.rem_euclid(10)) / 10.0);
            let (ours, theirs) = (ln(x), x.ln());
            assert!(
                (ours - theirs).abs() <= theirs.abs() * 1e-14 + 1e-15,
                "ln {x}: {ours} {theirs}"
            );
        }
        assert_eq!(exp(f64::NEG_INFINITY), 0.0);
        assert_eq!(ln(0.0), f64::NEG_INFINITY);
        assert!((ln(f64::MIN_POSITIVE / 8.0) - (f64::MIN_POSITIVE / 8.0).ln()).abs() < 1e-10);
        assert!(exp(f64::NAN).is_nan());
    }

    #[test]
    fn chosen_numbers_are_different_and_in_order() {
        let mut random = Random::new(1, 2);
        for (wanted, limit) in [(0, 5), (3, 5), (5, 5), (9, 5), (3, 0)] {
            let chosen = random.choose(wanted, limit);
            assert_eq!(chosen.len(), wanted.min(limit));
            assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(chosen.iter().all(|&at| at < limit));
        }
        assert!((0..1000).all(|_| (0.0..1.0).contains(&random.unit())));
    }
}
