//! The random numbers of a scenario: explicit seed, same values on every machine.
//!
//! xoshiro256** (Blackman and Vigna, 2018) seeded through SplitMix64. The derived distributions use
//! only operations that IEEE 754 defines exactly (no library `ln`, `exp` or `pow`), because those
//! differ between platforms in the last bit and one bit would change every later frame.

/// A seeded generator of random numbers.
#[derive(Clone, Debug)]
pub struct Rng {
    state: [u64; 4],
}

/// One step of SplitMix64 (Steele, Lea, Flood, 2014).
pub(crate) const fn splitmix64(state: u64) -> (u64, u64) {
    let next = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = next;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (next, z ^ (z >> 31))
}

impl Rng {
    /// A generator for `seed`.
    pub fn new(seed: u64) -> Self {
        let mut mixer = seed;
        let state = [(); 4].map(|()| {
            let (next, value) = splitmix64(mixer);
            mixer = next;
            value
        });
        Self { state }
    }

    /// A generator for one named stream of `seed`, so that adding a stream leaves the others as
    /// they were.
    pub fn stream(seed: u64, name: &str) -> Self {
        // FNV-1a: short names only need to be told apart.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self::new(splitmix64(seed ^ hash).1)
    }

    /// An independent generator that takes one value of this one.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self::new(self.next_u64())
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// A number in `0..bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `low..high`; `low` when the range is empty.
    pub fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low))
    }

    /// A duration in `low..high` of the same unit; `low` when the range is empty.
    pub fn span(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low).max(0) as u64) as i64
    }

    /// True in `per_mille` of 1,000 cases.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// A number in `0.0..1.0` with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// An exponentially distributed duration with this mean, at most eight means.
    pub fn exponential(&mut self, mean: i64) -> i64 {
        let value = -natural_log(1.0 - self.unit()) * mean as f64;
        (value as i64).clamp(0, mean.saturating_mul(8))
    }

    /// A Pareto distributed size (shape 4/3: finite mean, infinite variance, as web objects have;
    /// Crovella and Bestavros, 1997), from `low` to `high`.
    pub fn pareto(&mut self, low: u64, high: u64) -> u64 {
        let root = (1.0 - self.unit()).sqrt();
        let value = low as f64 / (root * root.sqrt());
        (value as u64).clamp(low, high)
    }

    /// One of `items`.
    ///
    /// # Panics
    /// When `items` is empty, which is a mistake of the caller.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// Fills `bytes` with random bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let random = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A word of `length` characters out of `alphabet`.
    pub fn word(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(*self.pick(alphabet))).collect()
    }
}

/// Natural logarithm of a positive normal number by exponent extraction and the series of
/// `2 atanh((m-1)/(m+1))`; only exact operations, error below 1e-12.
fn natural_log(value: f64) -> f64 {
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1_023;
    let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    let (mut term, mut sum) = (ratio, 0.0);
    for odd in (1..30).step_by(2) {
        sum += term / f64::from(odd);
        term *= square;
    }
    2.0 * sum + exponent as f64 * std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_reference_values() {
        let mut state = 1_234_567;
        for expected in [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ] {
            let (next, value) = splitmix64(state);
            assert_eq!(value, expected);
            state = next;
        }
    }

    #[test]
    fn xoshiro256_reference_values() {
        let mut rng = Rng { state: [1, 2, 3, 4] };
        for expected in [
            11_520,
            0,
            1_509_978_240,
            1_215_971_899_390_074_240,
            1_216_172_134_540_287_360,
            607_988_272_756_665_600,
            16_172_922_978_634_559_625,
            8_476_171_486_693_032_832,
            10_595_114_339_597_558_777,
            2_904_607_092_377_533_576,
        ] {
            assert_eq!(rng.next_u64(), expected);
        }
    }

    #[test]
    fn logarithm_agrees_with_the_library() {
        for value in [1e-9, 0.001, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 10.0] {
            assert!((natural_log(value) - f64::ln(value)).abs() < 1e-12, "{value}");
        }
    }

    #[test]
    fn distributions_have_their_means() {
        let mut rng = Rng::new(7);
        let mean = (0..100_000).map(|_| rng.exponential(1_000)).sum::<i64>() / 100_000;
        assert!((980..1_020).contains(&mean), "{mean}");
        let median = {
            let mut sizes: Vec<u64> = (0..10_001).map(|_| rng.pareto(1_000, 1_000_000)).collect();
            sizes.sort_unstable();
            sizes[5_000]
        };
        // The median of a Pareto distribution is low * 2^(1/shape) = 1,682.
        assert!((1_640..1_730).contains(&median), "{median}");
        assert!((0..10_000).all(|_| (5..9).contains(&rng.range(5, 9))));
    }
}
