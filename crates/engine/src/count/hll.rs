//! HyperLogLog: how many distinct items, in 4 KiB.

/// Bits of the hash that choose the register: 2^12 registers, standard error 1.6 %.
const PRECISION: u32 = 12;
const REGISTERS: usize = 1 << PRECISION;
/// Largest value a register takes.
const MAX_RANK: usize = 64 - PRECISION as usize + 1;

/// A HyperLogLog sketch with the estimator of Ertl, "New cardinality estimation algorithms for
/// HyperLogLog sketches" (2017, algorithm 6), which has no bias that needs tables, at any size.
#[derive(Clone, Debug)]
pub struct Hll {
    registers: Box<[u8; REGISTERS]>,
}

impl Default for Hll {
    fn default() -> Self {
        Self { registers: Box::new([0; REGISTERS]) }
    }
}

impl Hll {
    /// Adds an item by its evenly spread 64-bit hash.
    pub fn insert(&mut self, hash: u64) {
        let register = usize::try_from(hash >> (64 - PRECISION)).unwrap_or(0);
        let rank = (hash << PRECISION | 1 << (PRECISION - 1)).leading_zeros() + 1;
        if let Some(slot) = self.registers.get_mut(register) {
            *slot = (*slot).max(u8::try_from(rank).unwrap_or(u8::MAX));
        }
    }

    /// Makes this the sketch of the union.
    pub fn merge(&mut self, other: &Self) {
        for (a, b) in self.registers.iter_mut().zip(other.registers.iter()) {
            *a = (*a).max(*b);
        }
    }

    /// The estimated number of distinct items.
    pub fn estimate(&self) -> f64 {
        let mut counts = [0_u32; MAX_RANK + 1];
        for &r in self.registers.iter() {
            if let Some(count) = counts.get_mut(usize::from(r).min(MAX_RANK)) {
                *count += 1;
            }
        }
        let m = REGISTERS as f64;
        let share = |k: usize| f64::from(counts.get(k).copied().unwrap_or(0)) / m;
        let mut z = m * tau(1.0 - share(MAX_RANK));
        for k in (1..MAX_RANK).rev() {
            z = 0.5 * (z + m * share(k));
        }
        z += m * sigma(share(0));
        m * m / (2.0 * std::f64::consts::LN_2 * z)
    }
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if (z - before).abs() <= f64::EPSILON * z.abs() {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if (z - before).abs() <= f64::EPSILON * z.abs() {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count::fingerprint;

    #[test]
    fn empty_is_zero() {
        assert!(Hll::default().estimate().abs() < 1e-9);
    }

    #[test]
    fn error_stays_within_four_standard_errors_at_every_size() {
        let mut hll = Hll::default();
        let mut n = 0_u32;
        for size in [1_u32, 10, 100, 1_000, 5_000, 12_000, 30_000, 100_000, 1_000_000] {
            while n < size {
                hll.insert(fingerprint(u128::from(n) * 0x1_0000_0001));
                n += 1;
            }
            let error = (hll.estimate() / f64::from(size) - 1.0).abs();
            assert!(error < 0.065, "{size}: {error}");
        }
    }

    #[test]
    fn merging_is_the_union() {
        let (mut a, mut b) = (Hll::default(), Hll::default());
        for i in 0..20_000_u128 {
            a.insert(fingerprint(i));
            b.insert(fingerprint(i + 10_000));
        }
        a.merge(&b);
        assert!((a.estimate() / 30_000.0 - 1.0).abs() < 0.065);
    }
}
