//! A hash of a row's values that is the same on every machine and in every run.
//!
//! It groups equal rows, so nobody gains by making rows of equal hash: they would be kept on one
//! side of a split, no more. So a fast mixing function with fixed constants is enough.

/// Collects the values of a row.
pub(crate) struct RowHash(u64);

impl RowHash {
    pub(crate) const fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// A number; all kinds of `NaN` are equal, and so are both zeros.
    pub(crate) fn number(&mut self, value: f32) {
        let bits = if value.is_nan() {
            u32::MAX
        } else if value == 0.0 {
            0
        } else {
            value.to_bits()
        };
        self.mix(u64::from(bits));
    }

    /// A word: itself and not its place in a list, which differs from file to file.
    pub(crate) fn word(&mut self, word: &[u8]) {
        self.mix(word.len() as u64 | 1 << 63);
        for chunk in word.chunks(8) {
            let bytes = chunk.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte));
            self.mix(bytes);
        }
    }

    /// The step and the end of SplitMix64, whose constants are known to mix well.
    fn mix(&mut self, value: u64) {
        let mut z = (self.0 ^ value).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.0 = z ^ (z >> 31);
    }

    pub(crate) const fn finish(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(values: &[f32], word: &str) -> u64 {
        let mut hash = RowHash::new();
        for value in values {
            hash.number(*value);
        }
        hash.word(word.as_bytes());
        hash.finish()
    }

    #[test]
    fn equal_rows_have_equal_hashes_and_others_do_not() {
        assert_eq!(hash(&[0.0, f32::NAN], "tcp"), hash(&[-0.0, -f32::NAN], "tcp"));
        assert_ne!(hash(&[1.0, 2.0], "tcp"), hash(&[2.0, 1.0], "tcp"));
        assert_ne!(hash(&[1.0], "tcp"), hash(&[1.0], "udp"));
        assert_ne!(hash(&[1.0], ""), hash(&[1.0], "\0"));
    }

    #[test]
    fn the_hash_is_the_same_everywhere() {
        assert_eq!(hash(&[1.5, 0.0], "http"), GOLDEN);
    }

    /// Written down once; a change would change every split of every data set.
    const GOLDEN: u64 = 7804291326226809978;
}
